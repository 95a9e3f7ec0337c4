"""The verbs that measure, compare, rule and record."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rungwise.cli.common import LADDER, AsJson, ContractName, LadderFile, Seed, Settings, app, require_torch, write
from rungwise.errors import InputError, nearest
from rungwise.terminal import progress

if TYPE_CHECKING:
    from rungwise.ladder.handoff import Standing
    from rungwise.ladder.queue import Item, Progress
    from rungwise.policy.writer import Writer
    from rungwise.probe.freeze import Probe

SLICED = ("greedy", "repaired", "pass@1", "picked", "oracle", "score")  # told of each slice in a row


@app.command(epilog="Example: rungwise freeze canvas --split test=200 -o probes/canvas --set surface=compact")
def freeze(
    contract: ContractName,
    output: Annotated[Path, typer.Option("-o", help="The probe's folder.")],
    splits: Annotated[list[str], typer.Option("--split", metavar="NAME=N", help="How many tasks; may be given again.")],
    settings: Settings = None,
    tiers: Annotated[
        list[str] | None, typer.Option("--tier", metavar="NAME=WEIGHT", help="How many of each, in proportion.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=0, help="Samples a task, besides the greedy answer.")] = 8,
    temperature: Annotated[float, typer.Option(min=0.01, help="Of the samples.")] = 1.0,
    max_new_tokens: Annotated[int, typer.Option(min=0, help="0: what the context leaves.")] = 0,
    answer: Annotated[str, typer.Option(help="What counts as the answer: all, fenced or after:MARK.")] = "all",
    pool: Annotated[str | None, typer.Option(help="The split that rungs train on; the contract's first.")] = None,
    pool_tasks: Annotated[int, typer.Option(min=1, help="How many of its tasks the probe is held against.")] = 256,
    seed: Seed = 0,
) -> None:
    """Freeze a probe: tasks, gold, judge and decoding under one hash, proved apart from what is trained on."""
    from rungwise.probe.freeze import freeze as make
    from rungwise.records import settings_of

    numbers = {name: _whole(n, f"--split {name}") for name, n in settings_of(splits).items()}
    weights = {name: _whole(n, f"--tier {name}") for name, n in settings_of(tiers or ()).items()}
    with progress(f"freezing {output}", quiet=False) as tell:
        made = make(
            output, contract, settings_of(settings or ()), numbers, seed=seed, tiers=weights or None, k=k,
            temperature=temperature, max_new_tokens=max_new_tokens, answer=answer, pool=pool, pool_tasks=pool_tasks,
            tell=tell,
        )  # fmt: skip
    told = ", ".join(f"{tier} {n}" for tier, n in made.lock.counts["tier"].items())
    typer.echo(
        f"{output}: {len(made.tasks)} tasks of as many structures ({told}), {len(made.golds)} with gold, "
        f"hash {made.lock.hash[:12]}"
    )


def _whole(value: object, field: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{value!r}; expected a whole number, at least 1", field=field)
    return value


@app.command(epilog="Example: rungwise probe probes/canvas --of runs/canvas-sft/seed-0 -o results/sft")
def probe(
    folder: Annotated[Path, typer.Argument(metavar="PROBE", help="A probe's folder, as `rungwise freeze` makes it.")],
    output: Annotated[Path, typer.Option("-o", help="The result's folder.")],
    of: Annotated[
        Path | None, typer.Option(help="A run, or a folder of a saved model; with --shallow, whose training tasks.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="An OpenAI-compatible server.")] = None,
    model: Annotated[str, typer.Option(help="What the server calls the model.")] = "",
    key: Annotated[str, typer.Option(metavar="VARIABLE", help="Where the server's key stands.")] = "OPENAI_API_KEY",
    answers: Annotated[Path | None, typer.Option(help="JSON lines of answers, as a result keeps them.")] = None,
    shallow: Annotated[
        str | None, typer.Option(metavar="NAME", help="What needs no skill: nearest, frequent, smallest, echo, empty.")
    ] = None,
    subset: Annotated[int, typer.Option(min=0, help="How scores of so few of these tasks would have scattered.")] = 0,
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Measure a policy: greedy, k samples, repaired and picked, each with its interval."""
    from rungwise.probe.freeze import open_probe
    from rungwise.probe.measure import measure, save
    from rungwise.records import line_of

    if (output / "settings.json").exists() or (output.parent / "settings.json").exists():
        raise InputError("is in a run's folder, which holds its own result; choose another -o", file=output)
    opened = open_probe(folder)
    if shallow and (url is not None or answers is not None):
        raise InputError("stands beside --of alone, or by itself", field="--shallow")
    writer = _unskilled(opened, shallow, of) if shallow else _writer(opened, of, url, model, key, answers, device)
    with progress(f"measuring on {folder}", quiet=as_json) as tell:
        found = measure(opened, writer, seed=seed, tell=tell)
        record = save(output, opened, found)
    if as_json:
        typer.echo(line_of(record))
        return
    from rungwise.probe.told import scatter_line, table

    for line in table(found.rows):
        typer.echo(line)
    if subset:
        typer.echo(scatter_line(found.rows, subset))
    typer.echo(output / "result.json")


def _unskilled(opened: "Probe", name: str, of: Path | None) -> "Writer":
    """Who knows a run's training tasks, or those that the probe was held against."""
    from rungwise.drawing import draw
    from rungwise.probe.shallow import ShallowWriter

    if of is not None:
        from rungwise.ladder.shallow import known_by

        known, place = known_by(of, opened.contract), {"run": of.as_posix()}
        if not known:
            raise InputError("no training tasks with golds in it; expected a run's folder", file=of)
        return ShallowWriter(name, opened.contract, known, place)
    lock, pool = opened.lock, opened.lock.apart
    drawn = draw(lock.contract, lock.settings, pool["split"], pool["tasks"], pool["seed"], answered=False)
    known = [(task, gold) for task, gold in drawn if gold]
    return ShallowWriter(name, opened.contract, known, {"split": pool["split"]})


def _writer(
    opened: "Probe", of: Path | None, url: str | None, model: str, key: str, answers: Path | None, device: str
) -> "Writer":
    given = [name for name, value in (("--of", of), ("--url", url), ("--answers", answers)) if value is not None]
    if len(given) != 1:
        raise InputError(f"{' and '.join(given) or 'none'} given; expected one of --of, --url, --answers, --shallow")
    if url is not None:
        from rungwise.policy.endpoint import EndpointWriter

        return EndpointWriter(url, model, key_env=key)
    from rungwise.policy.writer import FileWriter, open_local

    if answers is not None:
        return FileWriter(answers)
    require_torch()
    from rungwise.train.finished import model_of

    assert of is not None
    return open_local(model_of(of), opened.contract, device=device)


@app.command(epilog="Example: rungwise compare runs/second/seed-0 runs/first/seed-0 --metric score")
def compare(
    ours: Annotated[Path, typer.Argument(metavar="A", help="A run or a result's folder.")],
    theirs: Annotated[Path, typer.Argument(metavar="B", help="What it is held against.")],
    metric: Annotated[str, typer.Option(help="What is compared.")] = "greedy",
) -> None:
    """Hold two results against each other, task by task; refused where they are not of one probe."""
    from rungwise.ladder.compare import compare as compared
    from rungwise.probe.measure import read

    found = compared(read(_result(ours)), read(_result(theirs)), metric)
    typer.echo(f"{metric}: {found.whole}")
    for name, one in found.parts.items():
        typer.echo(f"  {name}: {one} (adjusted p={found.adjusted[name]:.2g})")
    typer.echo(f"{len(found.improved)} tasks improved, {len(found.regressed)} regressed")


def _result(folder: Path) -> Path:
    return folder / "probe" if (folder / "probe" / "result.json").exists() else folder


@app.command(epilog="Example: rungwise rule runs/second/seed-0 --by 'Ada Lovelace'")
def rule(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run that was ruled on.")],
    by: Annotated[str | None, typer.Option(help="Your name, under a promotion that waits for one.")] = None,
    ladder: LadderFile = LADDER,
) -> None:
    """Show a ruling with its reasons, or sign one."""
    from rungwise.ladder.enter import ruling_of, sign
    from rungwise.ladder.ledger import Ledger

    if by:
        from rungwise.report.run_page import run_page

        sign(Ledger(ladder), folder, by)
        write(folder / "report.html", run_page(folder))
    _tell_ruling(ruling_of(folder))


def _tell_ruling(record: dict[str, object]) -> None:
    signed = record["signed"]
    assert isinstance(signed, dict)
    waits = ", waits for a person's name (--by)" if signed["needed"] and not signed["by"] else ""
    name = f", signed by {signed['by']}" if signed["by"] else ""
    typer.echo(f"{record['verb']}{waits}{name}: {record['headline']}")
    for heading in ("reasons", "expectations", "next"):
        lines = record[heading]
        assert isinstance(lines, Sequence)
        for line in lines:
            typer.echo(f"  {heading}: {_sentence(line)}")


def _sentence(line: object) -> str:
    if not isinstance(line, dict):
        return str(line)
    return f"{line['condition']}: {line['status']} ({line['value']:.3f} [{line['low']:.3f}, {line['high']:.3f}])"


@app.command(epilog="Example: rungwise schema > rung.schema.json")
def schema(of: Annotated[str, typer.Argument(help="rung, mandate or blueprint.")] = "rung") -> None:
    """Write the JSON schema of rung files, of mandates or of blueprints, for editors."""
    import msgspec
    from pydantic import BaseModel

    from rungwise.ladder.blueprint import Blueprint
    from rungwise.ladder.mandate import Mandate
    from rungwise.ladder.rung import Rung

    files: dict[str, type[BaseModel]] = {"rung": Rung, "mandate": Mandate, "blueprint": Blueprint}
    if of not in files:
        raise InputError(f"no file {of!r}; {nearest(of, files)}", field="OF")
    typer.echo(msgspec.json.format(msgspec.json.encode(files[of].model_json_schema()), indent=2).decode())


@app.command(epilog="Example: rungwise report runs/second/seed-0")
def report(
    folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run; the whole ladder where not given.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", help="The page; RUN/report.html or ladder.html.")] = None,
    ladder: LadderFile = LADDER,
) -> None:
    """Write the page of a run, or that of the whole ladder."""
    if folder is None:
        from rungwise.ladder.ledger import Ledger
        from rungwise.report.ladder_page import ladder_page

        output = output or ladder.with_suffix(".html")
        write(output, ladder_page(Ledger(ladder).entries(), home=output.parent))
    else:
        from rungwise.report.run_page import run_page

        output = output or folder / "report.html"
        write(output, run_page(folder))
    typer.echo(output)


@app.command(epilog="Example: rungwise export runs/canvas-sft/seed-0 -o exported")
def export(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run, or a folder of a model that a run has saved.")],
    output: Annotated[Path, typer.Option("-o", help="The folder to write.")],
) -> None:
    """Write a run's model as a folder that transformers and vLLM load."""
    require_torch()
    from rungwise.policy.export import export as exported
    from rungwise.train.finished import model_of

    for path in exported(model_of(folder), output):
        typer.echo(path)


ladder_verbs = typer.Typer(
    name="ladder", invoke_without_command=True, help="The record of all runs: what stands on it."
)
app.add_typer(ladder_verbs)


@ladder_verbs.callback()
def standing(context: typer.Context, ladder: LadderFile = LADDER, as_json: AsJson = False) -> None:
    """Every run with its state, headline and ruling."""
    if context.invoked_subcommand is not None:
        return
    from rungwise.ladder.handoff import standings
    from rungwise.records import line_of

    for row in standings(ladder):
        if as_json:
            typer.echo(line_of(_whole_row(row)))
            continue
        mark = " [champion]" if row.champion else ""
        told = ", ".join(f"{name} {_rate(value)}" for name, value in row.headline.items())
        typer.echo(f"{row.run}  {row.state}  {row.ruling or ''}{mark}  {told}")


def _whole_row(row: "Standing") -> dict[str, object]:
    """What the ladder says of a run, and beside it every figure that its result has, by slice."""
    from dataclasses import asdict

    import msgspec

    told = {key: value for key, value in asdict(row).items() if key != "question"}
    path = Path(row.run) / "probe" / "result.json"
    if not path.exists():
        return told
    result = msgspec.json.decode(path.read_bytes())
    slices = {way: result["slices"].get(way, {}) for way in ("split", "tier", "seen")}
    return {**told, "probe": result["probe"]["hash"], "seed": result["seed"], "metrics": result["metrics"], "slices": {
        way: {label: {name: found[name] for name in SLICED if name in found} for label, found in parts.items()}
        for way, parts in slices.items()
    }}  # fmt: skip


def _rate(value: object) -> str:
    return f"{value[0]:.0%} [{value[1]:.0%}, {value[2]:.0%}]" if isinstance(value, list) else str(value)


@ladder_verbs.command()
def verify(
    ladder: LadderFile = LADDER,
    artifacts: Annotated[bool, typer.Option(help="Hash every artifact again as well.")] = True,
) -> None:
    """Find every edit: of an entry, of the order, of the end, of an artifact."""
    from rungwise.ladder.handoff import verify as verified
    from rungwise.ladder.ledger import Ledger

    if not ladder.exists():
        raise InputError("there is no such ladder", file=ladder)
    found = verified(ladder, artifacts=artifacts)
    for fault in found:
        typer.echo(f"{'warning' if fault.warning else 'FAULT'}: {fault}")
    if any(not fault.warning for fault in found):
        raise typer.Exit(1)
    typer.echo(f"{ladder}: {len(Ledger(ladder).entries())} entries, the chain is whole")


@app.command(epilog="Example: rungwise sweep rungs/canvas/flat.toml --seeds 3 --over rl.diversity=0,0.5")
def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A rung: a TOML file.")],
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0 to N-1, the same for every arm.")] = 3,
    over: Annotated[
        list[str] | None, typer.Option(metavar="SECTION.KEY=A,B", help="What is varied; may be given again.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Instead of what the file says.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The sweep's folder; runs/NAME where not given.")] = None,
    ladder: LadderFile = LADDER,
) -> None:
    """Walk a rung with several seeds and settings; gone on with by the same command, whatever stopped it."""
    require_torch()
    from rungwise.ladder.others import baselines_of
    from rungwise.ladder.queue import create, items, retry, run_command, work
    from rungwise.ladder.rung import read
    from rungwise.ladder.sweep import arms, expected, table

    rung = read(file, settings or ())
    if not rung.asks:
        raise InputError(rung.fault(("question",), "missing; a sweep walks the whole line of a rung"))
    queue = create(file, range(seeds), _varied(over or ()), out or Path("runs") / rung.name, settings or ())
    retry(queue)
    work(queue, _tell_item, lambda item: [*run_command(queue, item), "--ladder", str(ladder)])
    found = arms(items(queue))
    for line in table(found):
        typer.echo(line)
    for arm, runs in found.items():
        for line in expected(rung, runs, baselines_of(rung, ladder, runs)):
            typer.echo(f"{arm}: {line}")
    failed = [item for item in items(queue) if item.state == "failed"]
    for item in failed:
        typer.echo(f"failed: {item.id}: {item.error}", err=True)
    raise typer.Exit(1 if failed else 0)


def _varied(over: Sequence[str]) -> dict[str, tuple[str, ...]]:
    from rungwise.ladder.queue import parse_over

    pairs = [parse_over(text) for text in over]
    for at, (key, _) in enumerate(pairs):
        if key in [before for before, _ in pairs[:at]]:
            raise InputError(f"{key} is given twice; expected all its values in one", field="--over")
    return dict(pairs)


def _tell_item(item: "Item", far: "Progress") -> None:
    left = f", about {far.seconds_left / 60:.0f} min left" if far.seconds_left is not None else ""
    typer.echo(f"{item.id}: {item.state}; {far.done} done, {far.failed} failed, {far.waiting} waiting{left}", err=True)


@app.command(epilog="Example: rungwise forecast runs/short/seed-0 runs/middle/seed-0 runs/long/seed-0 --tokens 20e6")
def forecast(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="At least three SFT runs.")],
    tokens: Annotated[
        float | None, typer.Option(min=1, help="That the next run learns from; four times the most where not given.")
    ] = None,
    weights: Annotated[float | None, typer.Option(min=1, help="Of its model; the most where not given.")] = None,
) -> None:
    """Say what held-out loss a larger run would come to, and whether these runs foretell each other."""
    from rungwise.ladder.forecast import forecast as foretold
    from rungwise.ladder.forecast import left_out, points

    known = points(runs)
    wanted = tokens or 4 * max(one.tokens for one in known), weights or max(one.weights for one in known)
    for one, found in left_out(known):
        told = "within" if found.holds(one.loss) else "MISSED"
        typer.echo(f"{one.run}: {one.tokens:,.0f} tokens, {one.weights:,.0f} weights, held-out loss {one.loss:.4f}; "
                   f"foretold from the others {found}, {told}")  # fmt: skip
    typer.echo(f"{wanted[0]:,.0f} tokens, {wanted[1]:,.0f} weights: held-out loss {foretold(known, *wanted)}")
