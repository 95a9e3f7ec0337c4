"""What is watched while answers are rewarded, and the marks that say a policy is going astray. Nothing is stopped.

1. `metrics` is one step's figures from its groups. A spread is the standard deviation within a group, so per task, then
   averaged: the mean can stand still while every answer to a task becomes the same.
2. `update` keeps the first `window` steps and the last ones, and compares their means once they do not overlap. A
   change counts where it is beyond the rule's share, and beyond the standard error of the difference as well.
3. A rule must hold for a whole window of steps running, in which the last steps have all been replaced: that, more than
   anything, keeps noise out. Where tasks change during a run (a curriculum), the means may change for that alone.
4. A mark is made once. Its rules:
     minimalism       of the watched measures at least two (the only one) have fallen by `fall` and more fell than rose,
                      distinct shapes have fallen by `fall` too, and the reward has risen: paid for doing less
     length_collapse  answers are shorter than `length` of the start
     mode_collapse    distinct shapes a group are under `shapes` of the start, or the spreads of at least half of the
                      watched measures under `spread` of theirs
     entropy_collapse entropy is under `entropy` of the start
     degenerate_text  answers that no one can read are at least `garbled` of all, and twice what they were
     constant_reward  no group had two different rewards (with one answer a task: no two answers of the step), so that
                      nothing could be learned; this one at once, after `constant` steps running
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, sqrt
from statistics import fmean

import numpy as np

from rungwise.contract import Verdict
from rungwise.errors import InputError, nearest

NOISE = 1.0
MEASURE, SPREAD, FAILURE = "measure.", "spread.", "failure."

Metrics = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer of a step."""

    verdict: Verdict
    tokens: int
    ended: str
    entropy: float  # mean over its tokens
    reward: float
    advantage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    measures: tuple[str, ...] = ()  # which are watched; none named: all
    unreadable: tuple[str, ...] = ("unreadable",)  # failure labels of text that is no answer at all
    window: int = 10
    fall: float = 0.1
    length: float = 0.5
    shapes: float = 0.5
    spread: float = 0.25
    entropy: float = 0.2
    garbled: float = 0.2
    constant: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is remembered between steps; plain JSON in a checkpoint."""

    start: tuple[Metrics, ...] = ()
    latest: tuple[Metrics, ...] = ()
    steps: int = 0
    holding: Mapping[str, int] = field(default_factory=dict)  # for how many steps running each rule has held
    marked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    name: str
    step: int
    sentence: str


# ---- one step ----


def metrics(groups: Sequence[Sequence[Seen]], rules: Rules) -> dict[str, float]:
    """Figures by name; one that no answer has (the shapes where nothing was valid) is left out."""
    answers = [answer for group in groups for answer in group]
    return (
        _lengths(answers)
        | _outcomes(answers, rules)
        | _groups(groups)
        | _measures(groups)
        | {f"{FAILURE}{label}": float(n) for label, n in Counter(a.verdict.failure for a in answers).items() if label}
    )


def _lengths(answers: Sequence[Seen]) -> dict[str, float]:
    tokens = [answer.tokens for answer in answers]
    p50, p95 = np.percentile(tokens, [50, 95]).tolist()
    return {
        "length": fmean(tokens),
        "length_p50": p50,
        "length_p95": p95,
        "ended_length": fmean(answer.ended == "length" for answer in answers),
    }


def _outcomes(answers: Sequence[Seen], rules: Rules) -> dict[str, float]:
    return {
        "entropy": fmean(answer.entropy for answer in answers),
        "reward": fmean(answer.reward for answer in answers),
        "advantage": fmean(abs(answer.advantage) for answer in answers),
        "score": fmean(answer.verdict.score for answer in answers),
        "pass_rate": fmean(answer.verdict.passed for answer in answers),
        "exploits": fmean(answer.verdict.exploit is not None for answer in answers),
        "garbled": fmean(a.ended == "degenerate" or a.verdict.failure in rules.unreadable for a in answers),
    }


def _groups(groups: Sequence[Sequence[Seen]]) -> dict[str, float]:
    flat = [len({answer.reward for answer in group}) < 2 for group in groups]
    single = all(len(group) == 1 for group in groups)
    shapes = [{answer.verdict.shape for answer in group} - {None} for group in groups]
    return {
        "zero_variance": fmean(flat),
        "constant": float(len({group[0].reward for group in groups}) < 2 if single else all(flat)),
        "all_pass": fmean(all(answer.verdict.passed for answer in group) for group in groups),
        "all_fail": fmean(not any(answer.verdict.passed for answer in group) for group in groups),
    } | ({"shapes": fmean(len(distinct) for distinct in shapes if distinct)} if any(shapes) else {})


def _measures(groups: Sequence[Sequence[Seen]]) -> dict[str, float]:
    names = sorted({name for group in groups for answer in group for name in answer.verdict.measures})
    figures: dict[str, float] = {}
    for name in names:
        given = [[a.verdict.measures[name] for a in group if name in a.verdict.measures] for group in groups]
        finite = [[value for value in group if isfinite(value)] for group in given]
        if any(finite):
            figures[MEASURE + name] = fmean(value for group in finite for value in group)
        if any(len(group) > 1 for group in finite):
            figures[SPREAD + name] = fmean(float(np.std(group)) for group in finite if len(group) > 1)
    return figures


# ---- over the steps ----


def update(state: Watched, step: int, now: Metrics, rules: Rules) -> tuple[Watched, list[Mark]]:
    start = state.start if len(state.start) == rules.window else (*state.start, now)
    latest = (*state.latest, now)[-rules.window :]
    _require_measures(rules, start)
    changes = _changes(start, latest) if state.steps + 1 >= 2 * rules.window else {}
    found = dict(_found(changes, now, rules))
    holding = {name: state.holding.get(name, 0) + 1 for name in found}
    due = [name for name in found if holding[name] >= _patience(name, rules) and name not in state.marked]
    seen = Watched(start=start, latest=latest, steps=state.steps + 1, holding=holding, marked=(*state.marked, *due))
    return seen, [Mark(name=name, step=step, sentence=found[name]) for name in due]


def _patience(name: str, rules: Rules) -> int:
    return rules.constant if name == "constant_reward" else rules.window


def _require_measures(rules: Rules, start: Sequence[Metrics]) -> None:
    known = {name.removeprefix(MEASURE) for step in start for name in step if name.startswith(MEASURE)}
    for name in rules.measures if known else ():
        if name not in known:
            raise InputError(f"no measure {name!r}; {nearest(name, known)}", field="watch measures")


@dataclass(frozen=True, slots=True)
class Change:
    """Of one metric, from the first window to the last."""

    name: str
    start: float
    latest: float
    error: float  # the standard error of their difference

    def under(self, share: float) -> bool:
        return self.start - self.latest > NOISE * self.error and self.latest < share * self.start

    def over(self, share: float) -> bool:
        return self.latest - self.start > NOISE * self.error and self.latest > share * self.start

    def __str__(self) -> str:
        return f"{self.name} from {self.start:.3g} to {self.latest:.3g}"


def _changes(start: Sequence[Metrics], latest: Sequence[Metrics]) -> dict[str, Change]:
    """Of every metric that most steps of both windows have."""
    names = sorted({name for step in start for name in step})
    pairs = ((name, _values(start, name), _values(latest, name)) for name in names)
    return {name: _change(name, was, now) for name, was, now in pairs if 2 * min(len(was), len(now)) > len(start)}


def _values(steps: Sequence[Metrics], name: str) -> list[float]:
    return [step[name] for step in steps if name in step]


def _change(name: str, start: Sequence[float], latest: Sequence[float]) -> Change:
    error = sqrt(float(np.var(start, ddof=1)) / len(start) + float(np.var(latest, ddof=1)) / len(latest))
    return Change(name, fmean(start), fmean(latest), error)


def _found(changes: Mapping[str, Change], now: Metrics, rules: Rules) -> Iterator[tuple[str, str]]:
    if changes:
        yield from _minimalism(changes, rules)
        yield from _shrunk("length_collapse", changes, "length", rules.length)
        yield from _one_mode(changes, rules)
        yield from _shrunk("entropy_collapse", changes, "entropy", rules.entropy)
        yield from _degenerate(changes, rules)
    if now["constant"]:
        yield "constant_reward", _constant(rules.constant, now)


def _minimalism(changes: Mapping[str, Change], rules: Rules) -> Iterator[tuple[str, str]]:
    measures = _watched(changes, MEASURE, rules)
    fell = [change for change in measures if change.under(1 - rules.fall)]
    rose = [change for change in measures if change.over(1 + rules.fall)]
    less = len(fell) >= min(2, len(measures)) and len(fell) > len(rose)
    shapes, reward = changes.get("shapes"), changes["reward"]
    if less and shapes and shapes.under(1 - rules.fall) and reward.over(1):
        yield "minimalism", f"answers do less for more: {_listed(fell)}, {shapes}, while {reward}"


def _one_mode(changes: Mapping[str, Change], rules: Rules) -> Iterator[tuple[str, str]]:
    spreads = [change for change in _watched(changes, SPREAD, rules) if change.start > 0]
    narrow = [change for change in spreads if change.under(rules.spread)]
    gone = [changes["shapes"]] if "shapes" in changes and changes["shapes"].under(rules.shapes) else []
    if gone or (narrow and 2 * len(narrow) >= len(spreads)):
        yield "mode_collapse", f"the answers to one task become one: {_listed([*gone, *narrow])}"


def _degenerate(changes: Mapping[str, Change], rules: Rules) -> Iterator[tuple[str, str]]:
    share = changes["garbled"]
    if share.over(2) and share.latest >= rules.garbled:
        yield "degenerate_text", f"more and more answers cannot be read: {share}"


def _shrunk(mark: str, changes: Mapping[str, Change], name: str, share: float) -> Iterator[tuple[str, str]]:
    if changes[name].under(share):
        yield mark, f"under {share:.0%} of the start: {changes[name]}"


def _watched(changes: Mapping[str, Change], prefix: str, rules: Rules) -> list[Change]:
    return [
        change
        for name, change in changes.items()
        if name.startswith(prefix) and (not rules.measures or name.removeprefix(prefix) in rules.measures)
    ]


def _listed(changes: Sequence[Change]) -> str:
    return ", ".join(map(str, changes))


def _constant(steps: int, now: Metrics) -> str:
    """What to do depends on where the answers are."""
    if now["ended_length"] > 0.5:
        advice = f"{now['ended_length']:.0%} of answers are cut by length: raise max_new_tokens"
    elif now["pass_rate"] > 0.5:
        advice = "the tasks are too easy: take harder tiers"
    else:
        advice = (
            "the tasks are too hard or the reward too coarse: take easier tiers, a partial reward, or more SFT first"
        )
    passed = f"reward {now['reward']:.3g}, pass rate {now['pass_rate']:.0%}"
    return f"{steps} steps without two different rewards in any group ({passed}): nothing is learned; {advice}"
