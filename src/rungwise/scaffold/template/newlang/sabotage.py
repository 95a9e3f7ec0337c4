"""Wrong answers, each with the label that the judge must give it.

They are what a lazy or a cunning policy would write. A label is known from how the answer was made, never by asking the
judge: that is the point of them.
"""

from collections.abc import Iterator, Sequence

from rungwise.contract import Sabotage, Task
from rungwise.seeds import stream

from .judge import Cell, Maze, beside, maze_of, replay
from .language import DIRECTIONS, MOST_STEPS, Move, parse, show
from .tasks import gold

OPPOSITE = {"up": "down", "down": "up", "left": "right", "right": "left"}


def sabotage(task: Task, seed: int) -> Iterator[Sabotage]:
    maze, right = maze_of(task), gold(task)
    moves = parse(right)
    assert moves is not None
    yield from _misspelled(right, moves)
    yield _rambling(maze, moves)
    yield from _crashes(task, maze, moves, seed)
    yield from _short_and_past(moves)


def _misspelled(right: str, moves: Sequence[Move]) -> Iterator[Sabotage]:
    first = moves[0].direction
    yield _wrong("", "unreadable", "nothing at all")
    yield _wrong(right.replace(first, "forward"), "unreadable", "a direction that is not in the language")
    yield _wrong(right.upper(), "unreadable", "capitals")
    yield _wrong(right + "\n", "unreadable", "an empty last line")
    yield _wrong(f"```\n{right}\n```", "unreadable", "a code fence")
    yield _wrong(f"{right}\nThe robot is on G now.", "unreadable", "prose after the answer")
    yield _wrong(f"{right}\n{moves[-1].direction} 1", "unreadable", "one direction twice running")


def _rambling(maze: Maze, moves: Sequence[Move]) -> Sabotage:
    """To and fro on the first square until the lines run out, and only then the right answer."""
    there = moves[0].direction
    and_back = [Move(there, 1), Move(OPPOSITE[there], 1)]
    return _wrong(show([*and_back * maze.limit, *moves]), "too_long", "to and fro first, then the right answer")


def _crashes(task: Task, maze: Maze, moves: Sequence[Move], seed: int) -> Iterator[Sabotage]:
    """After some lines of the right answer, straight on until something stops it; no wall there means off the grid."""
    kept = moves[: stream(seed, "sabotage", task.id).randrange(len(moves))]
    at = replay(maze, kept).cells[-1]
    for direction in DIRECTIONS:
        if not kept or direction != kept[-1].direction:
            label = "wall" if "#" in _view(maze, at, direction) else "off_grid"
            yield _wrong(show([*kept, Move(direction, MOST_STEPS)]), label, f"{direction} until something stops it")


def _view(maze: Maze, cell: Cell, direction: str) -> str:
    """The squares that lie ahead, up to the edge."""
    cell = beside(cell, direction)
    square = maze.at(cell)
    return "" if square is None else square + _view(maze, cell, direction)


def _short_and_past(moves: Sequence[Move]) -> Iterator[Sabotage]:
    *kept, last = moves
    if kept:
        yield _wrong(show(kept), "not_there", "the last line forgotten")
    if last.steps > 1:
        yield _wrong(show([*kept, Move(last.direction, last.steps - 1)]), "not_there", "one step short of G")
    yield _wrong(show([*moves, Move(OPPOSITE[last.direction], 1)]), "not_there", "on G, but then away from it")


def _wrong(answer: str, label: str, why: str) -> Sabotage:
    return Sabotage(answer=answer, label=label, why=why)
