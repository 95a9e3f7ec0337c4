"""The verbs for what is written down before anything is made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rungwise.cli.common import LADDER, AsJson, LadderFile, Seed, app
from rungwise.terminal import progress

if TYPE_CHECKING:
    from rungwise.contract import Contract
    from rungwise.ladder.rows_audit import Given


@app.command(epilog="Example: rungwise blueprint curriculum.toml --tasks 2000 --stage A")
def blueprint(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A blueprint: a TOML file.")],
    tasks: Annotated[int, typer.Option(min=0, help="Draw so many rows from the contract and audit them too.")] = 0,
    rows: Annotated[Path | None, typer.Option(help="Or audit the rows of this file, such as a run's corpus.")] = None,
    split: Annotated[str, typer.Option(help="Which split rows are drawn from.")] = "train",
    stage: Annotated[str, typer.Option(help="Whose mix the rows must have; not needed where there is one.")] = "",
    seed: Seed = 0,
    ladder: LadderFile = LADDER,
    as_json: AsJson = False,
) -> None:
    """Audit a curriculum as it is written, and against rows: every fault at once, exit code 1 where there is one."""
    from rungwise.contract import load_contract
    from rungwise.ladder.audit import stated
    from rungwise.ladder.blueprint import read
    from rungwise.ladder.ledger import Ledger
    from rungwise.ladder.rows_audit import audit_rows
    from rungwise.records import line_of

    asked = read(file)
    faults, warnings = stated(asked, Ledger(ladder))
    given: list[Given] = []
    if tasks or rows:
        contract = load_contract(asked.contract.name, asked.contract.settings)
        with progress(f"rows of {asked.contract.name}", quiet=as_json):
            given = (
                _of_file(rows, contract)
                if rows
                else _drawn(asked.contract.name, asked.contract.settings, split, tasks, seed)
            )
            told, more = audit_rows(asked, contract, given, stage)
        faults, warnings = [*faults, *told], [*warnings, *more]
    if as_json:
        typer.echo(line_of({"passed": not faults, "faults": faults, "warnings": warnings, "rows": len(given)}))
    else:
        for line in [*(f"FAULT: {one}" for one in faults), *(f"warning: {one}" for one in warnings)]:
            typer.echo(line)
        seen = f", {len(given)} rows" if given else ""
        typer.echo(f"{file}{seen}: {len(faults)} faults, {len(warnings)} warnings")
    raise typer.Exit(1 if faults else 0)


def _of_file(path: Path, contract: "Contract") -> list["Given"]:
    from rungwise.ladder.rows_audit import Given
    from rungwise.train.corpus import load

    found = load(path, contract)
    return [Given(place=f"{path}:{at}", task=row.task, answer=row.answer) for at, row in enumerate(found, 1)]


def _drawn(spec: str, settings: dict[str, object], split: str, n: int, seed: int) -> list["Given"]:
    from rungwise.drawing import draw
    from rungwise.ladder.rows_audit import Given

    found = draw(spec, settings, split, n, seed)
    return [Given(place=f"row {at}", task=task, answer=gold or "") for at, (task, gold) in enumerate(found, 1)]
