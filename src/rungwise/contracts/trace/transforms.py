"""What may be done to a story without changing its answer: another order of mention, and facts that lead nowhere."""

import random
from collections.abc import Sequence

from rungwise.contracts.trace.oracle import FORMULAS
from rungwise.contracts.trace.relations import MEASURES, RELATIONS, Fact
from rungwise.contracts.trace.story import GIVEN, PLAIN, Story, Style, draw, fitting, sound

AS_GROWN = 0.1  # how often facts are told as the story grew; else numbers are used in another order more often
ASIDE = ("holds", "times", "more", "less", "fraction")  # what leads nowhere


def in_order(facts: Sequence[Fact], rng: random.Random, grown: float | None = None) -> list[int]:
    """Every amount is told before it is spoken of."""
    if rng.random() < (AS_GROWN if grown is None else grown):
        return list(range(len(facts)))
    return _shuffled([set(fact.bases) for fact in facts], rng)


def scrambled(facts: Sequence[Fact], rng: random.Random) -> list[int] | None:
    """Some amount is spoken of before it is told; None where that cannot be.

    What happens to somebody is told behind what it happens to, and before anybody speaks of what comes out.
    """
    after = [
        {base for base in fact.bases if RELATIONS[fact.relation].event or RELATIONS[facts[base].relation].event}
        for fact in facts
    ]
    for _ in range(6):  # of two facts that may change places, six tries miss it once in 64
        order = _shuffled(after, rng)
        place = {at: number for number, at in enumerate(order)}
        if any(place[base] > place[at] for at, fact in enumerate(facts) for base in fact.bases):
            return order
    return None


def _shuffled(after: Sequence[set[int]], rng: random.Random) -> list[int]:
    order: list[int] = []
    left = set(range(len(after)))
    while left:
        order.append(rng.choice([at for at in sorted(left) if not after[at] & left]))
        left.remove(order[-1])
    return order


def distracted(story: Story, rng: random.Random, style: Style = PLAIN) -> Story | None:
    """One or two facts more, off the way to what is asked: of other people, about the same things."""
    for _ in range(rng.choice((1, 2))):
        more = _aside(story, rng, style)
        if more is None:
            return None
        story = more
    return story


def _aside(story: Story, rng: random.Random, style: Style) -> Story | None:
    facts, amounts = story.facts, story.amounts
    changed = {base for fact in facts if RELATIONS[fact.relation].event for base in fact.bases}
    base = rng.choice([at for at in range(len(facts)) if at not in changed])
    relation = RELATIONS[rng.choice(ASIDE)]
    if relation.name == "holds" and MEASURES[facts[base].measure].kind not in GIVEN:
        return None
    owner = max(fact.owner for fact in facts) + 1
    fact = Fact(relation.name, owner, facts[base].measure, (base,) if relation.takes else ())
    of = [amounts[one] for one in fact.bases]
    numbers = draw(fact, of, rng, style)
    if numbers is None:
        return None
    amount = FORMULAS[fact.relation](of, numbers)
    more = Story((*facts, fact._replace(numbers=numbers)), story.query, (*amounts, amount))
    return more if fitting(amount, fact.measure, style) and sound(more) else None
