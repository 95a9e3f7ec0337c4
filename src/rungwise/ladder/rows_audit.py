"""Whether rows are what a blueprint says they are; what must never be learned from is named by its row.

1. The mix is counted over rows, each with the weight that its source has in training, and may be two points off.
2. Banned are words that warn of mistakes, markers that stand twice in a prompt, the text of control tokens, and answers
   that the judge fails: learning from a wrong answer teaches it, whatever the prompt calls it.
3. Rows contradict each other where they have one prompt and two answers of which the judge fails one crosswise.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rungwise.contract import Contract, Task, judge_all
from rungwise.errors import InputError, nearest
from rungwise.ladder.blueprint import Blueprint, StageMix
from rungwise.probe.measure import CONTROL

POINTS = 2.0  # that a surface may be off its weight by
MARKER = re.compile(r"\[/?[A-Z_]+\]")  # such as [OUT]
SHOWN = 20  # of each kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    place: str  # FILE:LINE, or which row it is
    task: Task
    answer: str
    weight: float = 1.0


def audit_rows(
    blueprint: Blueprint, contract: Contract, rows: Sequence[Given], stage: str = ""
) -> tuple[list[str], list[str]]:
    """Faults and warnings, against the mix of one stage."""
    if not rows:
        return ["there are no rows"], []
    declared = _stage(blueprint, stage)
    faults = [
        *_declared(blueprint, declared, rows), *_mixed(blueprint, declared, rows), *_shown(_junk(blueprint, rows)),
        *_shown(_wrong(contract, rows)), *_shown(_contradictions(contract, rows)),
    ]  # fmt: skip
    return faults, list(_undeclared(blueprint, rows))


def _stage(blueprint: Blueprint, name: str) -> StageMix:
    names = {stage.name: stage for stage in blueprint.stages}
    if not name and len(names) == 1:
        return blueprint.stages[0]
    if name not in names:
        raise InputError(f"no stage {name!r}; {nearest(name, names)}", field="stage")
    return names[name]


def _shown(told: Iterable[str]) -> Iterator[str]:
    told = iter(told)
    yield from islice(told, SHOWN)
    if more := sum(1 for _ in told):
        yield f"(and {more} more of that kind)"


# ---- what is there ----


def _fact(given: Given, key: str) -> str:
    return str(given.task.facts.get(key, ""))


def _declared(blueprint: Blueprint, stage: StageMix, rows: Sequence[Given]) -> Iterator[str]:
    surfaces = {_fact(given, blueprint.keys.surface) for given in rows}
    forms = {(given.task.family, _fact(given, blueprint.keys.form)) for given in rows}
    yield from (f"no row is of the surface {name!r}" for name in stage.mix if name not in surfaces)
    for family in blueprint.families:
        missing = [form for form in family.forms if (family.name, form) not in forms]
        yield from (f"no row is of the form {form!r} of {family.name}" for form in missing)


def _undeclared(blueprint: Blueprint, rows: Sequence[Given]) -> Iterator[str]:
    known = {surface.name for surface in blueprint.surfaces}
    counted = Counter(_fact(given, blueprint.keys.surface) for given in rows)
    for name, times in counted.items():
        if name not in known:
            yield f"{times} rows are of {f'the surface {name!r}' if name else 'no surface'}, which is not declared"


def _mixed(blueprint: Blueprint, stage: StageMix, rows: Sequence[Given]) -> Iterator[str]:
    weights: dict[str, float] = defaultdict(float)
    for given in rows:
        weights[_fact(given, blueprint.keys.surface)] += given.weight
    whole, meant = sum(weights.values()), sum(stage.mix.values())
    for name, weight in stage.mix.items():
        share, wanted = 100 * weights[name] / whole, 100 * weight / meant
        if weights[name] and abs(share - wanted) > POINTS:
            told = f"{name!r} is {share:.1f} of 100 rows; {stage.name!r} declares {wanted:g}"
            yield f"{told}, and {POINTS:g} points are let pass"


# ---- what must not be there ----


def _junk(blueprint: Blueprint, rows: Sequence[Given]) -> Iterator[str]:
    phrases = "|".join(map(re.escape, blueprint.banned.phrases))
    warns = re.compile(rf"(?<!\w)(?:{phrases})(?!\w)", re.IGNORECASE) if phrases else None
    for given in rows:
        for what, text in (("prompt", given.task.prompt), ("answer", given.answer)):
            if warns and (found := warns.search(text)):
                yield f"{given.place}: the {what} has warning language: {found[0]!r}"
            if found := CONTROL.search(text):
                yield f"{given.place}: the {what} has the text of a control token: {found[0]!r}"
        marker, times = next(iter(Counter(MARKER.findall(given.task.prompt)).most_common(1)), ("", 0))
        if times > 1:
            yield f"{given.place}: {marker} stands {times} times in the prompt"


def _wrong(contract: Contract, rows: Sequence[Given]) -> Iterator[str]:
    verdicts = judge_all(contract, [(given.task, given.answer) for given in rows])
    for given, verdict in zip(rows, verdicts, strict=True):
        if not verdict.passed:
            yield f"{given.place}: the judge fails its answer ({verdict.failure}); such a row teaches what is wrong"


def _contradictions(contract: Contract, rows: Sequence[Given]) -> Iterator[str]:
    first: dict[str, Given] = {}
    for given in rows:
        other = first.setdefault(" ".join(given.task.prompt.split()), given)
        if other.answer != given.answer:
            crosswise = judge_all(contract, [(other.task, given.answer), (given.task, other.answer)])
            if not all(verdict.passed for verdict in crosswise):
                yield f"{given.place}: has the prompt of {other.place} and another answer"
