"""The tasks: grids drawn at random, each with a path found by search as its gold answer.

1. Task i of a split depends on (split, seed, i) alone, so that task 7 is the same whether 10 or 10,000 are made.
2. A maze is the same maze when it is turned or mirrored. The hash of what stays the same decides which split it belongs
   to, so no split can hold another's maze in disguise. It decides between even and odd seeds too, so neighbouring seeds
   share nothing. A draw that belongs elsewhere is drawn again.
3. Tiers are ordered by difficulty. The walls of the easiest are mostly decoration, but they make its tasks many.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from rungwise.contract import Json, Task, hash_of, task_id
from rungwise.errors import ContractError, nearest
from rungwise.seeds import stream

from .judge import Cell, Maze, beside, maze_of
from .language import DIRECTIONS, MOST_STEPS, Move, show

NAME = "newlang"
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Tier:
    """The size of its grids, how many walls stand there, and how few lines must be needed."""

    size: int
    walls: range
    lines: range


TIERS: Mapping[str, Tier] = {
    "t1": Tier(4, range(3, 7), range(1, 2)),
    "t2": Tier(4, range(2, 5), range(2, 3)),
    "t3": Tier(4, range(2, 6), range(3, 4)),
}
# Which tenths of all mazes a split draws from.
SHARE: Mapping[str, range] = {"train": range(8), "dev": range(8, 9), "test": range(9, 10)}


def tasks(split: str, n: int, seed: int, slack: int) -> list[Task]:
    if split not in SHARE:
        raise ContractError(f"{NAME} has no split {split!r}; {nearest(split, SHARE)}")
    return [_task(split, seed, i, slack) for i in range(n)]


def gold(task: Task) -> str:
    maze = maze_of(task)
    path = solve(maze, maze.limit)
    assert path is not None, "a task is only made where a path was found"
    return show(path)


def structure(task: Task) -> Json:
    """What two tasks share when they are the same problem."""
    return _structure(task.facts["grid"])


def solve(maze: Maze, most_lines: int) -> list[Move] | None:
    """A path of the fewest lines and then the fewest steps, or None where even `most_lines` do not reach G."""
    order = sorted(DIRECTIONS)
    ticket = count()  # of equally good paths the first pushed wins: always the same, which is learned sooner
    heap: list[tuple[int, int, int, Cell, list[Move]]] = [(0, 0, next(ticket), maze.start, [])]
    done = set()
    while heap:
        lines, steps, _, cell, path = heapq.heappop(heap)
        heading = path[-1].direction if path else ""
        if cell == maze.goal:
            return path
        if (cell, heading) in done or lines == most_lines:
            continue
        done.add((cell, heading))
        for move, end in _onward(maze, cell, [turn for turn in order if turn != heading]):
            heapq.heappush(heap, (lines + 1, steps + move.steps, next(ticket), end, [*path, move]))
    return None


def _onward(maze: Maze, cell: Cell, turns: Sequence[str]) -> Iterator[tuple[Move, Cell]]:
    """Every line that may follow, and where it ends."""
    for direction in turns:
        end = cell
        for steps in range(1, MOST_STEPS + 1):
            end = beside(end, direction)
            if maze.at(end) in (None, "#"):
                break
            yield Move(direction, steps), end


def _task(split: str, seed: int, i: int, slack: int) -> Task:
    tier = tuple(TIERS)[i % len(TIERS)]
    draw = stream(seed, "tasks", split, i)
    while True:
        maze = _drawn(TIERS[tier], draw)
        path = solve(maze, max(TIERS[tier].lines)) if _belongs(maze, split, seed) else None
        if path is not None and len(path) in TIERS[tier].lines:
            return _posed(replace(maze, limit=len(path) + slack), split, tier)


def _drawn(tier: Tier, draw: Random) -> Maze:
    squares = [(row, column) for row in range(tier.size) for column in range(tier.size)]
    start, goal, *walls = draw.sample(squares, 2 + draw.choice(tier.walls))
    marks = {start: "S", goal: "G", **dict.fromkeys(walls, "#")}
    letters = [marks.get(square, ".") for square in squares]
    rows = ["".join(letters[at : at + tier.size]) for at in range(0, len(letters), tier.size)]
    return Maze(rows, start, goal, limit=0)


def _belongs(maze: Maze, split: str, seed: int) -> bool:
    lot = int(hash_of(_structure(maze.rows))[:12], 16)
    return lot % 10 in SHARE[split] and lot // 10 % 2 == seed % 2


def _structure(rows: Sequence[str]) -> list[str]:
    return min(_turned_and_mirrored(list(rows)))


def _turned_and_mirrored(rows: list[str]) -> Iterator[list[str]]:
    for _ in range(4):
        rows = ["".join(column) for column in zip(*rows[::-1], strict=True)]
        yield rows
        yield rows[::-1]


def _posed(maze: Maze, split: str, tier: str) -> Task:
    facts = {"grid": list(maze.rows), "start": list(maze.start), "goal": list(maze.goal), "limit": maze.limit}
    return Task(
        id=task_id(NAME, VERSION, **facts),
        contract=NAME,
        split=split,
        tier=tier,
        family=_compass(maze),
        prompt=_prompt(maze),
        facts=facts,
    )


def _prompt(maze: Maze) -> str:
    """All that a right answer depends on, in few words and as numbers: a small model reads those sooner than a map."""
    walls = " ".join(_named((r, c)) for r, row in enumerate(maze.rows) for c, mark in enumerate(row) if mark == "#")
    size = len(maze.rows)
    return f"{size} x {size}, walls {walls}. From {_named(maze.start)} to {_named(maze.goal)} in {maze.limit} lines."


def _named(square: Cell) -> str:
    """By row and column, counted from 1."""
    return f"{square[0] + 1}{square[1] + 1}"


def _compass(maze: Maze) -> str:
    """Where G lies as seen from S: what a table by family groups by."""
    down, right = maze.goal[0] - maze.start[0], maze.goal[1] - maze.start[1]
    return {-1: "north", 0: "", 1: "south"}[_sign(down)] + {-1: "west", 0: "", 1: "east"}[_sign(right)]


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
