"""Which row stands where in training: a plan for all steps, made before the first.

1. The plan is a pure function of the sources and the seed, and a longer one begins with the shorter one. A batch is a
   slice of it, so a resumed run gets the same batches, and every count is exact before a step is made.
2. Weights are shares of the rows. Slot i belongs to the source whose stretch of [0, 1) the point u + i/golden ratio
   falls into: such points spread so evenly that a source has its share, to about a row, in every batch. What its share
   of the supervised tokens is depends on how long its answers are; `counted` tells both.
3. A source is gone through in a shuffled order, a new one for each pass, so that each row stands once before any stands
   again. An epoch is a pass over the first source.
4. A batch has a fixed number of rows: as many as have `batch_tokens` tokens on average. No row is ever cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from rungwise.errors import InputError
from rungwise.policy.packed import Ints, Row
from rungwise.seeds import stream
from rungwise.train import corpus

if TYPE_CHECKING:
    from rungwise.policy.policy import Vocabulary

GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    name: str
    weight: float
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mixture:
    sources: tuple[Source, ...]
    steps: int
    batch_rows: int
    source: Ints  # of each slot
    place: Ints  # its row there

    def batch(self, step: int) -> list[Row]:
        """Of a step from 1 to `steps`."""
        if not 1 <= step <= self.steps:
            raise IndexError(f"step {step} of {self.steps}")
        slots = slice((step - 1) * self.batch_rows, step * self.batch_rows)
        return [
            self.sources[source].rows[place]
            for source, place in zip(self.source[slots].tolist(), self.place[slots].tolist(), strict=True)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a source gave, beside what was declared."""

    name: str
    declared: float  # share
    rows: int
    row_share: float
    tokens: int  # supervised: those of answers, with their end
    token_share: float
    epochs: float


# ---- rows as tokens ----


def encoded(tokens: "Vocabulary", rows: Sequence[corpus.Row]) -> list[Row]:
    return [(tokens.prompt(row.task.prompt), [tokens.answer(row.answer)]) for row in rows]


def length(row: Row) -> int:
    prompt, answers = row
    return len(prompt) + sum(map(len, answers))


def too_long(rows: Sequence[corpus.Row], as_tokens: Sequence[Row], context: int) -> list[tuple[str, int]]:
    """The tasks whose prompt and answer are longer than the context together, with how long they are."""
    lengths = ((row.task.id, length(ids)) for row, ids in zip(rows, as_tokens, strict=True))
    return [(name, tokens) for name, tokens in lengths if tokens > context]


# ---- the plan ----


def mixed(
    sources: Sequence[Source], *, batch_tokens: int, seed: int, steps: int | None = None, epochs: float | None = None
) -> Mixture:
    """For `steps` steps, or for as many as make `epochs` passes over the first source."""
    for one in sources:
        if not one.rows:
            raise InputError(f"the source {one.name!r} has no rows")
    shares = _shares(sources)
    mean = sum(share * float(np.mean([*map(length, s.rows)])) for share, s in zip(shares, sources, strict=True))
    batch_rows = max(1, round(batch_tokens / mean))
    if steps is None:
        assert epochs is not None, "steps or epochs"
        steps = max(1, ceil(epochs * len(sources[0].rows) / shares[0] / batch_rows - 1e-9))
    source = _spread(shares, steps * batch_rows, seed)
    place = np.zeros_like(source)
    for i, one in enumerate(sources):
        slots = np.flatnonzero(source == i)
        place[slots] = _order(one, len(slots), seed)
    return Mixture(sources=tuple(sources), steps=steps, batch_rows=batch_rows, source=source, place=place)


def _shares(sources: Sequence[Source]) -> list[float]:
    whole = sum(source.weight for source in sources)
    return [source.weight / whole for source in sources]


def _spread(shares: Sequence[float], slots: int, seed: int) -> Ints:
    points = (stream(seed, "mixture").random() + np.arange(slots) * GOLDEN) % 1.0
    # The edges exclude the last one: a point that rounding has put on it is still the last source's.
    return np.searchsorted(np.array([*accumulate(shares)][:-1]), points, side="right").astype(np.int64)


def _order(source: Source, slots: int, seed: int) -> Ints:
    """The row of each of the source's slots, pass after pass."""
    order: list[int] = []
    for turn in range(ceil(slots / len(source.rows))):
        places = list(range(len(source.rows)))
        stream(seed, "epoch", source.name, turn).shuffle(places)
        order += places
    return np.array(order[:slots], dtype=np.int64)


# ---- counts ----


def counted(mixture: Mixture, steps: int | None = None) -> list[Counted]:
    """Of the first `steps` steps, or of all."""
    slots = (mixture.steps if steps is None else steps) * mixture.batch_rows
    rows, tokens = [], []
    for i, source in enumerate(mixture.sources):
        places = mixture.place[:slots][mixture.source[:slots] == i]
        supervised = np.array([sum(map(len, answers)) for _, answers in source.rows])
        rows.append(len(places))
        tokens.append(int(supervised[places].sum()))
    return [
        Counted(
            name=source.name,
            declared=share,
            rows=rows[i],
            row_share=rows[i] / max(1, slots),
            tokens=tokens[i],
            token_share=tokens[i] / max(1, sum(tokens)),
            epochs=rows[i] / len(source.rows),
        )
        for i, (source, share) in enumerate(zip(mixture.sources, _shares(mixture.sources), strict=True))
    ]
