"""What all verbs share: the app, its options, and what is told the same way everywhere."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rungwise.errors import InputError

if TYPE_CHECKING:
    from rungwise.contract import Contract

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
LadderFile = Annotated[Path, typer.Option("--ladder", help="The ladder's file.")]
LADDER = Path("runs/ladder.db")
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]


def contract_of(spec: str, settings: Sequence[str] | None) -> "Contract":
    from rungwise.contract import load_contract
    from rungwise.records import settings_of

    return load_contract(spec, settings_of(settings or ()))


def require_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        raise InputError("torch is not installed; pip install torch==2.13.0, then 'rungwise[train]'")


def summary(what: str, passed: Sequence[bool]) -> str:
    from rungwise.probe.stats import rate

    counted = rate(sum(passed), len(passed))
    line = f"{what}: {sum(passed)} of {len(passed)} passed, {counted}"
    width = counted.high - counted.low
    return line if len(passed) >= 100 else f"{line}; with fewer than 100 tasks the interval is {width:.0%} wide"


def write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", file=path) from error
