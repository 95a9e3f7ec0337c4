"""A panel of shallow answers: what can be had without understanding the task.

A probe that these pass is no measure of skill. They see what a policy may see: training tasks with their gold answers,
and the prompt of the task at hand.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from rungwise.check.examinee import Examinee, Result, ruled
from rungwise.contract import Task, Verdict
from rungwise.probe.stats import rate

Pool = Sequence[tuple[Task, str]]
POOL, ATTEMPTS = 60, 6
PANEL = ("most frequent gold", "nearest prompt's gold", "prompt echo", "smallest gold")


def panel(pool: Pool, task: Task) -> Mapping[str, str]:
    """Name -> answer to the task."""
    return {
        PANEL[0]: Counter(gold for _, gold in pool).most_common(1)[0][0],
        PANEL[1]: nearest_gold(pool, task),
        PANEL[2]: task.prompt,
        PANEL[3]: min((gold for _, gold in pool), key=lambda gold: (len(gold), gold)),
    }


def nearest_gold(pool: Pool, task: Task) -> str:
    """The gold answer of the training prompt that shares most words with this one."""
    words = _words(task.prompt)
    return max(pool, key=lambda entry: _overlap(words, _words(entry[0].prompt)))[1]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))


# ---- the two findings made from it ----


def panel_verdicts(x: Examinee) -> Mapping[str, list[Mapping[str, Verdict]]]:
    """By tier, what the shallow panel gets on each task outside its training pool. Judged once, then remembered."""
    if not x.panel:
        training, *others = x.contract.splits
        pool = [(task, gold) for task in x.tasks[training][:POOL] if (gold := x.gold[task.id]) is not None]
        for task in (task for split in others or [training] for task in x.tasks[split]):
            answers = panel(pool, task)
            row = {name: x.judge(task, answer, name) for name, answer in answers.items()}
            x.panel.setdefault(task.tier, []).append(row)
    return x.panel


def tiers(x: Examinee) -> Result:
    """No tier may be clearly easier than the one before it, as the unskilled meet them."""
    by, met = _difficulty(x)
    faults = [f"no task of tier {tier} among {x.n} a split" for tier in x.contract.tiers if tier not in met]
    ordered = [(tier, met[tier]) for tier in x.contract.tiers if tier in met]
    for (easier, a), (harder, b) in pairwise(ordered):
        noise = math.sqrt(_variance(a) / len(a) + _variance(b) / len(b))
        if _mean(b) - _mean(a) > 0.02 + 2 * noise:
            faults.append(f"{harder} is easier than {easier}, by {by}: {_mean(b):.2f} and {_mean(a):.2f}")
    means = {tier: round(_mean(scores), 3) for tier, scores in ordered}
    told = ", ".join(f"{tier} {mean:.2f}" for tier, mean in means.items())
    return ruled(faults, f"no tier is easier than the one before, by {by}: {told}", by=by, means=means)


def _difficulty(x: Examinee) -> tuple[str, dict[str, list[float]]]:
    """By tier, one figure a task: the pass rate of unskilled attempts where the contract offers them, else the best
    score of the shallow panel."""
    attempt: Callable[[Task, int], str] | None = getattr(x.contract, "attempt", None)
    if attempt is None:
        rows = panel_verdicts(x)
        return "the panel's best score", {
            tier: [max(v.score for v in row.values()) for row in rows[tier]] for tier in rows
        }
    met: dict[str, list[float]] = {}
    for task in x.all():
        tried = [x.judge(task, attempt(task, x.seed + k), "an unskilled attempt").passed for k in range(ATTEMPTS)]
        met.setdefault(task.tier, []).append(sum(tried) / ATTEMPTS)
    return "the pass rate of unskilled attempts", met


def baselines(x: Examinee) -> Result:
    """The panel's pass rates by tier. They fail nothing, but a probe that they pass measures nothing."""
    rows = [row for rows in panel_verdicts(x).values() for row in rows]
    passes = {name: sum(row[name].passed for row in rows) for name in PANEL}
    best = max(PANEL, key=lambda name: passes[name])
    overall = rate(passes[best], len(rows))
    warning = "; WARNING: much of this can be had without skill" if overall.low > 0.5 else ""
    table = {
        name: {
            tier: str(rate(sum(row[name].passed for row in x.panel[tier]), len(x.panel[tier])))
            for tier in x.contract.tiers
            if tier in x.panel
        }
        for name in PANEL
    }
    return True, f"best of the shallow panel: {best}, {overall}{warning}", {"panel": table}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
