"""How facts are told: of every relation thirty-six forms, twelve each in three families of syntax.

A active, B inverted or comparing, C within the question: around another question ({ask}), or being the question itself.
The last two forms of each family are never seen in training; they are made of words that are.
"""

from collections.abc import Mapping

from rungwise.contracts.trace.phrases import arithmetic, comparison, entity_track, percentage, rate_equation

FAMILIES = ("A", "B", "C")
EACH, HELD = 12, 2  # forms of a family, and how many of these are held out
FORMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **arithmetic.FORMS, **comparison.FORMS, **entity_track.FORMS, **percentage.FORMS, **rate_equation.FORMS,
}  # fmt: skip
