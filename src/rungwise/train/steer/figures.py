"""Figures that hold a score against the truth. For the metrics alone: what is told here is never learned from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

from scipy.stats import binomtest

from rungwise.contract import Json, Verdict


def of_exploits(verdicts: Sequence[Sequence[Verdict]]) -> dict[str, float]:
    """Shares of all answers, where any names an exploit: `truth` passed; `exploited` was paid for an exploit and did
    not pass, with its kinds; `attempted` did both."""
    flat = [verdict for row in verdicts for verdict in row]
    if all(verdict.exploit is None for verdict in flat):
        return {}
    kinds = Counter(verdict.exploit for verdict in flat if verdict.exploit and not verdict.passed)
    named = sorted({verdict.exploit for verdict in flat if verdict.exploit})
    return {
        "truth": fmean(verdict.passed for verdict in flat),
        "exploited": kinds.total() / len(flat),
        "attempted": fmean(verdict.exploit is not None and verdict.passed for verdict in flat),
        **{f"exploited.{kind}": kinds[kind] / len(flat) for kind in named},
    }


def sign_test(name: str, right: Sequence[bool]) -> dict[str, Json]:
    """How many are right, and how likely so many are by a coin."""
    told = binomtest(sum(right), len(right), alternative="greater")
    return {f"{name}_accuracy": fmean(right), f"{name}_p": float(told.pvalue)}


def auroc(name: str, scores: Sequence[float], truth: Sequence[bool]) -> dict[str, Json]:
    """How likely one that is true scores above one that is not; nothing where there is only one of both."""
    yes, no = ([s for s, t in zip(scores, truth, strict=True) if t == kind] for kind in (True, False))
    if not yes or not no:
        return {}
    above = sum((a > b) + (a == b) / 2 for a in yes for b in no)
    return {name: above / (len(yes) * len(no)), f"{name}_n": len(scores)}


def against(name: str, flagged: Sequence[bool], truth: Sequence[bool]) -> dict[str, Json]:
    """Of what was flagged: how often rightly so, how much of the truth it is, and how much else."""
    pairs = list(zip(flagged, truth, strict=True))
    found: Mapping[str, list[bool]] = {
        "accuracy": [f == t for f, t in pairs],
        "recall": [f for f, t in pairs if t],
        "false_alarm": [f for f, t in pairs if not t],
    }
    return {f"{name}_{figure}": fmean(values) for figure, values in found.items() if values}
