"""What a run has learned from, as hashes: its tasks, and the answers that stood in its rows. RUN/STAGE/learned.json.

A run that goes on from another has learned from all of that one's too; one that goes on from a model whose past is not
known has no such file, and nothing can be said of what it has seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rungwise.contract import Contract
from rungwise.errors import InputError
from rungwise.held import WAYS, Held, held
from rungwise.probe.measure import learned_of
from rungwise.train import checkpoint
from rungwise.train.corpus import Row


@dataclass(frozen=True, slots=True)
class Learned:
    tasks: Held
    answers: frozenset[str]


def keep(folder: Path, contract: Contract, rows: Sequence[Row], after: Path | None) -> None:
    """Of a stage that is done; `after` is the run whose model it began with."""
    before = learned_by(after) if after else Learned(Held({way: frozenset() for way in WAYS}), frozenset())
    if before is None:
        return
    tasks = held(contract, [row.task for row in rows])
    answers = before.answers | learned_of(contract, (row.answer for row in rows if row.answer))
    together = Held({way: found | before.tasks.hashes[way] for way, found in tasks.hashes.items()})
    record = {"tasks": together.record(), "answers": sorted(answers)}
    checkpoint.write(folder / "learned.json", msgspec.json.encode(record))


def learned_by(run: Path) -> Learned | None:
    """By the last stage of a run, or of the run that a model's folder stands in; None where that is not known."""
    homes = [run / "rl"] if (run / "rl" / "model").exists() else [run / "sft", run.parent]
    path = next((home / "learned.json" for home in homes if (home / "learned.json").exists()), None)
    if path is None:
        return None
    try:
        record = msgspec.json.decode(path.read_bytes())
        tasks = Held({way: frozenset(record["tasks"][way]) for way in WAYS})
        return Learned(tasks, frozenset(record["answers"]))
    except (msgspec.DecodeError, KeyError, TypeError) as error:
        raise InputError(f"cannot be read as what a run has learned from: {error}", file=path) from error
