"""The relations that problems are made of: typed facts, each with the operation that computes it.

A fact says of a person's amount (Mia's marbles, the hours that Ben works) how it comes from other amounts and from
numbers. Every fact is about a person of its own, but for the events of entity_track, which change what a person holds.

    holds                                       a number is given; no operation
    times more less fraction packs              comparison (packs: how many boxes of b hold a)
    gain consume give receive                   entity_track (a transfer, seen from the giver or from the taker)
    pct_of pct_off pct_up                       percentage
    amount amount_for duration pace             rate_equation (amount_for: the time is another amount)
    groups price share total rest convert       arithmetic (convert: by a number of the world)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from rungwise.contracts.trace.operations import OPERATIONS


@dataclass(frozen=True, slots=True)
class Measure:
    """What is counted and how one has it: marbles, has, have. Amounts of one measure can be added."""

    noun: str
    has: str
    have: str
    kind: str


def _measures(kind: str, verbs: str, nouns: str) -> list[Measure]:
    has, have = verbs.split()
    return [Measure(noun.replace("_", " "), has, have, kind) for noun in nouns.split()]


_ALL = (
    *_measures("thing", "has have", "marbles stickers shells stamps postcards buttons beads crayons badges feathers"),
    *_measures("thing", "has have", "walnuts tulips ribbons tokens candles acorns pebbles pencils plums peaches"),
    *_measures("made", "makes make", "chairs kites baskets mugs lanterns scarves loaves pots wreaths dolls"),
    *_measures("made", "reads read", "pages"), *_measures("made", "folds fold", "napkins"),
    *_measures("miles", "walks walk", "miles"), *_measures("miles", "cycles cycle", "miles"),
    *_measures("miles", "drives drive", "miles"),
    *_measures("money", "has have", "dollars"), *_measures("money", "earns earn", "dollars"),
    *_measures("money", "pays pay", "dollars"), *_measures("money", "saves save", "dollars"),
    *_measures("time", "works work", "hours"), *_measures("time", "practises practise", "hours"),
    *_measures("time", "needs need", "hours"),
    *_measures("week", "travels travel", "weeks"), *_measures("feet", "climbs climb", "feet"),
    *_measures("pound", "picks pick", "pounds"),
    *_measures("box", "fills fill", "boxes bags jars crates trays"),
)  # fmt: skip
SMALLER: Mapping[str, tuple[str, str]] = {  # what a measure is counted in besides, and by which number of the world
    "hours": ("minutes", "minutes_per_hour"), "weeks": ("days", "days_per_week"), "feet": ("inches", "inches_per_foot"),
    "pounds": ("ounces", "ounces_per_pound"),
}  # fmt: skip
MEASURES: Mapping[str, Measure] = {
    f"{one.noun}.{one.has}": one
    for one in (
        *_ALL,
        *(Measure(SMALLER[one.noun][0], one.has, one.have, "small") for one in _ALL if one.noun in SMALLER),
        *(Measure(f"{one.noun} an hour", "does", "do", "pace") for one in _ALL if one.kind in ("made", "miles")),
    )
}
OF_KIND: Mapping[str, tuple[str, ...]] = {
    kind: tuple(key for key, one in MEASURES.items() if one.kind == kind)
    for kind in dict.fromkeys(one.kind for one in MEASURES.values())
}
WHOLE = frozenset(("thing", "made", "box"))  # what there is no half of


@dataclass(frozen=True, slots=True)
class Relation:
    """`args` are the operation's: a, b amounts that the fact comes from; 0, 1 its own numbers; u a unit's constant."""

    name: str
    op: str
    args: str
    roles: tuple[str, ...] = ()  # what its numbers are called in a trace
    takes: tuple[str, ...] = ()  # kinds of amount that it may come from
    gives: tuple[str, ...] = ()  # kinds of what it comes to, where that is another than what it came from

    @property
    def expert(self) -> str:
        return OPERATIONS[self.op].expert if self.op else ""

    @property
    def bases(self) -> int:
        return sum(arg in "ab" for arg in self.args)

    @property
    def event(self) -> bool:
        return self.expert == "entity_track"


_COUNTED = ("thing", "made", "miles", "money", "time", "week", "feet", "pound", "box", "small")
_SOME = (*_COUNTED, "pace")
_HELD = ("thing", "money")
_DONE = ("made", "miles")
_LISTED = (
    Relation("holds", "", "", ("count",), gives=("thing", "made", "miles", "money", "time", "week", "feet", "pound")),
    Relation("times", "times", "a0", ("factor",), _SOME),
    Relation("more", "more", "a0", ("by",), _SOME),
    Relation("less", "less", "a0", ("by",), _SOME),
    Relation("fraction", "fraction", "a0", ("share",), _SOME),
    Relation("packs", "ratio", "ab", (), ("thing", "made"), ("box",)),
    Relation("gain", "gain", "a0", ("got",), _HELD),
    Relation("consume", "consume", "a0", ("used",), _HELD),
    Relation("give", "transfer", "ab0", ("given",), _HELD),
    Relation("receive", "transfer", "ab0", ("given",), _HELD),
    Relation("pct_of", "pct_of", "a0", ("rate",), _COUNTED),
    Relation("pct_off", "pct_off", "a0", ("rate",), _COUNTED),
    Relation("pct_up", "pct_up", "a0", ("rate",), _COUNTED),
    Relation("amount", "amount", "01", ("rate", "time"), gives=(*_DONE, "money")),
    Relation("amount_for", "amount", "0a", ("rate",), ("time",), (*_DONE, "money")),
    Relation("duration", "duration", "a0", ("rate",), _DONE, ("time",)),
    Relation("pace", "pace", "a0", ("time",), _DONE, ("pace",)),
    Relation("groups", "mul", "01", ("groups", "size"), gives=("thing",)),
    Relation("price", "mul", "a0", ("price",), ("thing", "made", "box"), ("money",)),
    Relation("share", "div", "a0", ("parts",), _COUNTED),
    Relation("total", "add", "ab", (), _COUNTED),
    Relation("rest", "sub", "ab", (), _COUNTED),
    Relation("convert", "mul", "au", (), ("time", "week", "feet", "pound"), ("small",)),
)  # fmt: skip
RELATIONS: Mapping[str, Relation] = {one.name: one for one in _LISTED}
EXPERT_OF: Mapping[str, str] = {one.name: one.expert for one in _LISTED}
PHRASED: Mapping[str, str] = {"give": "transfer", "receive": "transfer", "amount_for": "amount"}  # told alike


Number = int | Fraction


class Fact(NamedTuple):
    """One fact of a story. `owner` and `bases` are numbers of people and of earlier facts."""

    relation: str
    owner: int
    measure: str
    bases: tuple[int, ...] = ()
    numbers: tuple[Number, ...] = ()


def ancestors(facts: tuple[Fact, ...], query: int) -> list[int]:
    """What the query hangs on, itself included, in the order of the facts."""
    found = {query}
    for at in range(query, -1, -1):
        if at in found:
            found.update(facts[at].bases)
    return sorted(found)
