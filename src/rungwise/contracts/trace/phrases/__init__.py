"""How facts are told: of every relation fifteen forms, five each in three families of syntax.

A active, B inverted or comparing, C within the question: around another question ({ask}), or being the question itself.
The last form of each family is never seen in training; it is made of words that are.
"""

from collections.abc import Mapping

from rungwise.contracts.trace.phrases import arithmetic, comparison, entity_track, percentage, rate_equation

FAMILIES = ("A", "B", "C")
FORMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    **arithmetic.FORMS, **comparison.FORMS, **entity_track.FORMS, **percentage.FORMS, **rate_equation.FORMS,
}  # fmt: skip
