"""Rulings come to the ladder, and nobody is crowned by one against a champion that no longer stands."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from rungwise.contract import Json
from rungwise.ladder.enter import enter, rule_again, sign
from rungwise.ladder.ledger import Ledger, Overtaken
from tests.unit.test_ledger import CANVAS, PROBE, WHOLE, refusal, went

OF = (CANVAS, PROBE)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "runs" / "ladder.db")


def promoted(against: Path | None = None, *, signed: bool = False, **more: Any) -> dict[str, Json]:
    compared = {"champion": {"run": against.as_posix()}} if against else {}
    return {"verb": "promote", "reasons": ["it rose"], "next": [], "diagnosis": {"primary": "none"},
            "signed": {"needed": signed, "by": None}, "comparisons": compared, **more}  # fmt: skip


def measured(ledger: Ledger, run: Path, record: dict[str, Json]) -> Path:
    run.mkdir()
    went(ledger, run.as_posix(), *WHOLE[:-1])
    (run / "ruling.json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
    return run


def champion(ledger: Ledger) -> str:
    found = ledger.champion(*OF)
    return found.run if found else ""


def test_a_run_that_was_overtaken_is_ruled_on_again(ledger: Ledger, tmp_path: Path) -> None:
    """Of two that end side by side with no champion to be held against the second is not crowned before it is held
    against the first."""
    first, second = (measured(ledger, tmp_path / name, promoted()) for name in ("first", "second"))
    enter(ledger, first, *OF)
    for _ in range(2):  # nor when it is tried again
        refusal(lambda: enter(ledger, second, *OF), Overtaken)
    rule_again(ledger, second, promoted(first, verb="reject"), "the rules", *OF)
    assert champion(ledger) == first.as_posix()
    rule_again(ledger, second, promoted(first), "the rules", *OF)
    assert champion(ledger) == second.as_posix()


def test_no_name_comes_under_a_promotion_that_was_overtaken_while_it_waited(ledger: Ledger, tmp_path: Path) -> None:
    """And whoever goes on with the run has it ruled on again, as one that waits."""
    waiting = measured(ledger, tmp_path / "waiting", promoted(signed=True))
    enter(ledger, waiting, *OF)
    other = measured(ledger, tmp_path / "other", promoted())
    enter(ledger, other, *OF)
    assert "have it ruled on again" in refusal(lambda: sign(ledger, waiting, "Ada"), Overtaken)
    refusal(lambda: enter(ledger, waiting, *OF), Overtaken)
    rule_again(ledger, waiting, promoted(other, signed=True), "the rules", *OF)
    assert champion(ledger) == other.as_posix()
    sign(ledger, waiting, "Ada")
    assert champion(ledger) == waiting.as_posix()
