"""The language: one move a line, such as "right 3", strictly spelled.

1. A line is a direction, one space and 1..9 steps. Lines are joined by one newline, none after the last.
2. Two neighbouring lines never share a direction, so that every path has one spelling.
3. Nothing else is read: no capitals, no blank lines, no comments. Whatever is more lenient belongs to repair.py, where
   it shows in the results as repaired.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rungwise.contract import Grammar

DIRECTIONS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}
MOST_STEPS = 9
_LINE = re.compile(r"(up|down|left|right) ([1-9])")


@dataclass(frozen=True, slots=True)
class Move:
    direction: str
    steps: int


def parse(text: str) -> tuple[Move, ...] | None:
    """The moves, or None where the text is not exactly of this language."""
    moves = []
    for line in text.split("\n"):
        move = parse_line(line)
        if move is None:
            return None
        moves.append(move)
    repeated = any(one.direction == next_one.direction for one, next_one in pairwise(moves))
    return None if repeated else tuple(moves)


def parse_line(line: str) -> Move | None:
    match = _LINE.fullmatch(line)
    return Move(match[1], int(match[2])) if match else None


def show(moves: Sequence[Move]) -> str:
    return "\n".join(f"{move.direction} {move.steps}" for move in moves)


def canonical(text: str) -> str | None:
    """The one spelling of an answer, by which answers are counted as equal or different."""
    moves = parse(text)
    return None if moves is None else show(moves)


def grammar() -> Grammar:
    """Exactly what `parse` accepts, as rules that a sampler can be held to.

    Rule 2 has no recursion to lean on, so it is said by alternation: up and down take turns within a vertical stretch,
    left and right within a level one, and the stretches take turns too.
    """
    return Grammar(
        start="answer",
        rules={
            "answer": _taking_turns("<vertical>", "<level>"),
            "vertical": _taking_turns("<up>", "<down>"),
            "level": _taking_turns("<left>", "<right>"),
            **{direction: f"{direction} [1-9]" for direction in DIRECTIONS},
        },
        reserved=(*DIRECTIONS, *"123456789"),
    )


def _taking_turns(one: str, other: str) -> str:
    """One or more of two things, newlines between them, never the same thing twice running."""
    return f"{one}(?:\n{other}\n{one})*(?:\n{other})?|{other}(?:\n{one}\n{other})*(?:\n{one})?"
