"""The verbs that train a policy, have it write, and show how training went."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungwise.cli.common import LADDER, LadderFile, Seed, TaskFile, app, require_torch, summary, write
from rungwise.errors import InputError
from rungwise.terminal import Steps, progress

if TYPE_CHECKING:
    from rungwise.ladder.rung import Rung

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Instead of what the file says.")
]
RungFile = Annotated[Path, typer.Argument(metavar="FILE", help="A rung: a TOML file.")]


@app.command(epilog="Example: rungwise run rungs/canvas/sft.toml --seed 1")
def run(
    file: RungFile,
    stage: Annotated[str | None, typer.Option(help="sft or rl: only train that; nothing is measured.")] = None,
    settings: Overrides = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the file's.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/NAME/seed-SEED where not given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run was cut off.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only the preflight: every gate, all that fails.")] = False,
    smoke: Annotated[bool, typer.Option("--smoke", help="The whole line in miniature, in under a minute.")] = False,
    start: Annotated[int | None, typer.Option("--from", metavar="STEP", help="Fork at a step; needs --stage.")] = None,
    source: Annotated[
        Path | None, typer.Option("--of", metavar="RUN", help="What to fork; runs/NAME/seed-SEED where not given.")
    ] = None,
    ladder: LadderFile = LADDER,
) -> None:
    """Walk a rung: preflight, training, probe, ruling, report; or only train, where it asks no question. Kill it
    whenever you like; --resume goes on."""
    require_torch()
    from rungwise.ladder.rung import read

    rung = read(file, settings or (), seed)
    folder = out or Path("runs") / rung.name / f"seed-{rung.seed}"
    try:
        if rung.asks and stage is None:
            _walk(file, rung, folder, ladder, resume=resume, dry_run=dry_run, smoke=smoke)
        elif dry_run or smoke:
            raise InputError(rung.fault(("question",), "missing; --dry-run and --smoke walk the whole line of a rung"))
        else:
            _train(rung, folder, out, stage, resume, start, source)
    except KeyboardInterrupt:  # the exit code for it is typer's: 130
        typer.echo(f"rungwise: interrupted; {folder} keeps what was done: go on with --resume", err=True)
        raise


def _walk(
    file: Path, rung: "Rung", folder: Path, ladder: Path, *, resume: bool, dry_run: bool, smoke: bool
) -> None:  # fmt: skip
    from rungwise.ladder.ledger import Ledger
    from rungwise.ladder.run import Line, looked, run_line
    from rungwise.ladder.smoke import smoked
    from rungwise.report.run_page import run_page
    from rungwise.train.prepare import Show

    if smoke:
        folder, resume = folder / "smoke", False
        ladder = folder / "ladder.db"
        shutil.rmtree(folder, ignore_errors=True)
    with Steps(rung.name) as steps:
        line = Line(
            text=file.read_bytes(), written=rung, rung=smoked(rung) if smoke else rung, out=folder, resume=resume,
            show=Show(doing=steps.doing, tell=steps.tell, warn=steps.warn), page=run_page, ledger=Ledger(ladder),
            smoke=smoke,
        )  # fmt: skip
        if dry_run:
            gates = looked(line)
        else:
            done = run_line(line)
    if dry_run:
        for gate in gates:
            typer.echo(f"{'warns' if gate.warned else 'holds' if gate.passed else 'FAILS':6}{gate.name}: {gate.detail}")
        raise typer.Exit(0 if all(gate.passed for gate in gates) else 1)
    typer.echo(f"{done.verb}: {done.headline}\n{done.row}\n{done.report}")


@app.command(epilog="Example: rungwise climb rungs/canvas/policy.toml --dry-run")
def climb(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A mandate: what may be done without a person.")],
    out: Annotated[Path | None, typer.Option(help="The climb's folder; runs/climb/NAME where not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done now.")] = False,
    ladder: LadderFile = LADDER,
) -> None:
    """Walk rung after rung inside a mandate. Nothing is promoted, and what is not known stops it; the same command goes
    on. Exit code 0 at an end that the mandate has foreseen, 1 where a person is needed."""
    require_torch()
    from rungwise.ladder.climb import Climb, foreseen
    from rungwise.ladder.climb import climb as climbed
    from rungwise.ladder.ledger import Ledger
    from rungwise.ladder.mandate import read

    mandate, start = read(file)
    folder = out or Path("runs") / "climb" / mandate.name
    of = Climb(
        mandate=mandate, start=start, ledger=Ledger(ladder), folder=folder, walk=partial(_walk_on, ladder),
        tell=lambda line: typer.echo(line),
    )  # fmt: skip
    if dry_run:
        found = foreseen(of)
        typer.echo(f"{found.status}: {found.sentence}")
        raise typer.Exit(getattr(found, "exit_code", 0))
    try:
        stop = climbed(of)
    except KeyboardInterrupt:
        typer.echo(f"rungwise: interrupted; {folder} keeps what was done: the same command goes on", err=True)
        raise
    typer.echo(folder / "handoff.md")
    raise typer.Exit(stop.exit_code)


def _walk_on(ladder: Path, file: Path, rung: "Rung", folder: Path, watch: Callable[[], None]) -> None:
    """A climb's rung, from wherever it stands."""
    from rungwise.ladder.ledger import Ledger
    from rungwise.ladder.run import Line, run_line
    from rungwise.report.run_page import run_page
    from rungwise.train.prepare import Show

    with Steps(rung.name) as steps:

        def doing(what: str) -> None:
            watch()
            steps.doing(what)

        def tell(step: int, whole: int, figures: Mapping[str, Any]) -> None:
            watch()
            steps.tell(step, whole, figures)

        done = run_line(Line(
            text=file.read_bytes(), written=rung, rung=rung, out=folder, resume=True, page=run_page,
            show=Show(doing=doing, tell=tell, warn=steps.warn), ledger=Ledger(ladder),
        ))  # fmt: skip
    typer.echo(f"{done.verb}: {done.headline}\n{done.report}")


def _train(
    rung: "Rung", folder: Path, out: Path | None, stage: str | None, resume: bool, start: int | None,
    source: Path | None,
) -> None:  # fmt: skip
    from rungwise.held import read as read_held
    from rungwise.train.prepare import Order, Show
    from rungwise.train.stages import STAGES, fork, run_stage

    stages = [stage] if stage else [name for name in STAGES if getattr(rung, name)]
    if start is not None:
        if stage is None:
            raise InputError("needs --stage: which stage's step?", field="--from")
        source = source or Path("runs") / rung.name / f"seed-{rung.seed}"
        folder, resume = out or source.with_name(f"{source.name}-from-{start}"), True
        fork(stage, source, start, folder)
    elif source is not None:
        raise InputError("needs --from: which step?", field="--of")
    held = {f"probe {rung.probe.path}": read_held(Path(rung.probe.path) / "held.json")} if rung.probe else {}
    for name in stages:
        with Steps(f"{rung.name} {name}") as steps:
            show = Show(doing=steps.doing, tell=steps.tell, warn=steps.warn)
            made = run_stage(name, Order(rung=rung, out=folder, resume=resume, show=show, held=held))
        typer.echo(f"{made.parent / 'metrics.jsonl'}\n{made}")


@app.command(epilog="Example: rungwise sample runs/canvas-sft/seed-0 --tasks tasks.jsonl > answers.jsonl")
def sample(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or that of a model a run has saved.")],
    tasks_file: TaskFile,
    k: Annotated[int, typer.Option("-k", min=1, help="Answers a task.")] = 1,
    temperature: Annotated[float, typer.Option(min=0, help="0 is greedy.")] = 0.0,
    top_k: Annotated[int, typer.Option(min=0, help="Only among the likeliest; 0: all.")] = 0,
    top_p: Annotated[float, typer.Option(min=0.01, max=1, help="Only among those that make up this much.")] = 1.0,
    max_new_tokens: Annotated[int, typer.Option(min=0, help="0: what the context leaves.")] = 0,
    grammar: Annotated[bool, typer.Option("--grammar", help="Held to the contract's grammar.")] = False,
    answer: Annotated[str, typer.Option(help="What counts as the answer: all, fenced or after:MARK.")] = "all",
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Show what a policy writes for the tasks of a file: answers as JSON lines, judged, with a summary for people."""
    require_torch()
    from rungwise.policy.policy import Decode
    from rungwise.records import line_of, read_tasks
    from rungwise.train.finished import answers_of_run, opened_run

    policy, contract = opened_run(folder, device)
    decode = Decode(
        temperature=temperature, top_k=top_k, top_p=top_p, max_new_tokens=max_new_tokens or policy.context,
        grammar=grammar, answer=answer,
    )  # fmt: skip
    passed = []
    with progress(f"sampling from {folder}", quiet=False) as doing:
        for record in answers_of_run(policy, contract, read_tasks(tasks_file, contract), k, decode, seed):
            passed.append(record["passed"])
            doing(f"{len(passed)} answers")
            typer.echo(line_of(record))
    typer.echo(summary("raw", passed), err=True)


@app.command(epilog="Example: rungwise curves runs/canvas-flat runs/canvas-diverse -o curves.html")
def curves(
    folders: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders of runs, or of rungs with all their seeds.")
    ],
    output: Annotated[Path, typer.Option("-o", help="The page to write; a single picture where it ends in .svg.")],
    stage: Annotated[str | None, typer.Option(help="sft or rl; both where not given.")] = None,
    metrics: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Instead of the usual ones; may be given again, * is any text."),
    ] = None,
    reach: Annotated[
        float | None, typer.Option(help="Tell too when each seed first is at this level, and the mean of its steps.")
    ] = None,
) -> None:
    """Draw how runs went: their figures over the steps, seeds of a rung together."""
    from rungwise.report.charts import svg_of
    from rungwise.report.curves import page, panels, read, title
    from rungwise.report.reached import reached, text

    if output.suffix not in (".html", ".svg"):
        raise InputError(f"{str(output)!r}; expected a name that ends in .html or .svg", field="-o")
    rungs = read(folders)
    heading, shown = title(rungs), panels(rungs, stage, metrics or ())
    write(output, page(heading, shown, reach) if output.suffix == ".html" else svg_of(heading, shown))
    if reach is not None:
        typer.echo("\n".join(text(reached(shown, reach))))
    typer.echo(output)
