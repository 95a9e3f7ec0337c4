"""The verbs of a contract and its judge."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rungwise.cli.common import (
    AnswerFile,
    AsJson,
    ContractName,
    Count,
    Seed,
    Settings,
    Split,
    TaskFile,
    Tier,
    app,
    contract_of,
    summary,
    write,
)  # fmt: skip
from rungwise.errors import InputError, nearest
from rungwise.terminal import progress

if TYPE_CHECKING:
    from rungwise.check import Examination
    from rungwise.contract import Contract, Task


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

    loaded = contract_of(contract, settings)
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

    loaded = contract_of(contract, settings)
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

    loaded = contract_of(contract, settings)
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
    typer.echo(summary("raw", passed), err=True)
    if repaired:
        typer.echo(summary("repaired", mended), err=True)


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

    loaded = contract_of(contract, settings)
    pairs = answers_of(answers_file, read_tasks(tasks_file, loaded), tasks_file)
    if not pairs:
        raise InputError(f"answers no task of {tasks_file}", file=answers_file)
    items = [shown(loaded, task, answer, repaired=repaired) for task, answer in pairs]
    lead = f"{len(items)} answers, {sum(item.verdict.passed for item in items)} passed."
    write(output, page(f"{loaded.name}: answers and verdicts", lead, items, loaded.failures))
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
    problems = list(_chosen(contract_of(contract, settings), split, None, n, seed)) if n else []
    run_server(
        contract, settings_of(settings or ()), problems=problems, host=host, port=port, token=token,
        without_token=without_token, workers=workers, limits=Limits(rate=rate),
    )  # fmt: skip


# ---- what several verbs need ----


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
