"""Shapes: graphs of facts without numbers, drawn at random. The last fact is what is asked.

A shape grows stage by stage. A stage is a run of facts of one expert, each of which takes what the one before came to;
where a fact takes two amounts, the second is a new one or one that is there already. A shape is kept where its gold
trace has as many blocks as there are stages.
"""

import random
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rungwise.contracts.trace.gold import cut
from rungwise.contracts.trace.relations import MEASURES, OF_KIND, RELATIONS, SMALLER, Fact, Relation

OFTEN: Mapping[str, int] = {  # how often a relation is drawn beside the others of its expert
    "times": 5, "more": 2, "less": 2, "fraction": 4, "packs": 1, "gain": 3, "consume": 3, "give": 1, "receive": 1,
    "pct_of": 1, "pct_off": 1, "pct_up": 1, "amount": 2, "amount_for": 2, "duration": 2, "pace": 2, "groups": 2,
    "price": 3, "share": 2, "total": 4, "rest": 3, "convert": 9,
}  # fmt: skip
EXPERTS: Mapping[str, int] = {  # and an expert
    "arithmetic": 10, "comparison": 10, "entity_track": 6, "percentage": 2, "rate_equation": 4,
}  # fmt: skip
GIVEN_KINDS = {"thing": 8, "money": 4, "made": 2, "miles": 2, "time": 2, "week": 2, "feet": 2, "pound": 2}
BY_EXPERT: Mapping[str, tuple[Relation, ...]] = {
    expert: tuple(one for one in RELATIONS.values() if one.expert == expert) for expert in EXPERTS
}
MONEY: Mapping[str, tuple[str, ...]] = {  # by how it comes about
    "price": ("dollars.pays", "dollars.earns"), "amount": ("dollars.earns",), "amount_for": ("dollars.earns",),
}  # fmt: skip


class Shape(NamedTuple):
    """Facts without numbers. Of a leaf that stands with another amount in a fact: what it must be to it."""

    facts: tuple[Fact, ...]
    fits: Mapping[int, tuple[str, int]]

    @property
    def query(self) -> int:
        return len(self.facts) - 1


def shape(experts: Sequence[str], computes: int, rng: random.Random) -> Shape | None:
    """A shape with these experts in this order, so many facts that compute; None where it did not come out."""
    growing = _Growing(rng)
    cuts = sorted(rng.sample(range(1, computes), len(experts) - 1))
    for expert, begin, end in zip(experts, (0, *cuts), (*cuts, computes), strict=True):
        if not growing.stage(expert, end - begin):
            return None
    facts = tuple(growing.facts)
    own = cut(facts, len(facts) - 1)
    if len(own) != computes or len(set(own.values())) != len(experts):
        return None
    return Shape(facts, growing.fits)


class _Growing:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.facts: list[Fact] = []
        self.closed: set[int] = set()  # amounts that an event has changed: nobody can speak of them any more
        self.fits: dict[int, tuple[str, int]] = {}
        self.people = 0
        self.theme: dict[str, str] = {}  # one measure a kind, so that amounts can meet

    def stage(self, expert: str, computes: int) -> bool:
        left = computes
        if not self.facts:
            left -= self._begin(expert)
        while left > 0:
            if not self._grow(expert):
                return False
            left -= 1
        return left == 0

    def _begin(self, expert: str) -> int:
        """The first fact: one that computes from two numbers, or an amount that the expert can take."""
        sources = [one for one in BY_EXPERT[expert] if not one.takes]
        if sources and self.rng.random() < 0.5:
            self._fact(sources[0], self._measure(sources[0], self.rng.choice(sources[0].gives)), ())
            return 1
        takers = [one for one in BY_EXPERT[expert] if one.takes]
        kinds = [kind for kind in _drawn(takers, self.rng).takes if kind in GIVEN_KINDS]
        kind = self.rng.choices(kinds, [GIVEN_KINDS[one] for one in kinds])[0]
        measure = "dollars.has" if (kind, expert) == ("money", "entity_track") else self._measure(None, kind)
        self._fact(RELATIONS["holds"], measure, ())
        return 0

    def _grow(self, expert: str) -> bool:
        """One more fact, which takes the last."""
        last = len(self.facts) - 1
        measure = MEASURES[self.facts[last].measure]
        able = [one for one in BY_EXPERT[expert] if measure.kind in one.takes]
        if expert == "entity_track" and measure.has != "has":
            return False
        if not able:
            return False
        relation = _drawn(able, self.rng)
        bases = (last,) if relation.bases == 1 else self._beside(relation, last)
        kind = self.rng.choice(relation.gives) if relation.gives else ""
        found = self._measure(relation, kind, measure.noun, measure.has) if kind else self.facts[last].measure
        self._fact(relation, found, bases)
        return True

    def _beside(self, relation: Relation, last: int) -> tuple[int, int]:
        """The last amount, and another of its measure."""
        measure = self.facts[last].measure
        known = [
            at for at, fact in enumerate(self.facts[:last])
            if fact.measure == measure and at not in self.closed and at not in self.facts[last].bases
        ]  # fmt: skip
        if known and not relation.event and self.rng.random() < 0.6:
            return self._ordered(relation, last, self.rng.choice(known))
        kind = MEASURES[measure].kind
        if kind in RELATIONS["groups"].gives and relation.name == "total" and self.rng.random() < 0.2:
            other = self._fact(RELATIONS["groups"], measure, ())
        else:
            other = self._fact(RELATIONS["holds"], measure, ())
            if relation.name in ("packs", "rest"):
                self.fits[other] = ("divides" if relation.name == "packs" else "below", last)
        return self._ordered(relation, last, other)

    def _ordered(self, relation: Relation, last: int, other: int) -> tuple[int, int]:
        swapped = relation.name == "receive" or (relation.name == "total" and self.rng.random() < 0.5)
        return (other, last) if swapped else (last, other)

    def _measure(self, relation: Relation | None, kind: str, noun: str = "", has: str = "has") -> str:
        if kind == "small":
            return f"{SMALLER[noun][0]}.{has}"
        if kind == "pace":
            return f"{noun} an hour.does"
        if kind == "money" and relation:
            return self.rng.choice(MONEY[relation.name])
        if relation and relation.name == "duration":
            return "hours.needs"
        return self.theme.setdefault(kind, self.rng.choice(OF_KIND[kind]))

    def _fact(self, relation: Relation, measure: str, bases: tuple[int, ...]) -> int:
        if relation.event:
            owner = self.facts[bases[relation.name == "receive"]].owner
            self.closed.update(bases)
        else:
            owner, self.people = self.people, self.people + 1
        self.facts.append(Fact(relation.name, owner, measure, bases))
        return len(self.facts) - 1


def _drawn(able: Sequence[Relation], rng: random.Random) -> Relation:
    return rng.choices(able, [OFTEN[one.name] for one in able])[0]


def neighbours(facts: Sequence[Fact]) -> set[tuple[str, str]]:
    """The pairs of relations of which one takes what the other computed."""
    return {
        (facts[base].relation, fact.relation)
        for fact in facts
        for base in fact.bases
        if facts[base].relation != "holds"
    }
