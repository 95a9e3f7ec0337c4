"""What a story comes to, from its facts alone: no trace, no operation of the language, no machine.

Generators draw numbers by it, and gold traces are held against it: two ways to one answer.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from rungwise.contracts.trace.relations import Fact, Number

Formula = Callable[[Sequence[Number], Sequence[Number]], Number]  # of amounts, and of the fact's own numbers

FORMULAS: Mapping[str, Formula] = {
    "holds": lambda _, own: own[0],
    "times": lambda of, own: of[0] * own[0],
    "more": lambda of, own: of[0] + own[0],
    "less": lambda of, own: of[0] - own[0],
    "fraction": lambda of, own: of[0] * own[0],
    "packs": lambda of, _: Fraction(of[0]) / of[1],
    "gain": lambda of, own: of[0] + own[0],
    "consume": lambda of, own: of[0] - own[0],
    "give": lambda of, own: of[0] - own[0],
    "receive": lambda of, own: of[1] + own[0],
    "pct_of": lambda of, own: Fraction(of[0]) * own[0] / 100,
    "pct_off": lambda of, own: Fraction(of[0]) * (100 - own[0]) / 100,
    "pct_up": lambda of, own: Fraction(of[0]) * (100 + own[0]) / 100,
    "amount": lambda _, own: own[0] * own[1],
    "amount_for": lambda of, own: of[0] * own[0],
    "duration": lambda of, own: Fraction(of[0]) / own[0],
    "pace": lambda of, own: Fraction(of[0]) / own[0],
    "groups": lambda _, own: own[0] * own[1],
    "price": lambda of, own: of[0] * own[0],
    "share": lambda of, own: Fraction(of[0]) / own[0],
    "total": lambda of, _: of[0] + of[1],
    "rest": lambda of, _: of[0] - of[1],
    "convert": lambda of, own: of[0] * own[0],
}  # fmt: skip


def amount(facts: Sequence[Fact], at: int, known: dict[int, Number] | None = None) -> Number:
    """What a fact's amount is, asked for backwards from it."""
    known = {} if known is None else known
    if at not in known:
        fact = facts[at]
        known[at] = FORMULAS[fact.relation]([amount(facts, base, known) for base in fact.bases], fact.numbers)
    return known[at]
