"""From a verdict to the reward: a form of its score, and bounded terms beside it. Only the reward is ever shaped.

1. The form says what the score pays: `raw` as it is, `exact` only a pass, `partial` the score to a power,
   `chance_corrected` what is beyond guessing (below it less than 0), `tiered` a value for each failure label (a pass is
   1).
2. A term reads one number of the verdict, or the answer's length, and pays from -share to +share. `triangle`: most at
   its peak, least from its low and its high on. `band`: most between low and high, least one width of the band away.
   `part`: in step with a sub-score. `length`: most up to its low, least from its high on, in tokens.
3. Low, peak and high may differ by tier: a task of six steps has another right size than one of three.
4. A number that is not finite counts as the term's worst, and so does every number of an answer that could not be
   measured at all. Where others are there and this one is not, its name is wrong.
5. A term much smaller than the spread of the reward within a group teaches nothing, as a published run found out after
   paying for it. `effect` measures that, and `warnings` names every term whose own spread is under a tenth.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import isfinite, sqrt
from statistics import fmean
from typing import TypeVar

import numpy as np

from rungwise.contract import Verdict
from rungwise.errors import InputError, nearest

Value = TypeVar("Value")

FELT = 0.1
ROUNDING = 1e-9

Bound = float | Mapping[str, float]  # a number, or one for each tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    name: str = "raw"
    power: float = 1.0  # partial
    chance: float = 0.0  # chance_corrected: the score of guessing
    values: Mapping[str, float] = field(default_factory=dict)  # tiered: by failure label


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    name: str
    kind: str  # one of TERMS
    share: float
    reads: str = ""  # a measure or part (triangle, band), a part (part); nothing for length
    low: Bound = 0.0
    peak: Bound = 0.5
    high: Bound = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    value: float
    form: float
    terms: Mapping[str, float]  # what each has added


def reward(form: Form, terms: Sequence[Term], verdict: Verdict, *, tier: str, tokens: int) -> Reward:
    paid = _known(form.name, FORMS, "reward form")(form, verdict)
    added = {term.name: _added(term, verdict, tier, tokens) for term in terms}
    return Reward(value=paid + sum(added.values()), form=paid, terms=added)


# ---- forms ----


def _raw(_form: Form, verdict: Verdict) -> float:
    return verdict.score


def _exact(_form: Form, verdict: Verdict) -> float:
    return float(verdict.passed)


def _partial(form: Form, verdict: Verdict) -> float:
    return float(verdict.score**form.power)


def _chance_corrected(form: Form, verdict: Verdict) -> float:
    return (verdict.score - form.chance) / (1 - form.chance)


def _tiered(form: Form, verdict: Verdict) -> float:
    return 1.0 if verdict.passed else _known(str(verdict.failure), form.values, "reward values")


# ---- terms ----


def _triangle(at: float, low: float, peak: float, high: float) -> float:
    side = (at - low) / (peak - low) if at < peak else (high - at) / (high - peak)
    return 2 * max(0.0, side) - 1


def _band(at: float, low: float, _peak: float, high: float) -> float:
    outside = max(low - at, at - high, 0.0)
    return 1 - 2 * min(1.0, outside / (high - low))


def _part(at: float, _low: float, _peak: float, _high: float) -> float:
    return 2 * min(1.0, max(0.0, at)) - 1


def _length(at: float, low: float, _peak: float, high: float) -> float:
    return 1 - 2 * min(1.0, max(0.0, (at - low) / (high - low)))


def _added(term: Term, verdict: Verdict, tier: str, tokens: int) -> float:
    worth = _known(term.kind, TERMS, f"term {term.name}")
    at = float(tokens) if term.kind == "length" else _read(term, verdict)
    return term.share * (worth(at, *_bounds(term, tier)) if isfinite(at) else -1.0)


def _bounds(term: Term, tier: str) -> tuple[float, float, float]:
    low, peak, high = (
        _known(tier, bound, f"term {term.name}") if isinstance(bound, Mapping) else bound
        for bound in (term.low, term.peak, term.high)
    )
    return low, peak, high


def _read(term: Term, verdict: Verdict) -> float:
    numbers = dict(verdict.parts) if term.kind == "part" else {**verdict.parts, **verdict.measures}
    return _known(term.reads, numbers, f"term {term.name}") if numbers else float("nan")


def _known(name: str, values: Mapping[str, Value], place: str) -> Value:
    if name not in values:
        raise InputError(f"{name!r}; {nearest(name, values)}", field=place)
    return values[name]


# ---- before anything is run ----


def require_sound(form: Form, terms: Sequence[Term], failures: Iterable[str], tiers: Iterable[str]) -> None:
    """The user's faults that show without an answer; a number that no verdict has shows at the first one."""
    _known(form.name, FORMS, "reward form")
    if form.name == "chance_corrected" and not 0 <= form.chance < 1:
        raise InputError(f"{form.chance:g}; expected 0 up to below 1", field="chance")
    if form.name == "tiered":
        _require_labels(form, dict.fromkeys(failures))
    twice = [name for name, count in Counter(term.name for term in terms).items() if count > 1]
    if twice:
        raise InputError(f"two terms are named {twice[0]!r}", field="reward terms")
    for term, tier in product(terms, tiers):
        _require_rising(term, tier)


def _require_labels(form: Form, labels: Mapping[str, None]) -> None:
    for label in form.values:
        _known(label, labels, "reward values")
    missing = [label for label in labels if label not in form.values]
    if missing:
        raise InputError(f"no value for {', '.join(missing)}", field="reward values")


def _require_rising(term: Term, tier: str) -> None:
    _known(term.kind, TERMS, f"term {term.name}")
    low, peak, high = _bounds(term, tier)
    if low >= high or (term.kind == "triangle" and not low < peak < high):
        raise InputError(f"low {low:g}, peak {peak:g}, high {high:g}; expected them to rise", field=f"term {term.name}")


# ---- whether a term is felt ----


def effect(groups: Sequence[Sequence[Reward]]) -> dict[str, float]:
    """Each term's spread within a group as a share of the reward's; empty where no reward differs from its group's."""
    whole = _spread([[answer.value for answer in group] for group in groups])
    names = groups[0][0].terms if whole > ROUNDING else {}
    return {name: _spread([[answer.terms[name] for answer in group] for group in groups]) / whole for name in names}


def _spread(groups: Sequence[Sequence[float]]) -> float:
    """The standard deviation within a group, over all groups: their variances are averaged."""
    return sqrt(fmean(float(np.var(group)) for group in groups))


def warnings(terms: Sequence[Term], felt: Mapping[str, float]) -> list[str]:
    return [
        f"term {term.name} (share {term.share:g}) varies {felt[term.name]:.1%} as much as the reward within a group: "
        f"under {FELT:.0%} it teaches nothing; raise its share or pay it as diversity at the advantage"
        for term in terms
        if felt.get(term.name, FELT) < FELT
    ]


FORMS: Mapping[str, Callable[[Form, Verdict], float]] = {
    "raw": _raw,
    "exact": _exact,
    "partial": _partial,
    "chance_corrected": _chance_corrected,
    "tiered": _tiered,
}
TERMS: Mapping[str, Callable[[float, float, float, float], float]] = {
    "triangle": _triangle,
    "band": _band,
    "part": _part,
    "length": _length,
}
