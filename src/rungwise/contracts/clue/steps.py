"""Propagation in single steps, each with its reasons, the cheapest first (crime, zebra).

1. Whether two elements belong together is a variable; so is every "next to" and "left of" that a clue speaks of. A
   literal is twice its variable, one more where it is negated. All rules are clauses: one of each, elimination,
   transitivity; next to and left of by houses; the clues themselves. Disjoint candidates are looked at by hand.
2. A literal costs as many lines as its proof has, so what is cheap is derived first and proofs are short. A proof is
   the set of its lines, as bits. What is given costs nothing; nor does "then it is none of the others", which is seen
   at a glance and is no line.
3. The rules are those of candidates.py, which tells in a moment what can be derived; here, how.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import lru_cache
from heapq import heappop, heappush
from itertools import combinations, count
from typing import NamedTuple

from rungwise.contracts.clue import candidates
from rungwise.contracts.clue.candidates import Atom
from rungwise.contracts.clue.space import together
from rungwise.contracts.clue.tree import CULPRIT, Compound, Element, Formula, Is, Literal, Next, Shape

ALWAYS, NEVER = -1, -2  # literals without a variable, each the other's negation: an element is itself, and no other


@dataclass(frozen=True)
class Rules:
    """The clauses of all puzzles of a shape. The first `silent` of them say that nothing belongs to two of a kind."""

    board: candidates.Board
    pairs: tuple[tuple[int, int], ...]  # of places, for each variable; the lesser first
    variables: dict[tuple[int, int], int]
    literals: tuple[Is, ...]  # of each variable
    clauses: tuple[tuple[int, ...], ...]
    silent: int
    failing: tuple[tuple[int, ...], ...]  # for each literal the clauses in which it fails one

    def equal(self, first: int, second: int) -> int:
        """The literal that two places belong together."""
        if first == second:
            return ALWAYS
        variable = self.variables.get((min(first, second), max(first, second)))
        return NEVER if variable is None else 2 * variable


@lru_cache(maxsize=16)
def rules(shape: Shape) -> Rules:
    board = candidates.board(shape)
    blocks = _blocks(board)
    proper = [block for block in blocks if len(block) > 1]
    elements = {board.place(one): one for one in _elements(board)}
    pairs = [(x, y) for one, other in combinations(blocks, 2) for x in one for y in other]
    variables = {(x, y): number for number, (x, y) in enumerate(pairs)}

    def equal(x: int, y: int) -> int:
        return 2 * variables[min(x, y), max(x, y)]

    silent: list[tuple[int, ...]] = []
    clauses: list[tuple[int, ...]] = []
    for block in proper:
        for x in (place for other in blocks if other is not block for place in other):
            options = [equal(x, y) for y in block]
            silent.extend((one + 1, other + 1) for one, other in combinations(options, 2))
            clauses.append(tuple(options))
    for three in combinations(blocks, 3):
        for x, y, z in ((x, y, z) for x in three[0] for y in three[1] for z in three[2]):
            xy, yz, xz = equal(x, y), equal(y, z), equal(x, z)
            clauses += [(xy + 1, yz + 1, xz), (xy + 1, xz + 1, yz), (yz + 1, xz + 1, xy)]
    every = (*silent, *clauses)
    literals = tuple(together(elements[x], elements[y]) for x, y in pairs)
    return Rules(board, tuple(pairs), variables, literals, every, len(silent), _failing(every, 2 * len(pairs)))


def _blocks(board: candidates.Board) -> list[list[int]]:
    """The places of each category."""
    size = board.shape.size
    return [
        [offset] if category == CULPRIT.category else list(range(offset, offset + size))
        for category, offset in board.offsets.items()
    ]


def _elements(board: candidates.Board) -> Iterator[Element]:
    for category in board.offsets:
        numbers = 1 if category == CULPRIT.category else board.shape.size
        yield from (Element(category, number) for number in range(numbers))


def _failing(clauses: Iterable[Sequence[int]], literals: int) -> tuple[tuple[int, ...], ...]:
    found: list[list[int]] = [[] for _ in range(literals)]
    for number, clause in enumerate(clauses):
        for literal in clause:
            found[literal ^ 1].append(number)
    return tuple(map(tuple, found))


# ---- the clues of one puzzle ----


class Clauses:
    """The rules and the clues of a puzzle, and what else is a variable in it."""

    def __init__(self, shape: Shape, clues: Iterable[Formula]) -> None:
        self.rules = rules(shape)
        self.board = self.rules.board
        self.atoms: dict[tuple[type, int, int], int] = {}  # next to, left of: their variables
        self.said: list[Literal] = list(self.rules.literals)  # what each variable says
        self.own: list[tuple[int, ...]] = []
        self.failing: dict[int, list[int]] = {}  # as in Rules, of the puzzle's own clauses
        self.sources: list[Formula | None] = []  # of each of them, the clue
        self.given: list[tuple[int, Formula | None]] = []  # literals, and the clue
        for clue in clues:
            for clause in candidates.clauses(self.board, clue):
                self._add([self.literal(atom) for atom in clause], clue)

    def clause(self, number: int) -> tuple[int, ...]:
        of_all = self.rules.clauses
        return of_all[number] if number < len(of_all) else self.own[number - len(of_all)]

    def source(self, number: int) -> Formula | None:
        own = number - len(self.rules.clauses)
        return self.sources[own] if own >= 0 else None

    def formula(self, literal: int) -> Literal:
        said = self.said[literal >> 1]
        return replace(said, holds=False) if literal & 1 else said

    def literal(self, atom: Atom) -> int:
        if atom.kind is Is:
            literal = self.rules.equal(atom.first, atom.second)
        else:
            literal = 2 * self._neighbours(atom.kind, atom.first, atom.second)
        return literal if atom.holds else literal ^ 1

    def _add(self, clause: Iterable[int], clue: Formula | None = None) -> None:
        clause = set(clause) - {NEVER}
        if ALWAYS in clause:
            return
        if len(clause) < 2:
            self.given.extend((literal, clue) for literal in clause or (0, 1))
            return
        for literal in clause:
            self.failing.setdefault(literal ^ 1, []).append(len(self.rules.clauses) + len(self.own))
        self.own.append(tuple(sorted(clause)))
        self.sources.append(clue)

    def _neighbours(self, kind: type, first: int, second: int) -> int:
        """The variable that one stands next to, or just left of, the other; with clauses house by house."""
        if (kind, first, second) in self.atoms:
            return self.atoms[kind, first, second]
        variable = self.atoms[kind, first, second] = len(self.said)
        elements = {self.board.place(one): one for one in _elements(self.board)}
        self.said.append(kind(elements[first], elements[second]))
        at, size = self.rules.equal, self.board.shape.size
        for house in range(size):
            right = [other for other in (house + 1,) if other < size]
            left = [other for other in (house - 1,) if other >= 0]
            after, before = (left + right, left + right) if kind is Next else (right, left)
            here, there = at(first, house) ^ 1, at(second, house) ^ 1
            self._add([2 * variable + 1, here, *(at(second, other) for other in after)])
            self._add([2 * variable + 1, there, *(at(first, other) for other in before)])
            for other in after:
                self._add([2 * variable, here, at(second, other) ^ 1])
        return variable


# ---- what follows ----


class Known(NamedTuple):
    """A literal's proof: its lines as bits, how many of them hang on one another, and the last step of it."""

    lines: int
    depth: int
    reasons: tuple["Known", ...] = ()
    clue: Formula | None = None  # that the step is by
    place: int = -1  # of the line that says it, where one does

    def said(self) -> tuple[int | Formula, ...]:
        """What to name where this is a reason: its line's place; where no line says it, the clues and lines behind."""
        return (self.place,) if self.place >= 0 else self.because()

    def because(self) -> tuple[int | Formula, ...]:
        own = () if self.clue is None else (self.clue,)
        return tuple(dict.fromkeys((*own, *(one for reason in self.reasons for one in reason.said()))))


class Proof:
    """The lines of one puzzle's proofs in the order they were derived: what was assumed, and what follows."""

    def __init__(self) -> None:
        self.lines: list[tuple[tuple[int, ...], int]] = []
        self.split: list[bool] = []  # whether the line came out of a contradiction
        self.known: list[Known] = []

    def add(self, assumed: tuple[int, ...], literal: int, split: bool, known: Known) -> Known:
        place = len(self.lines)
        self.lines.append((assumed, literal))
        self.split.append(split)
        self.known.append(known._replace(lines=known.lines | 1 << place, depth=known.depth + 1, place=place))
        return self.known[-1]


class Chain:
    """What is known, with or without something assumed, and what can be known next."""

    def __init__(self, clauses: Clauses, proof: Proof, questions: Sequence[Iterable[int]]) -> None:
        """Of each question, the literals that would answer it."""
        self.clauses, self.proof = clauses, proof
        self.answers = {literal: number for number, one in enumerate(questions) for literal in one}
        self.open = set(range(len(questions)))
        self.known: dict[int, Known] = {}
        self.left = [len(one) for one in (*clauses.rules.clauses, *clauses.own)]  # of each clause, what has not failed
        self.apart = [0] * len(clauses.board.start)  # for each place, the places that do not belong to it
        self.waiting: list[tuple[int, int, int, int, bool, bool, int, Known]] = []  # the cheapest first
        self.order = count()
        self.disjoint: set[int] = set()  # what waits for having no candidate in common
        self.assumed: tuple[int, ...] = ()
        for literal, clue in clauses.given:
            self.wait(literal, Known(0, 0, (), clue), silent=clue is not None and not isinstance(clue, Compound))

    def assuming(self, literal: int) -> "Chain":
        """Until it contradicts itself: no question is looked at."""
        other = copy(self)
        other.answers, other.open, other.waiting = {}, {0}, []
        other.known, other.left, other.apart = self.known.copy(), self.left.copy(), self.apart.copy()
        other.disjoint = set()
        other.assumed = (*self.assumed, literal)
        other.wait(literal, Known(0, 0), silent=True)
        return other

    def wait(self, literal: int, known: Known, *, silent: bool = False, split: bool = False) -> None:
        cost = known.lines.bit_count()
        heappush(self.waiting, (cost, literal, known.lines, known.depth, silent, split, next(self.order), known))

    def run(self, most: int | None = None) -> Known | None:
        """Derives until every question has its answer or nothing follows; or returns why it contradicts itself, where
        that takes no more than so many lines."""
        while self.waiting and self.open and (most is None or self.waiting[0][0] <= most):
            _, literal, _, _, silent, split, _, known = heappop(self.waiting)
            if literal in self.known:
                continue
            if literal ^ 1 in self.known:
                other = self.known[literal ^ 1]
                return Known(known.lines | other.lines, max(known.depth, other.depth), (known, other))
            if not silent and len(self.assumed) < 2:  # what hangs on two assumptions cannot be said in a line
                known = self.proof.add(self.assumed, literal, split, known)
            self.known[literal] = known
            self.open.discard(self.answers.get(literal, -1))
            self._follow(literal)
        return None

    def _follow(self, literal: int) -> None:
        rules, left = self.clauses.rules, self.left
        static = rules.failing[literal] if literal < len(rules.failing) else ()
        for number in (*static, *self.clauses.failing.get(literal, ())):
            left[number] -= 1
            if left[number] == 1:
                self._last(number)
        if literal & 1 and literal < len(rules.failing):
            one, other = rules.pairs[literal >> 1]
            self.apart[one] |= 1 << other
            self.apart[other] |= 1 << one
            self._disjoint(one, other)
            self._disjoint(other, one)

    def _last(self, number: int) -> None:
        """All of the clause but one has failed."""
        known, clause = self.known, self.clauses.clause(number)
        rest = next(literal for literal in clause if literal ^ 1 not in known)
        if rest in known:
            return
        lines = depth = 0
        reasons = tuple([known[literal ^ 1] for literal in clause if literal != rest])
        for why in reasons:
            lines |= why.lines
            if why.depth > depth:
                depth = why.depth
        silent = number < self.clauses.rules.silent
        self.wait(rest, Known(lines, depth, reasons, self.clauses.source(number)), silent=silent)

    def _disjoint(self, one: int, gone: int) -> None:
        """What has no candidate in common with the one, in the category of what has just gone."""
        apart, block = self.apart, self.clauses.board.block_at(gone)
        mine, bit = apart[one], 1 << one
        if not block or mine & block == block:
            return
        for other in self.clauses.board.elements:
            theirs = apart[other]
            if (mine | theirs) & block == block and theirs & block != block and not theirs & bit:
                literal = self.clauses.rules.equal(one, other) ^ 1
                if literal >= 0 and literal not in self.disjoint:
                    self.disjoint.add(literal)
                    self.wait(literal, self._apart(one, other, block))

    def _apart(self, one: int, other: int, block: int) -> Known:
        equal, lines, depth, reasons = self.clauses.rules.equal, 0, 0, list[Known]()
        while block:
            place = (block & -block).bit_length() - 1
            block &= block - 1
            whys = [self.known[equal(side, place) ^ 1] for side in (one, other) if self.apart[side] >> place & 1]
            why = min(whys, key=lambda why: (why.lines | lines).bit_count()) if len(whys) > 1 else whys[0]
            lines, depth = lines | why.lines, max(depth, why.depth)
            reasons.append(why)
        return Known(lines, depth, tuple(reasons))
