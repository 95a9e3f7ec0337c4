"""A night told in clues.

Clues are added until no other answer is left: each is one that the last world found with another answer breaks. Then
those that are not needed go, plain facts first. A clue is needed where a known world breaks it alone; else a search
says so, or names the clues that do without it. So every puzzle has one answer, and no clue to spare, by proof.
"""

import random
from collections.abc import Iterable, Mapping
from itertools import accumulate

from rungwise.contracts.clue.hints import Scene, differing, hint, mentioned, solution
from rungwise.contracts.clue.moments import crime, holds
from rungwise.contracts.clue.paths import TOO_LARGE, Search, TooLarge
from rungwise.contracts.clue.solver import Unique, answer_of, everything, fact
from rungwise.contracts.clue.tree import At, Category, Element, Formula, Is, Literal, Puzzle, Slot, World

HINTS = 40  # drawn for one that rules a world out, before a plain fact is taken
BUDGET = 4_000  # conflicts of one search; a puzzle that needs more is thrown away
THIRD = 3  # of each kind but plain facts there is about one clue in so many at most
# Clues that are needed speak of where it was done more than of other rooms. How often one that does is passed over, so
# that the room named most often is the answer not much more often than the one named least.
SHY = 0.65
# What is worth more is kept longer when clues go; between kinds that are near one another chance decides.
WORTH: Mapping[str, float] = {"is": -0.2, "at": -0.1, "motive": 0.0, "not": 0.1, "moves": 0.2, "beside": 0.2,
                              "with": 0.5, "met": 0.8}  # fmt: skip


class Telling:
    """The clues chosen so far, what stands for them in the search, and the worlds that they were chosen against."""

    def __init__(self, told: Scene, kinds: Mapping[str, float], rng: random.Random) -> None:
        self.told, self.shape, self.rng = told, told.shape, rng
        self.given = kinds.get("is", 0) / sum(kinds.values())
        self.kinds = [kind for kind in kinds if kind != "is"]
        self.sums = list(accumulate(kinds[kind] for kind in self.kinds))
        self.where = Element(Category.ROOM, crime(told.world, told.shape).where)
        self.search = Search(told.shape, told.world)
        self.clues: list[tuple[str, Formula]] = []
        self.guards: list[int] = []
        self._worth: list[float] = []
        self.asked: set[int] = set()
        self.others: list[World] = []

    def puzzle(self, unique: Unique, redundant: int, questions: int) -> Puzzle | None:
        facts = self._questions(questions)
        self.other = self.search.say_other(facts if unique == "answer" else self._everything())
        kept = self._needed() if self._add_until_unique() else None
        if kept is None:
            return None
        clues = [self.clues[one][1] for one in kept]
        self._add_redundant(clues, len(clues) + redundant)
        self.rng.shuffle(clues)
        return Puzzle(self.shape, tuple(clues), tuple(map(_slot, facts)))

    def _questions(self, count: int) -> list[Literal]:
        """What is asked, as facts; seldom one of the crime's is told instead."""
        facts = solution(self.shape, self.told.world)
        if self.rng.random() < self.given * len(facts):
            self._say("is", facts.pop(self.rng.randrange(len(facts))))
        places = [
            At(piece, room, time)
            for piece, row in self.told.direct
            for time, room in enumerate(self.told.world.paths[row])
            if time == 0 or self.shape.carried or piece.category is not Category.WEAPON
        ]
        facts += self.rng.sample(places, max(0, min(count - len(facts), len(places))))
        self.asked = {self.search.literal(one) for one in facts}
        return facts

    def _everything(self) -> list[Literal]:
        slots = everything(self.shape)
        return list(map(fact, slots, answer_of(self.told.world, self.shape, slots)))

    def _say(self, kind: str, clue: Formula) -> None:
        self.clues.append((kind, clue))
        self.guards.append(self.search.say(clue))
        self._worth.append(WORTH.get(kind, 0.0) + self.rng.random())

    # ---- clues are added ----

    def _add_until_unique(self) -> bool:
        while (other := self._find(range(len(self.clues)))) is not None:
            chosen = self._against(other) if other != TOO_LARGE else None
            if other == TOO_LARGE or chosen is None:
                return False
            self.others.append(other)
            self._say(*chosen)
        return True

    def _find(self, clues: Iterable[int]) -> World | TooLarge | None:
        """A world with another answer in which these clues hold; those worth least are the first to be blamed."""
        guards = [self.guards[one] for one in sorted(clues, key=lambda one: -self._worth[one])]
        return self.search.find([self.other, *guards], BUDGET)

    def _against(self, other: World) -> tuple[str, Formula] | None:
        """A clue that is true here and not there; where none was drawn, a plain fact, and else one of any kind."""
        plain = [("at", one) for one in differing(self.told, other) if self._is_new(one)]
        for _ in range(HINTS if plain else HINTS * HINTS):
            kind = self.rng.choices(self.kinds, cum_weights=self.sums)[0]
            clue = None if plain and self._many(kind) else self._hint(kind)
            if clue is not None and not holds(clue, other, self.shape):
                return kind, clue
        return self.rng.choice(plain) if plain else None

    def _many(self, kind: str) -> bool:
        there = sum(1 for one, _ in self.clues if one == kind)
        return kind != "at" and there * THIRD > len(self.clues)

    def _hint(self, kind: str) -> Formula | None:
        clue = hint(kind, self.told, self.rng)
        if clue is None or not self._is_new(clue):
            return None
        return None if self.where in mentioned(clue) and self.rng.random() < SHY else clue

    def _is_new(self, clue: Formula) -> bool:
        """Whether it is not what is asked."""
        return not isinstance(clue, At | Is) or self.search.literal(clue) not in self.asked

    def _add_redundant(self, clues: list[Formula], count: int) -> None:
        for _ in range(HINTS * (count - len(clues))):
            if len(clues) == count:
                return
            clue = self._hint(self.rng.choices(self.kinds, cum_weights=self.sums)[0])
            if clue is not None and clue not in clues:
                clues.append(clue)

    # ---- clues go ----

    def _needed(self) -> set[int] | None:
        kept = self._blamed()
        broken = [self._breaks(other) for other in self.others]
        for one in sorted(kept, key=self._worth.__getitem__):
            if one not in kept or any(clues & kept == {one} for clues in broken):
                continue
            other = self._find(kept - {one})
            if other == TOO_LARGE:
                return None
            if other is None:
                kept = self._blamed()
            else:
                broken.append(self._breaks(other))
        return kept

    def _blamed(self) -> set[int]:
        """The clues by which there is no world with another answer."""
        core = set(self.search.core)
        return {one for one, guard in enumerate(self.guards) if guard in core}

    def _breaks(self, other: World) -> set[int]:
        return {one for one, (_, clue) in enumerate(self.clues) if not holds(clue, other, self.shape)}


def _slot(fact: Literal) -> Slot:
    """What asks for the fact."""
    if isinstance(fact, At):
        return Slot(fact.piece, Category.ROOM, fact.time)
    assert isinstance(fact, Is)
    return Slot(fact.first, fact.second.category)
