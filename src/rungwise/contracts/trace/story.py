"""Stories: shapes with numbers.

Numbers are drawn fact by fact, so that each fits what it is applied to, until the whole says nothing zero or negative,
and the answer is neither any number of the story nor any amount on the way.
"""

import random
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from rungwise.contracts.trace.numbers import CONSTANTS
from rungwise.contracts.trace.oracle import FORMULAS
from rungwise.contracts.trace.relations import MEASURES, SMALLER, WHOLE, Fact, Number, ancestors
from rungwise.contracts.trace.shapes import Shape

TRIES = 12  # of numbers for one shape: three in four shapes have found theirs by then


class Style(NamedTuple):
    """Which numbers a story is about."""

    name: str = "plain"
    largest: int = 5_000  # of all amounts
    largest_given: int = 1_000  # of those that are stated: from here on they have commas


PLAIN = Style()


class Story(NamedTuple):
    """Facts with their numbers, what is asked, and what everything comes to."""

    facts: tuple[Fact, ...]
    query: int
    amounts: tuple[Number, ...]


def numbered(shape: Shape, rng: random.Random, style: Style = PLAIN) -> Story | None:
    """The shape with numbers that fit; None where a few tries did not find any."""
    for _ in range(TRIES):
        story = _numbered(shape, rng, style)
        if story is not None and sound(story):
            return story
    return None


def _numbered(shape: Shape, rng: random.Random, style: Style) -> Story | None:
    facts: list[Fact] = []
    amounts: list[Number] = []
    for at, fact in enumerate(shape.facts):
        of = [amounts[base] for base in fact.bases]
        fit = shape.fits.get(at)
        numbers = _leaf(fit[0], amounts[fit[1]], rng, style) if fit else draw(fact, of, rng, style)
        amount = FORMULAS[fact.relation](of, numbers) if numbers is not None else 0
        if numbers is None or not fitting(amount, fact.measure, style):
            return None
        facts.append(fact._replace(numbers=numbers))
        amounts.append(amount)
    return Story(tuple(facts), shape.query, tuple(amounts))


def fitting(amount: Number, measure: str, style: Style) -> bool:
    """Above zero, not too large, and whole or with two decimals as what it measures allows."""
    if not 0 < amount <= style.largest:
        return False
    if type(amount) is int:
        return True
    denominator = Fraction(amount).denominator
    return denominator == 1 or (100 % denominator == 0 and MEASURES[measure].kind not in WHOLE)


def sound(story: Story) -> bool:
    """The answer stands nowhere in the story, and nothing on the way is the answer already."""
    answer = story.amounts[story.query]
    others = [amount for at, amount in enumerate(story.amounts) if at != story.query]
    others += [_other_side(fact, story.amounts) for fact in story.facts if fact.relation in ("give", "receive")]
    return answer not in others and all(answer not in fact.numbers for fact in story.facts)


def _other_side(fact: Fact, amounts: Sequence[Number]) -> Number:
    """What the other one of a transfer has then."""
    giver, taker = (amounts[base] for base in fact.bases)
    return taker + fact.numbers[0] if fact.relation == "give" else giver - fact.numbers[0]


def _leaf(fit: str, amount: Number, rng: random.Random, style: Style) -> tuple[Number, ...] | None:
    if fit == "divides":
        able: list[int] = _divisors(amount)
        return (rng.choice(able),) if able else None
    below = min(int(amount), style.largest_given) - 1
    return (rng.randint(2, below),) if below >= 2 else None


def draw(fact: Fact, of: Sequence[Number], rng: random.Random, style: Style) -> tuple[Number, ...] | None:
    """A fact's own numbers; None where none fit the amounts that it takes."""
    kind = MEASURES[fact.measure].kind
    match fact.relation:
        case "holds":
            return (_given(kind, rng, style),)
        case "times":
            return (rng.choice((2, 2, 2, 3, 3, 4, 5, 6)),)
        case "more" | "gain":
            return (_step(of[0], kind, rng, style),)
        case "less" | "consume" | "give" | "receive":
            number = _step(of[0], kind, rng, style)
            return (number,) if number < of[0] else None
        case "fraction":
            return _even(of[0], SHARES, kind, rng)
        case "pct_of" | "pct_off" | "pct_up":
            return _even(of[0], RATES, kind, rng)
        case "amount":
            return (_rate(kind, rng, style), rng.randint(2, 9))
        case "amount_for":
            return (_rate(kind, rng, style),)
        case "duration" | "pace" | "share":
            return _even(of[0], PARTS, kind, rng)
        case "groups":
            return rng.randint(2, 12), _given("thing", rng, style)
        case "price":
            return (rng.randint(2, 15) if rng.random() < 0.8 else Fraction(rng.randint(2, 30), 4),)
        case "convert":
            return (CONSTANTS[dict(SMALLER.values())[MEASURES[fact.measure].noun]],)
    return ()


# Shares, rates and divisors, each with what it makes of one.
SHARES: Mapping[Number, Fraction] = {
    share: share
    for share in (Fraction(n, d) for n, d in ((1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (3, 4), (2, 5), (3, 5)))
}
RATES: Mapping[Number, Fraction] = {
    rate: Fraction(rate, 100) for rate in (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80)
}  # fmt: skip
PARTS: Mapping[Number, Fraction] = {parts: Fraction(1, parts) for parts in range(2, 13)}
HALF, MOSTLY_HALF = Fraction(1, 2), 0.35  # of shares, half is the commonest
UNEVEN = 0.1  # how often amounts may get halves and quarters, as one in thirty steps of real problems does
# What a story starts from: numbers with many divisors more often, since what comes after divides.
GIVEN: Mapping[str, tuple[int, ...]] = {
    "thing": (*range(4, 61), *range(6, 97, 6), *range(8, 97, 8), *range(10, 121, 10), *range(20, 201, 20)),
    "made": (*range(4, 41), *range(6, 61, 6), *range(10, 101, 10)), "miles": (*range(3, 41), *range(6, 97, 6)),
    "money": (*range(4, 61), *range(10, 201, 10), *range(20, 401, 20)), "time": tuple(range(2, 13)),
    "week": tuple(range(2, 13)), "feet": (*range(3, 31), *range(6, 61, 6)), "pound": (*range(2, 21), *range(4, 41, 4)),
    "box": tuple(range(2, 41)), "small": tuple(range(10, 121, 5)), "pace": tuple(range(2, 31)),
}  # fmt: skip


def _given(kind: str, rng: random.Random, style: Style) -> Number:
    number = rng.choice(GIVEN[kind])
    if style.name == "large":
        return number * rng.choice((50, 100, 125, 250, 1000))
    if kind not in WHOLE and (style.name == "decimal" or rng.random() < 0.04):
        return number + Fraction(rng.randint(1, 99) if style.name == "decimal" else rng.choice((25, 50, 75)), 100)
    return number


def _step(base: Number, kind: str, rng: random.Random, style: Style) -> Number:
    """What is added or taken away: mostly not more than there is."""
    if style.name == "decimal" and kind not in WHOLE:
        return Fraction(rng.randint(50, 100 * max(int(base), 2)), 100)
    return rng.randint(2, max(3, min(int(base), 60 if style.name != "large" else int(base))))


def _rate(kind: str, rng: random.Random, style: Style) -> Number:
    if style.name == "decimal" and kind not in WHOLE:
        return Fraction(rng.randint(150, 2500), 100)
    return rng.randint(2, 30) * (100 if style.name == "large" else 1)


def _even(amount: Number, able: Mapping[Number, Fraction], kind: str, rng: random.Random) -> tuple[Number, ...] | None:
    """One that leaves a whole amount; now and then, where halves and quarters make sense, one that leaves those."""
    above, below = amount.numerator, amount.denominator
    most = 4 if kind not in WHOLE and rng.random() < UNEVEN else 1
    found = [one for one, share in able.items() if most * above * share.numerator % (below * share.denominator) == 0]
    if HALF in found and rng.random() < MOSTLY_HALF:
        return (HALF,)
    return (rng.choice(found),) if found else None


def _divisors(amount: Number) -> list[int]:
    return [by for by in range(2, min(int(amount) // 2, 24) + 1) if amount % by == 0]


# ---- what it is, whatever its words ----


def structure(story: Story) -> list[list[object]]:
    """The facts that the answer hangs on, with their numbers: no names, no nouns."""
    path = ancestors(story.facts, story.query)
    place = {at: number for number, at in enumerate(path)}
    return [
        [fact.relation, [place[base] for base in fact.bases], [str(number) for number in fact.numbers]]
        for fact in (story.facts[at] for at in path)
    ]
