"""What a measurement found: one row a task, and every figure as a function of one row.

1. A metric is a name and a value for each row, or None where the row has none (no gold, no picker). What is told of a
   policy is an estimate over rows; what is told of two policies is paired on the same rows. So no table can disagree
   with another: all are counted from the rows.
2. The names: `greedy` and `repaired` (passed, raw and after repair, of one text), `pass@j` and `all@j` of the k
   samples, unbiased, `picked` (the contract's own choice of the k), `oracle` (any of the k), `score` with its
   `.repaired` and `.sampled`, `exact parsed truncated exploit control tail` of the greedy answer, `shapes`
   (distinct among the k), `tokens`, `measure.NAME` and `part.NAME`.
3. A slice is a tier, a split, a family, or `seen` and `unseen`: whether the gold answer was learned from.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from rungwise.errors import InputError, nearest
from rungwise.probe.stats import Estimate, mean, pass_at, rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One answer as it was judged."""

    score: float
    passed: bool
    failure: str | None
    ended: str
    tokens: int
    parsed: bool | None  # None where the contract has no canonical form
    exact: bool | None  # the canonical form of gold; None without gold
    divergence: int | None  # the first character that differs from gold; None where it is gold, or without gold
    prefix: bool | None  # all of it stands at the beginning of gold, which goes on
    control: bool  # the text of control tokens stands in it
    tail: bool  # it would have been right, had it stopped in time
    shape: str | None
    exploit: str | None
    parts: Mapping[str, float]
    measures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One task of a probe, measured."""

    task: str
    split: str
    tier: str
    family: str
    seen: bool | None  # its gold answer was learned from; None where that is not known
    greedy: Outcome
    repaired: Outcome  # the greedy answer after repair
    edits: int
    samples: tuple[Outcome, ...]
    picked: int | None  # which of the samples the contract chose


Value = Callable[[Row], float | None]

OF_GREEDY: Mapping[str, Value] = {
    "greedy": lambda row: row.greedy.passed,
    "repaired": lambda row: row.repaired.passed,
    "score": lambda row: row.greedy.score,
    "score.repaired": lambda row: row.repaired.score,
    "exact": lambda row: row.greedy.exact,
    "exact.repaired": lambda row: row.repaired.exact,
    "parsed": lambda row: row.greedy.parsed,
    "truncated": lambda row: row.greedy.ended == "length",
    "exploit": lambda row: row.greedy.exploit is not None,
    "exploited": lambda row: row.greedy.exploit is not None and not row.greedy.passed,
    "control": lambda row: row.greedy.control,
    "tail": lambda row: row.greedy.tail,
    "edited": lambda row: row.edits > 0,
    "tokens": lambda row: row.greedy.tokens,
}
OF_SAMPLES: Mapping[str, Value] = {
    "oracle": lambda row: any(sample.passed for sample in row.samples),
    "score.sampled": lambda row: fmean(sample.score for sample in row.samples),
    "exploit.sampled": lambda row: fmean(sample.exploit is not None for sample in row.samples),
    "exploited.sampled": lambda row: fmean(one.exploit is not None and not one.passed for one in row.samples),
    "shapes": lambda row: len({sample.shape for sample in row.samples} - {None}),
}
AT = re.compile(r"(pass|all)@(\d+)")
INSIDE = re.compile(r"(measure|part)\.(.+)")


# ---- metrics ----


def metric(name: str, k: int) -> Value:
    """The value of each row; an unknown name is told with the nearest."""
    if name in OF_GREEDY:
        return OF_GREEDY[name]
    if name in OF_SAMPLES and k:
        return OF_SAMPLES[name]
    if name == "picked" and k:
        return lambda row: None if row.picked is None else row.samples[row.picked].passed
    if (at := AT.fullmatch(name)) and 1 <= int(at[2]) <= k:
        return _passing(at[1], int(at[2]))
    if inside := INSIDE.fullmatch(name):
        return _inside(inside[1], inside[2])
    raise InputError(f"no metric {name!r}; {nearest(name, names(k))}")


def _passing(how: str, j: int) -> Value:
    def value(row: Row) -> float:
        n, passed = len(row.samples), sum(sample.passed for sample in row.samples)
        return pass_at(j, n, passed) if how == "pass" else 1 - pass_at(j, n, n - passed)

    return value


def _inside(kind: str, name: str) -> Value:
    return lambda row: (row.greedy.measures if kind == "measure" else row.greedy.parts).get(name)


def names(k: int) -> list[str]:
    """Of the metrics that every contract has."""
    sampled = [*OF_SAMPLES, "picked", *[f"{how}@{j}" for how in ("pass", "all") for j in _powers(k)]]
    return [*OF_GREEDY, *(sampled if k else [])]


def _powers(k: int) -> list[int]:
    """1, 2, 4 ... and k itself."""
    return sorted({k, *(2**i for i in range(k.bit_length()) if 2**i <= k)}) if k else []


def values(rows: Sequence[Row], name: str) -> list[float]:
    """Of the rows that have one; a measure that is not finite is none."""
    value = metric(name, k_of(rows))
    return [float(found) for row in rows if (found := value(row)) is not None and isfinite(found)]


def estimate(rows: Sequence[Row], name: str) -> Estimate:
    """A rate has its Wilson interval, a mean the bootstrap's over tasks."""
    found = values(rows, name)
    if all(value in (0.0, 1.0) for value in found):
        counted = rate(round(sum(found)), len(found))
        return Estimate(counted.value, counted.low, counted.high, counted.n)
    return mean(found)


def k_of(rows: Sequence[Row]) -> int:
    return len(rows[0].samples) if rows else 0


# ---- slices ----


def _seen(row: Row) -> str:
    return {True: "seen", False: "unseen", None: "unknown"}[row.seen]


def slices(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """By split, tier, family and by what was seen, in the order of the rows; a way with a single part is left out."""
    ways: Mapping[str, Callable[[Row], str]] = {
        "split": lambda row: row.split,
        "tier": lambda row: row.tier,
        "family": lambda row: row.family,
        "seen": _seen,
    }
    found = {way: _grouped(rows, of) for way, of in ways.items()}
    return {way: parts for way, parts in found.items() if len(parts) > 1}


def _grouped(rows: Sequence[Row], of: Callable[[Row], str]) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(of(row), []).append(row)
    return parts


def part(rows: Sequence[Row], name: str) -> list[Row]:
    """The rows of one slice, by its name alone or as WAY=NAME where two ways have one of that name; of several, a comma
    between them, the rows that are in all."""
    way, equals, wanted = name.rpartition("=")
    known = {
        (of, label): members for of, parts in _all_slices(rows).items() for label, members in parts.items()
        if not equals or of == way
    }  # fmt: skip
    found = [members for (_, label), members in known.items() if label == wanted]
    if not found and "," in name:
        first, _, last = name.rpartition(",")
        return part(part(rows, first.strip()), last.strip())
    if len(found) != 1:
        ways = [f"{of}={label}" for of, label in known if label == wanted]
        expected = " or ".join(ways) if ways else nearest(wanted, {label for _, label in known})
        raise InputError(f"{'no' if not found else 'more than one'} slice {name!r}; {expected}")
    return found[0]


def _all_slices(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    return {
        "split": _grouped(rows, lambda row: row.split),
        "tier": _grouped(rows, lambda row: row.tier),
        "family": _grouped(rows, lambda row: row.family),
        "seen": _grouped(rows, _seen),
    }


# ---- the whole ----


def metrics(rows: Sequence[Row]) -> Iterator[str]:
    """The names of all that these rows have a value for."""
    for name in names(k_of(rows)):
        if values(rows, name):
            yield name
    for kind in ("part", "measure"):
        held = [row.greedy.parts if kind == "part" else row.greedy.measures for row in rows]
        yield from (f"{kind}.{name}" for name in sorted({name for one in held for name in one}))


def mended(rows: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The tasks that repair has brought to pass, and those that it has made fail."""
    improved = [row.task for row in rows if row.repaired.passed and not row.greedy.passed]
    regressed = [row.task for row in rows if row.greedy.passed and not row.repaired.passed]
    return improved, regressed
