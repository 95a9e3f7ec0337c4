"""Token rows laid end to end without padding, a prompt once for all the answers of its group.

1. A row is a prompt and its answers. Labels are all tokens of all answers, in the order row, answer, token. The last
   token of an answer is only a label: nothing is predicted from it, so it is not an input.
2. `tokens` and `positions` are flat. A segment is a run of them; a segment with a parent reads the whole parent as its
   past. A prompt with one answer is one segment; with more it is a segment of its own and the parent of each answer's.
3. `source` says from which flat index each label is predicted, `owner` to which answer it belongs. The first tokens of
   all the answers to a prompt are predicted from its last index.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Row = tuple[Sequence[int], Sequence[Sequence[int]]]  # prompt and answers, none of them empty


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    rows: tuple[Row, ...]
    tokens: Ints
    positions: Ints
    segments: Ints  # [segments, 4]: start, length, parent's start, parent's length (0: no parent)
    source: Ints
    labels: Ints
    owner: Ints

    @property
    def answers(self) -> int:
        return sum(len(answers) for _, answers in self.rows)


def pack(rows: Sequence[Row]) -> Packed:
    tokens: list[Sequence[int]] = []
    positions, segments, source, labels, owner = [], [], [], [], []
    at, answered = 0, 0
    for prompt, answers in rows:
        shared = len(answers) > 1
        if shared:
            tokens.append(prompt)
            positions.append(np.arange(len(prompt)))
            segments.append((at, len(prompt), 0, 0))
        parent, at = at, at + len(prompt) * shared
        for answer in answers:
            past = 0 if shared else len(prompt)
            inputs = answer[:-1]
            length = past + len(inputs)
            if past:
                tokens.append(prompt)
            tokens.append(inputs)
            positions.append(np.arange(length) + (len(prompt) if shared else 0))
            if length:
                segments.append((at, length, parent if shared else 0, len(prompt) if shared else 0))
            first = parent + len(prompt) - 1
            source.append(np.concatenate([[first], np.arange(at + past, at + length)]))
            labels.append(answer)
            owner.append(np.full(len(answer), answered))
            at, answered = at + length, answered + 1
    return Packed(
        rows=tuple(rows),
        tokens=_flat(tokens),
        positions=_flat(positions),
        segments=np.array(segments, dtype=np.int64).reshape(-1, 4),
        source=_flat(source),
        labels=_flat(labels),
        owner=_flat(owner),
    )


def _flat(parts: Sequence[Any]) -> Ints:
    return np.concatenate([np.asarray(part, dtype=np.int64) for part in parts])


def portions(rows: Sequence[Row], budget: int) -> Iterator[list[Row]]:
    """The rows in order, as many at a time as stay within `budget` tokens; a row too large is cut between answers."""
    portion: list[Row] = []
    room = budget
    for prompt, answers in rows:
        held: list[Sequence[int]] = []
        for answer in answers:
            cost = len(answer) + (0 if held else len(prompt))
            if cost > room and (portion or held):
                if held:
                    portion.append((prompt, held))
                yield portion
                portion, held, room = [], [], budget
                cost = len(answer) + len(prompt)
            held.append(answer)
            room -= cost
        if held:
            portion.append((prompt, held))
    if portion:
        yield portion
