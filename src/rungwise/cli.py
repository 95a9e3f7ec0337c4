"""The command line: one function a verb. Imports here are what `rungwise --help` pays for; the rest is imported on use.

Records go to standard output, everything meant for people to standard error. Exit codes: 0 well, 1 a check or gate
failed, 2 usage or input.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.terminal import Steps, progress

if TYPE_CHECKING:
    from rungwise.check import Examination
    from rungwise.contract import Contract, Task

app = typer.Typer(
    name="rungwise", add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Train small language models to write programs a machine can check, and measure them honestly.",
)  # fmt: skip

ContractName = Annotated[
    str, typer.Argument(metavar="CONTRACT", help="An installed name, package.module:attr or path/file.py:attr.")
]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the contract; may be given again.")
]
Split = Annotated[str | None, typer.Option(help="Which split; the contract's first where not given.")]
Tier = Annotated[str | None, typer.Option(help="Only tasks of this tier.")]
Count = Annotated[int, typer.Option("-n", min=1, help="How many tasks.")]
Seed = Annotated[int, typer.Option(help="Tasks are a function of split, seed and index.")]
TaskFile = Annotated[Path, typer.Option("--tasks", help="JSON lines of tasks, as `rungwise tasks` writes them.")]
AnswerFile = Annotated[Path, typer.Option("--answers", help='JSON lines of {"task": id, "answer": text}.')]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


@app.command(epilog="Example: rungwise new recipes --in ~/work")
def new(
    name: Annotated[str, typer.Argument(help="The new contract's name: lower-case letters, digits, underscores.")],
    folder: Annotated[Path, typer.Option("--in", help="The folder to make it in.")] = Path(),
) -> None:
    """Make a contract package of your own: a tiny language that passes `check` as it stands, for you to change."""
    from rungwise.scaffold import create

    for path in create(name, folder):
        typer.echo(path)
    typer.echo(f"\nNow: rungwise check {folder / name / name / '__init__.py'}:{name}", err=True)


@app.command(epilog="Example: rungwise contracts --json")
def contracts(as_json: AsJson = False) -> None:
    """List the contracts that are installed here."""
    from rungwise.contract import installed, load_contract
    from rungwise.records import line_of

    rows: list[dict[str, Any]] = []
    for name, place in installed().items():
        contract = load_contract(name)
        rows.append(
            {"name": name, "version": contract.version, "tiers": contract.tiers, "splits": contract.splits,
             "settings": getattr(contract, "settings", {}), "from": place}
        )  # fmt: skip
    for row in rows:
        told = [f"{key}: {' '.join(map(str, value))}" for key, value in row.items() if isinstance(value, tuple)]
        typer.echo(line_of(row) if as_json else f"{row['name']}@{row['version']}  {'; '.join(told)}")


@app.command(epilog="Example: rungwise check canvas --set surface=compact --json")
def check(
    contract: ContractName,
    settings: Settings = None,
    n: Annotated[int, typer.Option("-n", min=4, help="Tasks of each split to examine.")] = 20,
    seed: Seed = 0,
    seconds: Annotated[float, typer.Option(min=0.01, help="The longest that one answer may take to judge.")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Examine a judge before it is trusted: attack it, and say by name what does not hold."""
    from rungwise.check import examine
    from rungwise.records import line_of, settings_of

    with progress(f"examining {contract}", quiet=as_json) as tell:
        examination = examine(
            contract, settings_of(settings or ()), n=n, seed=seed, seconds_per_answer=seconds, progress=tell
        )
    if as_json:
        typer.echo(line_of(examination.record()))
    else:
        _print_examination(examination)
    raise typer.Exit(0 if examination.passed else 1)


@app.command(epilog="Example: rungwise tasks canvas --split test --tier dp3 -n 5 --seed 1 > tasks.jsonl")
def tasks(
    contract: ContractName,
    settings: Settings = None,
    split: Split = None,
    tier: Tier = None,
    n: Count = 10,
    seed: Seed = 0,
    public: Annotated[bool, typer.Option("--public", help="Leave out what only the judge may see.")] = False,
) -> None:
    """Write tasks as JSON lines."""
    from rungwise.records import line_of, public_record

    loaded = _loaded(contract, settings)
    for task in _chosen(loaded, split, tier, n, seed):
        typer.echo(line_of(public_record(loaded, task) if public else task))


@app.command(epilog="Example: rungwise gold canvas --tasks tasks.jsonl > answers.jsonl")
def gold(
    contract: ContractName,
    settings: Settings = None,
    tasks_file: Annotated[Path | None, typer.Option("--tasks", help="Gold for the tasks of this file.")] = None,
    split: Split = None,
    tier: Tier = None,
    n: Count = 10,
    seed: Seed = 0,
) -> None:
    """Write gold answers as JSON lines, for a file of tasks or for those that `tasks` would write."""
    from rungwise.records import Answer, line_of, read_tasks

    loaded = _loaded(contract, settings)
    for task in read_tasks(tasks_file, loaded) if tasks_file else _chosen(loaded, split, tier, n, seed):
        answer = loaded.gold(task)
        if answer is None:
            typer.echo(f"task {task.id} has no gold answer", err=True)
        else:
            typer.echo(line_of(Answer(task=task.id, answer=answer)))


@app.command(epilog="Example: rungwise judge canvas --tasks tasks.jsonl --answers answers.jsonl > verdicts.jsonl")
def judge(
    contract: ContractName,
    tasks_file: TaskFile,
    answers_file: AnswerFile,
    settings: Settings = None,
    repaired: Annotated[bool, typer.Option("--repaired", help="Judge each answer once more after repair.")] = False,
    on: Annotated[str, typer.Option(help="Where to judge: inline or processes.")] = "inline",
    workers: Annotated[int, typer.Option(min=1, help="How many processes.")] = 2,
) -> None:
    """Judge a file of answers: verdicts as JSON lines in the order of the tasks, a summary for people."""
    from rungwise.judging import judged
    from rungwise.records import line_of, read_answers, read_tasks, settings_of

    loaded = _loaded(contract, settings)
    chosen = read_tasks(tasks_file, loaded)
    answers = read_answers(answers_file, chosen, tasks_file)
    passed: list[bool] = []
    mended: list[bool] = []
    with progress(f"judging {len(chosen)} answers", quiet=False) as tell:
        results = judged(
            contract, settings_of(settings or ()), chosen, answers, repaired=repaired, on=on, workers=workers
        )
        for record in results:
            passed.append(record["passed"])
            if repaired:
                mended.append(record["repaired"]["passed"])
            tell(f"{len(passed)} of {len(chosen)}")
            typer.echo(line_of(record))
    typer.echo(_summary("raw", passed), err=True)
    if repaired:
        typer.echo(_summary("repaired", mended), err=True)


RungFile = Annotated[Path, typer.Argument(metavar="FILE", help="A rung: a TOML file.")]


@app.command(epilog="Example: rungwise run rungs/canvas/first.toml --stage sft --set sft.steps=200")
def run(
    file: RungFile,
    stage: Annotated[str | None, typer.Option(help="sft or rl; both in turn where not given.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Instead of what the file says.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the file's.")] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/NAME/seed-SEED where not given.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run was cut off.")] = False,
    start: Annotated[int | None, typer.Option("--from", metavar="STEP", help="Fork at a step; needs --stage.")] = None,
    source: Annotated[
        Path | None, typer.Option("--of", metavar="RUN", help="What to fork; runs/NAME/seed-SEED where not given.")
    ] = None,
) -> None:
    """Train: the stages of a rung file, each in its own folder. Kill it whenever you like; --resume goes on."""
    _require_torch()
    from rungwise.train.prepare import Order, Show
    from rungwise.train.settings import read
    from rungwise.train.stages import STAGES, fork, run_stage

    rung = read(file, settings or (), seed)
    folder = out or Path("runs") / rung.name / f"seed-{rung.seed}"
    stages = [stage] if stage else [name for name in STAGES if getattr(rung, name)]
    if start is not None:
        if stage is None:
            raise InputError("needs --stage: which stage's step?", field="--from")
        source = source or Path("runs") / rung.name / f"seed-{rung.seed}"
        folder, resume = out or source.with_name(f"{source.name}-from-{start}"), True
        fork(stage, source, start, folder)
    elif source is not None:
        raise InputError("needs --from: which step?", field="--of")
    try:
        for name in stages:
            with Steps(f"{rung.name} {name}") as steps:
                show = Show(doing=steps.doing, tell=steps.tell, warn=steps.warn)
                made = run_stage(name, Order(rung=rung, out=folder, resume=resume, show=show))
            typer.echo(f"{made.parent / 'metrics.jsonl'}\n{made}")
    except KeyboardInterrupt:  # the exit code for it is typer's: 130
        typer.echo(f"rungwise: interrupted; {folder} keeps what was done: go on with --resume", err=True)
        raise


@app.command(epilog="Example: rungwise sample runs/first/seed-0 --tasks tasks.jsonl > answers.jsonl")
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
    _require_torch()
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
    typer.echo(_summary("raw", passed), err=True)


@app.command(epilog="Example: rungwise show canvas --task tasks.jsonl --answer answers.jsonl -o page.html")
def show(
    contract: ContractName,
    tasks_file: Annotated[Path, typer.Option("--task", help="JSON lines of one or more tasks.")],
    answers_file: Annotated[
        Path, typer.Option("--answer", help="JSON lines of answers, or one answer's plain text for a single task.")
    ],
    output: Annotated[Path, typer.Option("-o", help="The page to write.")],
    settings: Settings = None,
    repaired: Annotated[bool, typer.Option("--repaired", help="Show each answer after repair as well.")] = False,
) -> None:
    """Write an HTML page that shows answers as pictures, with their verdicts."""
    from rungwise.records import answers_of, read_tasks
    from rungwise.report.gallery import shown
    from rungwise.report.page import page

    loaded = _loaded(contract, settings)
    pairs = answers_of(answers_file, read_tasks(tasks_file, loaded), tasks_file)
    if not pairs:
        raise InputError(f"answers no task of {tasks_file}", file=answers_file)
    items = [shown(loaded, task, answer, repaired=repaired) for task, answer in pairs]
    lead = f"{len(items)} answers, {sum(item.verdict.passed for item in items)} passed."
    _write(output, page(f"{loaded.name}: answers and verdicts", lead, items, loaded.failures))
    typer.echo(output)


@app.command(epilog="Example: rungwise curves runs/first runs/second -o curves.html")
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
) -> None:
    """Draw how runs went: their figures over the steps, seeds of a rung together."""
    from rungwise.report.charts import svg_of
    from rungwise.report.curves import page, panels, read, title

    made = {".html": page, ".svg": svg_of}.get(output.suffix)
    if made is None:
        raise InputError(f"{str(output)!r}; expected a name that ends in .html or .svg", field="-o")
    rungs = read(folders)
    _write(output, made(title(rungs), panels(rungs, stage, metrics or ())))
    typer.echo(output)


@app.command(epilog="Example: rungwise serve canvas --port 8000 --split test -n 20")
def serve(
    contract: ContractName,
    settings: Settings = None,
    host: Annotated[str, typer.Option(help="Where to listen; other than loopback needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    token: Annotated[str | None, typer.Option(envvar="RUNGWISE_TOKEN", help="Bearer token to ask for.")] = None,
    without_token: Annotated[bool, typer.Option(help="Listen beyond loopback without a token.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that judge.")] = 1,
    rate: Annotated[float | None, typer.Option(min=0, help="Requests a second a client; 0: no limit.")] = None,
    split: Split = None,
    n: Annotated[int, typer.Option("-n", min=0, help="How many tasks to offer as problems.")] = 20,
    seed: Seed = 0,
) -> None:
    """Serve the judge over HTTP: problems, submit, feedback, and POST /score for batches."""
    from rungwise.records import settings_of

    try:
        from rungwise.serve.limits import Limits
        from rungwise.serve.score import serve as run_server
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; pip install 'rungwise[serve]'") from error
    problems = list(_chosen(_loaded(contract, settings), split, None, n, seed)) if n else []
    run_server(
        contract, settings_of(settings or ()), problems=problems, host=host, port=port, token=token,
        without_token=without_token, workers=workers, limits=Limits(rate=rate),
    )  # fmt: skip


# ---- what several verbs need ----


def _loaded(spec: str, settings: Sequence[str] | None) -> "Contract":
    from rungwise.contract import load_contract
    from rungwise.records import settings_of

    return load_contract(spec, settings_of(settings or ()))


def _chosen(contract: "Contract", split: str | None, tier: str | None, n: int, seed: int) -> "Iterator[Task]":
    """The first n tasks of the split and tier, as they are made; on a terminal with a count of them."""
    split = split or contract.splits[0]
    if split not in contract.splits:
        raise InputError(f"no split {split!r}; {nearest(split, contract.splits)}", field="--split")
    if tier is not None and tier not in contract.tiers:
        raise InputError(f"no tier {tier!r}; {nearest(tier, contract.tiers)}", field="--tier")
    found, seen, asked = 0, 0, min(n, 8)
    with progress(f"making tasks of {split}", quiet=False) as tell:
        while found < n and seen <= 256 * n:
            for task in contract.tasks(split, asked, seed)[seen:]:
                if found < n and tier in (None, task.tier):
                    found += 1
                    tell(f"{found} of {n}")
                    yield task
            seen, asked = asked, min(n, 2 * asked) if tier is None else 2 * asked
    if found < n:
        raise InputError(f"{found} tasks of tier {tier} among the first {seen} of {split}; {n} asked for")


def _require_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        raise InputError("torch is not installed; pip install torch==2.13.0, then 'rungwise[train]'")


def _summary(what: str, passed: Sequence[bool]) -> str:
    from rungwise.probe.stats import rate

    counted = rate(sum(passed), len(passed))
    line = f"{what}: {sum(passed)} of {len(passed)} passed, {counted}"
    width = counted.high - counted.low
    return line if len(passed) >= 100 else f"{line}; with fewer than 100 tasks the interval is {width:.0%} wide"


def _print_examination(examination: "Examination") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table("", "finding", "what was seen", box=None, pad_edge=False)
    for finding in examination.findings:
        mark = "[green]ok[/]" if finding.passed else "[bold red]FAILED[/]"
        table.add_row(mark, finding.name, escape(finding.detail))
    console.print(table)
    panel: Any = next((f.figures["panel"] for f in examination.findings if f.name == "baselines" and f.figures), {})
    if panel:
        console.print("\nPass rates of the shallow panel, by tier [95% interval]:".replace("[", r"\["))
        tiers = list(next(iter(panel.values())))
        rates = Table("", *tiers, box=None, pad_edge=False)
        for name, row in panel.items():
            rates.add_row(name, *[escape(row[tier]) for tier in tiers])
        console.print(rates)
    failed = [finding.name for finding in examination.findings if not finding.passed]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    line = f"{examination.contract}: {verdict} in {examination.seconds:.1f} s"
    console.print(f"\n{escape(line)}", highlight=False)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", file=path) from error


def main() -> None:
    try:
        app()
    except RungwiseError as error:
        typer.echo(f"rungwise: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `rungwise tasks ... | head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
