"""The deterministic mend of an answer: what a careful reader would forgive, done without sight of the task.

A valid answer is returned byte for byte. So is one in which no move can be found: there is nothing to mend.
"""

from collections.abc import Callable, Sequence

from rungwise.contract import Repair

from .language import MOST_STEPS, Move, parse, parse_line, show

Lines = list[str]


def repair(answer: str) -> Repair:
    if parse(answer) is not None:
        return Repair(answer=answer)
    lines, edits = answer.split("\n"), []
    for edit, mend in MENDS.items():
        mended = mend(lines)
        if mended != lines:
            edits.append(edit)
        lines = mended
    return Repair(answer="\n".join(lines), edits=tuple(edits)) if lines else Repair(answer=answer)


def _unfenced(lines: Lines) -> Lines:
    return [line for line in lines if not line.lstrip().startswith("```")]


def _folded(lines: Lines) -> Lines:
    return [" ".join(line.lower().split()) for line in lines]


def _moves_only(lines: Lines) -> Lines:
    return [line for line in lines if parse_line(line)]


def _merged(lines: Lines) -> Lines:
    """Neighbouring moves in one direction as one. No grid is wider than 9, so no more steps than that are needed."""
    merged: list[Move] = []
    for move in filter(None, map(parse_line, lines)):
        if merged and merged[-1].direction == move.direction:
            merged[-1] = Move(move.direction, min(MOST_STEPS, merged[-1].steps + move.steps))
        else:
            merged.append(move)
    return _lines_of(merged)


def _lines_of(moves: Sequence[Move]) -> Lines:
    return show(moves).split("\n") if moves else []


# The name of each edit, as reports count them, in the order they are made.
MENDS: dict[str, Callable[[Lines], Lines]] = {
    "code fence removed": _unfenced,
    "case and space folded": _folded,
    "lines dropped that are no moves": _moves_only,
    "equal directions merged": _merged,
}
