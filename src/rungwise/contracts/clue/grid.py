"""The way to a crime's or zebra's answer in lines: what follows step by step, and what must be assumed where it stops.

1. The clues are propagated (steps.py), the cheapest step first, until every question has its answer.
2. Where that is not enough, something is assumed and propagated to a contradiction; its negation is a line, and so is,
   as "if this, then that", what was derived on the way. Of what can be refuted, the one that leads to the answer and
   has the shortest refutation is taken. candidates.py tells in a moment which can.
3. Where nothing can be refuted so, refutations with an assumption inside are tried, then with two. Of what hangs on
   two assumptions only the result is a line: "if the first, then not the second".
4. Of all lines, those that the answer needs are kept. A proof tells them once more, each behind its reasons.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from rungwise.contracts.clue import candidates
from rungwise.contracts.clue.candidates import Clause, State
from rungwise.contracts.clue.solver import Solved, fact, solve
from rungwise.contracts.clue.steps import Chain, Clauses, Known, Proof
from rungwise.contracts.clue.tree import Category, Compound, Derivation, Formula, Is, Op, Puzzle

DEEPEST = 2  # assumptions inside an assumption
TRIED = 20_000  # assumptions in all: some seconds
AT_ONCE = 12  # that can be refuted, among which the shortest refutation is looked for
PLAIN = (Category.CULPRIT, Category.SUSPECT, Category.HOUSE)  # whose facts link no two attributes

Refuted = tuple[int, Known]  # what was assumed, and why it fails


@dataclass
class Level:
    """A chain of steps, and what candidates.py makes of the same clues and assumptions."""

    chain: Chain
    state: State


def derive(puzzle: Puzzle) -> Derivation:
    """A puzzle without one answer, or one that asks for more or deeper assumptions, has no lines."""
    clauses = Clauses(puzzle.shape, puzzle.clues)
    rules = candidates.rules_of(clauses.board, puzzle.clues)
    questions = [_literals(puzzle, clauses, place) for place in range(len(puzzle.slots))]
    level = Level(Chain(clauses, Proof(), questions), candidates.begun(clauses.board, rules) or [])
    splitting = _Splitting(clauses, rules, questions)
    failed = not level.state or level.chain.run() is not None
    while level.chain.open and not failed:
        found = splitting.refuted(level, 0)
        if found is None and isinstance(solve(puzzle), Solved):  # else every assumption would be tried in vain
            deeper = (splitting.refuted(level, depth) for depth in range(1, DEEPEST + 1))
            found = next(filter(None, deeper), None)
        failed = found is None or splitting.concluded(level, found) is not None
    return _told(puzzle, level.chain, [] if failed else questions)


def assumes(puzzle: Puzzle) -> bool:
    """Whether the answer asks for an assumption: what `splits` of the derivation says, many times faster."""
    board = candidates.board(puzzle.shape)
    state = candidates.begun(board, candidates.rules_of(board, puzzle.clues)) or list(board.start)
    return any((state[board.place(slot.subject)] & board.block(slot.category)).bit_count() > 1 for slot in puzzle.slots)


def _literals(puzzle: Puzzle, clauses: Clauses, place: int) -> list[int]:
    """Of a question, the literals that would answer it."""
    slot = puzzle.slots[place]
    facts = (fact(slot, number) for number in range(puzzle.shape.size))
    return [clauses.literal(candidates.atom(clauses.board, one)) for one in facts]


class _Splitting:
    """What is assumed, and refuted, in one puzzle."""

    def __init__(self, clauses: Clauses, rules: Sequence[Clause], questions: Sequence[Sequence[int]]) -> None:
        self.clauses, self.rules, self.questions = clauses, rules, questions
        in_clues = {side for clause in clauses.own for literal in clause for side in (literal, literal ^ 1)}
        answers = [literal for one in questions for literal in one]
        near = dict.fromkeys((*answers, *sorted(in_clues)))
        far = (literal for literal in range(0, 2 * len(clauses.said), 2) if literal not in near)
        self.pools = (tuple(near), tuple(far))
        self.left = TRIED

    def assumed(self, state: State, literal: int) -> State | None:
        self.left -= 1
        atom = candidates.atom(self.clauses.board, self.clauses.formula(literal))
        return candidates.assume(self.clauses.board, state, self.rules, atom)

    def refuted(self, level: Level, depth: int) -> Refuted | None:
        """Something that fails when it is assumed, with so many assumptions inside."""
        for pool in self.pools:
            guesses = (one for one in pool if one not in level.chain.known and one ^ 1 not in level.chain.known)
            found = self._deep(level, guesses, depth) if depth else self._short(level, guesses)
            if found:
                return found
        return None

    def _short(self, level: Level, guesses: Iterator[int]) -> Refuted | None:
        """Of what can be refuted, what leads to the answer if anything does, by the shortest way."""
        failing = [one for one in guesses if self.assumed(level.state, one) is None]
        finishing = [one for one in failing if self._finishes(level, one)]
        best: Refuted | None = None
        for literal in (finishing or failing)[:AT_ONCE]:
            most = best[1].lines.bit_count() - 1 if best else None
            known = level.chain.assuming(literal).run(most)
            if known is not None and (most is None or known.lines.bit_count() <= most):
                best = literal, known
        return best

    def _finishes(self, level: Level, literal: int) -> bool:
        """Whether every question has its answer as soon as the literal is refuted."""
        state = self.assumed(level.state, literal ^ 1)
        return state is not None and all(any(self._decided(state, one) for one in slot) for slot in self.questions)

    def _decided(self, state: State, literal: int) -> bool:
        first, second = self.clauses.rules.pairs[literal >> 1]
        return state[second] & self.clauses.board.block_at(first) == 1 << first

    def _deep(self, level: Level, guesses: Iterator[int], depth: int) -> Refuted | None:
        for literal in guesses:
            if self.left < 0:
                return None
            state = self.assumed(level.state, literal)
            inside = Level(level.chain.assuming(literal), state or [])
            known = inside.chain.run()
            while known is None:
                found = self.refuted(inside, depth - 1)
                if found is None:
                    break
                known = self.concluded(inside, found)
            if known is not None:
                return literal, known
        return None

    def concluded(self, level: Level, found: Refuted) -> Known | None:
        """Goes on with what was refuted negated; returns why that contradicts itself, where it does."""
        literal, known = found
        level.chain.wait(literal ^ 1, known, split=True)
        level.state = self.assumed(level.state, literal ^ 1) or []
        return level.chain.run()


# ---- what is told ----


def _told(puzzle: Puzzle, chain: Chain, questions: Sequence[Sequence[int]]) -> Derivation:
    known = [chain.known[literal] for slot in questions for literal in slot if literal in chain.known]
    needed = 0
    for one in known:
        needed |= one.lines
    places = [place for place in range(needed.bit_length()) if needed >> place & 1]
    clauses, proof = chain.clauses, chain.proof
    lines = dict.fromkeys(_line(clauses, *proof.lines[place]) for place in places)
    told = _Proof(chain)
    for one in known:
        told.answer(one)
    plain = [clue for clue in puzzle.clues if isinstance(clue, Is) and clue.first.category in PLAIN]
    return Derivation(
        lines=tuple(line for line in lines if line not in puzzle.clues),
        proof=tuple(told.lines),
        rounds=max((one.depth for one in known), default=0),
        splits=sum(proof.split[place] for place in places),
        indirect=(len(puzzle.clues) - len(plain)) / len(puzzle.clues) if puzzle.clues else 0.0,
        left=_left(puzzle, clauses.board, plain),
    )


class _Proof:
    """Lines of which each follows at once from those just above it: they are said again where they are not."""

    def __init__(self, chain: Chain) -> None:
        self.clauses, self.proof = chain.clauses, chain.proof
        self.lines: list[Formula] = []
        self.done: set[int] = set()

    def answer(self, known: Known) -> None:
        for one in known.said():
            if isinstance(one, int):
                self._tell(one)
            elif one not in self.lines:
                self.lines.append(one)

    def _tell(self, place: int) -> None:
        if place in self.done:
            return
        self.done.add(place)
        because = self.proof.known[place].because()
        lines = [one for one in because if isinstance(one, int)]
        for one in lines:
            self._tell(one)
        reasons = [one for one in because if not isinstance(one, int)] + [self._said(one) for one in lines]
        near = self.lines[-len(reasons) :] if reasons else []
        self.lines += [one for one in reasons if one not in near]
        self.lines.append(self._said(place))

    def _said(self, place: int) -> Formula:
        return _line(self.clauses, *self.proof.lines[place])


def _line(clauses: Clauses, assumed: tuple[int, ...], literal: int) -> Formula:
    derived = clauses.formula(literal)
    return Compound(clauses.formula(assumed[0]), Op.THEN, derived) if assumed else derived


def _left(puzzle: Puzzle, board: candidates.Board, plain: Sequence[Is]) -> int:
    """Answers that the plain facts leave, by what propagation makes of them."""
    state = candidates.begun(board, candidates.rules_of(board, plain)) or list(board.start)
    blocks = (state[board.place(slot.subject)] & board.block(slot.category) for slot in puzzle.slots)
    return prod(block.bit_count() for block in blocks)
