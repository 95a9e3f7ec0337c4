"""The judge: replays the moves and says how far they led.

It is pure (the same task and answer give the same verdict), total (any text gets a verdict, none raises) and bounded
(the answer's length is capped before it is read). A policy is trained to please this file, so pay for nothing that you
would not want to see done: here nothing but standing on G at the end passes, and lines are rationed so that wandering
about until G is met pays nothing.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rungwise.contract import Task, Verdict

from .language import DIRECTIONS, Move, parse, parse_line

FAILURES: Mapping[str, str] = {
    "unreadable": "one move a line: a direction, one space, 1-9 steps; nothing else, no direction twice running",
    "too_long": "use no more lines than the task allows",
    "wall": "go around the squares marked #",
    "off_grid": "stay on the grid",
    "not_there": "end on G, neither before it nor past it",
}
MAX_CHARS = 400
# What a path that does not arrive can earn at most, the more the nearer it ends: always less than half of passing.
NEAR_PAYS = 0.4
CRASH_PAYS = 0.2

Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Maze:
    """The facts of a task, typed."""

    rows: Sequence[str]
    start: Cell
    goal: Cell
    limit: int

    def at(self, cell: Cell) -> str | None:
        """The character on a square, None outside the grid."""
        row, column = cell
        inside = 0 <= row < len(self.rows) and 0 <= column < len(self.rows[0])
        return self.rows[row][column] if inside else None


@dataclass(frozen=True, slots=True)
class Trail:
    """Where the robot went. `fault` says what stopped it, in line number `line`, at the square `into`."""

    cells: tuple[Cell, ...]
    fault: str | None = None
    line: int = 0
    into: Cell | None = None


def judge(task: Task, answer: str) -> Verdict:
    maze = maze_of(task)
    if len(answer) > MAX_CHARS:
        return _unread("too_long", f"{len(answer)} characters; at most {MAX_CHARS} are read")
    moves = parse(answer)
    if moves is None:
        return _unread("unreadable", _unreadable_line(answer))
    if len(moves) > maze.limit:
        return _unread("too_long", f"{len(moves)} lines; at most {maze.limit} are allowed")
    return _verdict(maze, moves, replay(maze, moves))


def maze_of(task: Task) -> Maze:
    facts = task.facts
    return Maze(facts["grid"], tuple(facts["start"]), tuple(facts["goal"]), facts["limit"])


def replay(maze: Maze, moves: Sequence[Move]) -> Trail:
    """Square by square, to the end or to the first square that cannot be entered."""
    cells = [maze.start]
    for line, move in enumerate(moves, start=1):
        for _ in range(move.steps):
            into = beside(cells[-1], move.direction)
            square = maze.at(into)
            if square is None or square == "#":
                return Trail(tuple(cells), "off_grid" if square is None else "wall", line, into)
            cells.append(into)
    return Trail(tuple(cells))


def beside(cell: Cell, direction: str) -> Cell:
    down, right = DIRECTIONS[direction]
    return cell[0] + down, cell[1] + right


def distances(maze: Maze) -> dict[Cell, int]:
    """Steps to G from every square that can reach it."""
    found = {maze.goal: 0}
    queue = deque([maze.goal])
    while queue:
        cell = queue.popleft()
        for direction in DIRECTIONS:
            near = beside(cell, direction)
            if near not in found and maze.at(near) not in (None, "#"):
                found[near] = found[cell] + 1
                queue.append(near)
    return found


def _verdict(maze: Maze, moves: Sequence[Move], trail: Trail) -> Verdict:
    end = trail.cells[-1]
    failure = trail.fault or (None if end == maze.goal else "not_there")
    steps_left = distances(maze)
    near = max(0.0, 1 - steps_left[end] / steps_left[maze.start])
    return Verdict(
        score=1.0 if failure is None else near * (CRASH_PAYS if trail.fault else NEAR_PAYS),
        passed=failure is None,
        failure=failure,
        parts={"readable": 1.0, "unhurt": 0.0 if trail.fault else 1.0, "near": near},
        measures={"lines": len(moves), "cells": len(trail.cells) - 1},
        shape="".join(move.direction[0].upper() for move in moves),
        notes=() if failure is None else (_note(trail, end),),
    )


def _note(trail: Trail, end: Cell) -> str:
    if trail.into is None:
        return f"ends in {_place(end)}"
    return f"line {trail.line} {'hits the wall' if trail.fault == 'wall' else 'leaves the grid'} after {_place(end)}"


def _place(cell: Cell) -> str:
    return f"row {cell[0] + 1}, column {cell[1] + 1}"


def _unreadable_line(answer: str) -> str:
    for number, line in enumerate(answer.split("\n"), start=1):
        if parse_line(line) is None:
            return f"line {number} is not a move"
    return "one direction stands twice running"


def _unread(label: str, note: str) -> Verdict:
    parts = {"readable": float(label != "unreadable"), "unhurt": 0.0, "near": 0.0}
    return Verdict(score=0.0, passed=False, failure=label, parts=parts, notes=(note,))
