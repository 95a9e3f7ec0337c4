"""Numbers: exact values as (numerator, denominator), their one spelling, and those that belong to the world.

A number is spelled as an integer (16), as a decimal without superfluous zeros (0.25), or as a fraction in lowest terms
(2/3). Everything else that a person or YAML might take for one (80,000, 1e3, 010, 1:30, .5, 50%, no) is none.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from math import gcd

Ratio = tuple[int, int]  # in lowest terms, the denominator above 0

MOST_DIGITS, MOST_DECIMALS = 15, 8  # of a number that is written; the machine has a cap of its own
INTEGER = rf"(?:0|[1-9][0-9]{{0,{MOST_DIGITS - 1}}})"
SPELLED = rf"-?(?:{INTEGER}(?:\.[0-9]{{0,{MOST_DECIMALS - 1}}}[1-9])?|[1-9][0-9]{{0,5}}/[1-9][0-9]{{0,5}})"
_SPELLED = re.compile(SPELLED)

CONSTANTS: Mapping[str, int] = {
    "seconds_per_minute": 60, "minutes_per_hour": 60, "hours_per_day": 24, "days_per_week": 7, "days_per_month": 30,
    "days_per_year": 365, "weeks_per_month": 4, "weeks_per_year": 52, "months_per_year": 12, "years_per_decade": 10,
    "cents_per_dollar": 100, "cents_per_dime": 10, "cents_per_nickel": 5, "cents_per_quarter": 25, "per_dozen": 12,
    "inches_per_foot": 12, "feet_per_yard": 3, "feet_per_mile": 5280, "ounces_per_pound": 16, "ounces_per_cup": 8,
    "cups_per_pint": 2, "pints_per_quart": 2, "quarts_per_gallon": 4, "per_thousand": 1000, "per_cent": 100,
    "both": 2, "all_three": 3, "all_four": 4, "all_five": 5, "one": 1,
}  # fmt: skip


@lru_cache(maxsize=65536)
def value_of(text: str) -> Ratio | None:
    """What a spelled number is worth; None where the text is not the one spelling of a number."""
    if not _SPELLED.fullmatch(text) or text == "-0":
        return None
    above, slash, below = text.partition("/")
    if slash:
        n, d = int(above), int(below)
        return (n, d) if d > 1 and gcd(n, d) == 1 else None
    whole, _, decimals = text.partition(".")
    n, d = int(whole + decimals), 10 ** len(decimals)
    common = gcd(n, d)
    return n // common, d // common


def spelled(value: Ratio) -> str:
    """The decimal spelling where there is a short one, else the fraction."""
    n, d = value
    if d == 1:
        return str(n)
    for places in range(1, MOST_DECIMALS + 1):
        if 10**places % d == 0:
            digits = str(abs(n) * 10**places // d).rjust(places + 1, "0")
            return f"{'-' if n < 0 else ''}{digits[:-places]}.{digits[-places:]}"
    return f"{n}/{d}"


def ratio(value: Fraction) -> Ratio:
    return value.numerator, value.denominator
