"""The shallow panel: what those who do not understand the task get for it, see probe/shallow.py."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from rungwise.check.examinee import TASK_SECONDS, Examinee, Result, ruled
from rungwise.contract import Task, Verdict
from rungwise.probe import shallow
from rungwise.probe.stats import rate

POOL, ATTEMPTS = 60, 6


def panel_verdicts(x: Examinee) -> Mapping[str, list[Mapping[str, Verdict]]]:
    """By tier, what the shallow panel gets on each task outside its training pool. Judged once, then remembered."""
    if not x.panel:
        training, *others = x.contract.splits
        pool = [(task, gold) for task in x.tasks[training][:POOL] if (gold := x.gold[task.id]) is not None]
        panel = shallow.panel(x.contract, pool)
        for task in (task for split in others or [training] for task in x.tasks[split]):
            row = {name: x.judge(task, answer(task), shallow.says(name)) for name, answer in panel.items()}
            x.panel.setdefault(task.tier, []).append(row)
    return x.panel


def tiers(x: Examinee) -> Result:
    """No tier may be clearly easier than the one before it, as the unskilled meet them."""
    by, met = _difficulty(x)
    faults = [f"no task of tier {tier} among {x.n} a split" for tier in x.contract.tiers if tier not in met]
    ordered = [(tier, met[tier]) for tier in x.contract.tiers if tier in met]
    x.say({"doing": "comparing tiers", "limit": TASK_SECONDS})  # scipy is loaded here, which takes its time
    for (easier, a), (harder, b) in pairwise(ordered):
        noise = math.sqrt(_variance(a) / len(a) + _variance(b) / len(b))
        if _mean(b) - _mean(a) > 0.02 + _sure(min(len(a), len(b))) * noise:
            faults.append(f"{harder} is easier than {easier}, by {by}: {_mean(b):.2f} and {_mean(a):.2f}")
    means = {tier: round(_mean(scores), 3) for tier, scores in ordered}
    told = ", ".join(f"{tier} {mean:.2f}" for tier, mean in means.items())
    return ruled(faults, f"no tier is easier than the one before, by {by}: {told}", by=by, means=means)


def _sure(n: int) -> float:
    """How many standard errors a difference of means of n is surely no chance: few tasks need more of them."""
    from scipy.stats import t

    return float(t.ppf(0.99, n - 1)) if n > 1 else math.inf


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
    known = shallow.names(x.contract)
    passes = {name: sum(row[name].passed for row in rows) for name in known}
    best = max(known, key=lambda name: passes[name])
    x.say({"doing": "counting what is had without skill", "limit": TASK_SECONDS})  # as above, where tiers had nothing
    overall = rate(passes[best], len(rows))
    warning = "; WARNING: much of this can be had without skill" if overall.low > 0.5 else ""
    table = {
        shallow.says(name): {
            tier: str(rate(sum(row[name].passed for row in x.panel[tier]), len(x.panel[tier])))
            for tier in x.contract.tiers
            if tier in x.panel
        }
        for name in known
    }
    return True, f"best of the shallow panel: {shallow.says(best)}, {overall}{warning}", {"panel": table}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return sum((value - mean) ** 2 for value in values) / max(1, len(values) - 1)
