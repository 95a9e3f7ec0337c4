"""The answers of a puzzle as another solver has them: CP-SAT, from models written for it."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise, product
from typing import Protocol

from ortools.sat.python import cp_model

from rungwise.contracts.clue.space import attributes, owners
from rungwise.contracts.clue.tree import (
    CULPRIT,
    VICTIM,
    Answer,
    At,
    Beside,
    Category,
    Compound,
    Element,
    Formula,
    Is,
    Left,
    Literal,
    Met,
    Moves,
    Next,
    Op,
    Puzzle,
    Shape,
    Slot,
    With,
)

Bool = cp_model.IntVar  # of 0 and 1


class Model(Protocol):
    cp: cp_model.CpModel

    def true(self, literal: Literal) -> Bool:
        """Whether it is so, whatever `literal.holds` says."""

    def options(self, slot: Slot) -> Sequence[Bool]:
        """Of each number whether it is the answer."""


def by_cp_sat(puzzle: Puzzle) -> list[Answer]:
    """The answers, of which at most two are looked for."""
    model: Model = Night(puzzle.shape) if puzzle.shape.kind == "moments" else Rows(puzzle.shape)
    for clue in puzzle.clues:
        _state(model, clue)
    asked = [model.options(slot) for slot in puzzle.slots]
    answers: list[Answer] = []
    checker = cp_model.CpSolver()
    checker.parameters.num_workers = 1
    while len(answers) < 2 and checker.solve(model.cp) == cp_model.OPTIMAL:
        answers.append(tuple([checker.value(one) for one in row].index(1) for row in asked))
        model.cp.add_bool_or(row[number].negated() for row, number in zip(asked, answers[-1], strict=True))
    return answers


def _state(model: Model, clue: Formula) -> None:
    if not isinstance(clue, Compound):
        model.cp.add(_said(model, clue) == 1)
        return
    one, other = _said(model, clue.first), _said(model, clue.second)
    if clue.op is Op.OR:
        model.cp.add(one + other >= 1)
    elif clue.op is Op.ONE:
        model.cp.add(one + other == 1)
    elif clue.op is Op.THEN:
        model.cp.add(one <= other)
    else:
        model.cp.add(one == other)


def _said(model: Model, literal: Literal) -> Bool:
    true = model.true(literal)
    return true if literal.holds else true.negated()


# ---- crime and zebra: each element has a number, its owner's or its house's ----


class Rows:
    def __init__(self, shape: Shape) -> None:
        self.shape, self.cp = shape, cp_model.CpModel()
        self.groups: dict[Element, cp_model.IntVar] = {}
        for category in attributes(shape):
            row = [Element(category, number) for number in range(shape.size)]
            self.groups.update({one: self.cp.new_int_var(0, shape.size - 1, str(one)) for one in row})
            self.cp.add_all_different(self.groups[one] for one in row)
        for number in range(shape.size):
            self.groups[Element(owners(shape), number)] = self.cp.new_constant(number)
        self.groups[CULPRIT] = self.cp.new_int_var(0, shape.size - 1, "culprit")

    def true(self, literal: Literal) -> Bool:
        assert isinstance(literal, Is | Next | Left)
        low, high = {Is: (0, 0), Next: (-1, 1), Left: (1, 1)}[type(literal)]
        return self._apart(literal.first, literal.second, low, high)

    def options(self, slot: Slot) -> list[Bool]:
        return [self._apart(slot.subject, Element(slot.category, n), 0, 0) for n in range(self.shape.size)]

    def _apart(self, first: Element, second: Element, low: int, high: int) -> Bool:
        """Whether the second is so far right of the first: one of the two ends (0 is next to neither)."""
        true, apart = self.cp.new_bool_var(""), self.groups[second] - self.groups[first]
        between = cp_model.Domain.from_values([low, high])
        self.cp.add_linear_expression_in_domain(apart, between).only_enforce_if(true)
        self.cp.add_linear_expression_in_domain(apart, between.complement()).only_enforce_if(true.negated())
        return true


# ---- moments: a Boolean for each piece, time and room ----


class Night:
    def __init__(self, shape: Shape) -> None:
        self.shape, self.cp = shape, cp_model.CpModel()
        self.times, self.rooms = range(shape.times), range(shape.rooms)
        self.suspects, self.weapons = range(1, 1 + shape.size), range(1 + shape.size, 1 + shape.size + shape.weapons)
        self.there = {key: self.cp.new_bool_var("") for key in product(self._pieces(), self.times, self.rooms)}
        for piece, time in product(self._pieces(), self.times):
            self.cp.add_exactly_one(self.there[piece, time, room] for room in self.rooms)
        self._walk()
        self.cp.add_exactly_one(self.crimes.values())
        for time in self.times[1:]:  # the dead lie still
            before = self._any(true for (_, _, when), true in self.crimes.items() if when < time)
            self.cp.add(self._moved(VICTIM, time - 1) == 0).only_enforce_if(before)
        numbers = range(shape.size)
        self.has = {key: self.cp.new_bool_var("") for key in product(numbers, numbers if shape.motives else ())}
        for number in numbers if shape.motives else ():
            self.cp.add_exactly_one(self.has[number, other] for other in numbers)
            self.cp.add_exactly_one(self.has[other, number] for other in numbers)

    def _pieces(self) -> range:
        return range(1 + self.shape.size + self.shape.weapons)

    def _next_door(self, room: int, other: int) -> bool:
        down, across = (abs(a - b) for a, b in zip(self._place(room), self._place(other), strict=True))
        return down + across == 1

    def _place(self, room: int) -> tuple[int, int]:
        return divmod(room, self.shape.columns)

    def _walk(self) -> None:
        steps = [(a, b) for a, b in product(self.rooms, self.rooms) if a != b]
        for piece, (before, after), (a, b) in product(self._pieces(), pairwise(self.times), steps):
            goes = self._all(self.there[piece, before, a], self.there[piece, after, b])
            if piece not in self.weapons:
                if not self._next_door(a, b):
                    self.cp.add(goes == 0)
            else:
                with_it = [self._all(self.there[s, before, a], self.there[s, after, b]) for s in self.suspects]
                self.cp.add_bool_or([goes.negated(), *(with_it if self.shape.carried else ())])

    @cached_property
    def crimes(self) -> dict[tuple[int, int, int], Bool]:
        """Of each suspect, weapon and time whether these were alone with the victim then."""
        found = {}
        for time in self.times:
            by = {piece: self._together(piece, 0, time) for piece in self._pieces()[1:]}
            for suspect, weapon in product(self.suspects, self.weapons):
                absent = [true.negated() for piece, true in by.items() if piece not in (suspect, weapon)]
                found[suspect, weapon, time] = self._all(by[suspect], by[weapon], *absent)
        return found

    def true(self, literal: Literal) -> Bool:
        if isinstance(literal, Is):
            return self._is(literal.first, literal.second)
        if isinstance(literal, At):
            return self._at(literal.piece, literal.time, literal.room)
        if isinstance(literal, Moves):
            return self._moved(literal.piece, literal.time)
        assert isinstance(literal, With | Met | Beside)
        first, second = literal.first, literal.second
        if isinstance(literal, Met):
            return self._any(self._both(first, second, time, literal.room, literal.room) for time in self.times)
        if isinstance(literal, With):
            return self._any(self._both(first, second, literal.time, room, room) for room in self.rooms)
        step = {"n": (-1, 0), "s": (1, 0), "w": (0, -1), "e": (0, 1)}[literal.side]
        sides = [
            (a, b) for a, b in product(self.rooms, self.rooms)
            if self._place(a) == tuple(x + y for x, y in zip(self._place(b), step, strict=True))
        ]  # fmt: skip
        return self._any(self._both(first, second, literal.time, a, b) for a, b in sides)

    def options(self, slot: Slot) -> list[Bool]:
        if slot.time is not None:
            return [self._at(slot.subject, slot.time, room) for room in self.rooms]
        many = {Category.WEAPON: self.weapons, Category.ROOM: self.rooms, Category.TIME: self.times}
        numbers = range(len(many.get(slot.category, self.suspects)))
        return [self._is(slot.subject, Element(slot.category, number)) for number in numbers]

    def _is(self, first: Element, second: Element) -> Bool:
        number = second.number
        if first.category is Category.SUSPECT:
            return self.has[first.number, number]
        if second.category is Category.MOTIVE:
            return self._any(self._all(self._did(s), self.has[s - 1, number]) for s in self.suspects)
        if second.category is Category.ROOM:
            return self._any(self._all(true, self.there[0, key[2], number]) for key, true in self.crimes.items())
        part, shift = {
            Category.SUSPECT: (0, 1), Category.WEAPON: (1, 1 + self.shape.size), Category.TIME: (2, 0),
        }[second.category]  # fmt: skip
        return self._any(true for key, true in self.crimes.items() if key[part] == number + shift)

    def _did(self, piece: int) -> Bool:
        return self._any(true for key, true in self.crimes.items() if piece in key[:2])

    def _at(self, piece: Element, time: int, room: int) -> Bool:
        number = piece.number
        if piece.category in (Category.VICTIM, Category.SUSPECT, Category.WEAPON):
            first = {Category.VICTIM: 0, Category.SUSPECT: 1, Category.WEAPON: 1 + self.shape.size}[piece.category]
            return self.there[first + number, time, room]
        those = self.weapons if piece.category is Category.TOOL else self.suspects
        meant = {p: self.has[p - 1, number] if piece.category is Category.MOTIVE else self._did(p) for p in those}
        return self._any(self._all(true, self.there[p, time, room]) for p, true in meant.items())

    def _both(self, first: Element, second: Element, time: int, here: int, there: int) -> Bool:
        return self._all(self._at(first, time, here), self._at(second, time, there))

    def _together(self, piece: int, other: int, time: int) -> Bool:
        rooms = (self._all(self.there[piece, time, room], self.there[other, time, room]) for room in self.rooms)
        return self._any(rooms)

    def _moved(self, piece: Element, time: int) -> Bool:
        goes = (pair for pair in product(self.rooms, self.rooms) if pair[0] != pair[1])
        return self._any(self._all(self._at(piece, time, a), self._at(piece, time + 1, b)) for a, b in goes)

    def _all(self, *those: Bool) -> Bool:
        true = self.cp.new_bool_var("")
        self.cp.add_bool_and(those).only_enforce_if(true)
        self.cp.add_bool_or([true, *(one.negated() for one in those)])
        return true

    def _any(self, those: Iterable[Bool]) -> Bool:
        true, those = self.cp.new_bool_var(""), list(those)
        self.cp.add_bool_or(those).only_enforce_if(true)
        for one in those:
            self.cp.add_implication(one, true)
        return true
