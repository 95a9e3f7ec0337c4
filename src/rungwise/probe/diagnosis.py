"""What the figures of a measured policy point to, and what to do about it, the cheapest remedy first.

1. A symptom is told where its rule holds and not otherwise: critical (train nothing before it is mended), warn (what
   the next rung should be about) or info. Its action is one thing to do, with all else left as it is.
2. A difference between parts counts where it is large and more than chance; one against a baseline is paired on tasks,
   and all slices are tested together.
3. More capacity stands last, and mostly blocked: `ceiling` is told where at least three clean runs have come to the
   same class within two points, what was trained on is learned, and nothing that is cheaper to mend is found.
   Otherwise `capacity_blocked` says what is missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from rungwise.probe.failures import CLASSES, Case, Diagnosis, Training, diagnose, passed_by, spread
from rungwise.probe.labels import label, readable
from rungwise.probe.result import Row
from rungwise.probe.stats import ALPHA, Difference, holm, paired

SEVERITIES = ("critical", "warn", "info")
CLEAN_RUNS, PLATEAU, LEARNED = 3, 0.02, 0.95
MISSES = 0.05  # fewer misses than this are no reason for a remedy
CHEAPER = tuple(one.name for one in CLASSES[: [one.name for one in CLASSES].index("undertrained") + 1])
LONG = 0.8  # of the context, for the longest gold answer and its prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    name: str
    severity: str  # one of SEVERITIES
    sentence: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """An earlier run with the same model, measured on the same probe."""

    primary: str  # the class that its diagnosis found
    passed: float  # its greedy pass rate
    clean: bool = True  # finished, and nothing was wrong with its measuring


Found = Iterator[Symptom]


def symptoms(
    rows: Sequence[Row], training: Training | None = None, baseline_rows: Sequence[Row] | None = None, *,
    diagnosis: Diagnosis | None = None, runs: Sequence[Past] = (),
) -> list[Symptom]:  # fmt: skip
    """By severity, capacity last. `runs` are those before this one."""
    told = training or Training()
    known = diagnosis or diagnose(rows, told, baseline=baseline_rows)
    case = Case(rows=rows, training=told, golds=None, again=None, baseline=baseline_rows)
    found = [one for rule in RULES for one in rule(case)]
    found.sort(key=lambda one: SEVERITIES.index(one.severity))
    return found + list(_capacity(case, known, runs, found))


def _symptom(name: str, severity: str, sentence: str, action: str) -> Symptom:
    return Symptom(name=name, severity=severity, sentence=sentence, action=action)


# ---- of the answers ----


def _low_everywhere(case: Case) -> Found:
    weak = all(fmean(passed) < 0.5 for passed in case.by_family.values())
    if case.misses > 0.8 and weak:
        yield _symptom(
            "low_everywhere", "critical",
            f"{1 - case.misses:.0%} of {len(case.rows)} tasks pass, and no family is at half.",
            "Pass over the same rows two or three times as often, and leave everything else as it is.",
        )  # fmt: skip


def _uneven(case: Case) -> Found:
    ways: Mapping[str, Callable[[Row], str]] = {"family": lambda row: row.family, "tier": lambda row: row.tier}
    for way, of in ways.items():
        parts = passed_by(case.rows, of)
        if (apart := spread(parts)) < 0.3:
            continue
        best, worst = (end(parts, key=lambda name: fmean(parts[name])) for end in (max, min))
        split = fmean(parts[worst]) == 0 and fmean(parts[best]) >= 0.8
        yield _symptom(
            f"uneven_{way}", "critical" if split else "warn",
            f"{way} {best} passes {fmean(parts[best]):.0%} and {worst} {fmean(parts[worst]):.0%}, "
            f"{100 * apart:.0f} points apart.",
            f"Add rows for {worst}, and replay rows of {best} so that it is not lost.",
        )  # fmt: skip


def _unreadable(case: Case) -> Found:
    rate = case.share(lambda one: label(one) in ("unreadable", "empty"))
    if rate > 0.1:
        yield _symptom(
            "unreadable", "critical", f"{rate:.0%} of the answers end by themselves and cannot be read.",
            "Hold answers to the grammar once to see what they say; then mend the form before the content.",
        )  # fmt: skip


def _readable_none_passed(case: Case) -> Found:
    if case.share(readable) >= 0.99 and case.misses >= 0.99:
        yield _symptom(
            "readable_none_passed", "critical", "Nearly every answer can be read, and none is right.",
            "Show pairs of tasks that differ in one thing with the answers that differ with it; the form is learned.",
        )  # fmt: skip


def _right_until_cut(case: Case) -> Found:
    cut = [row for row in case.rows if label(row.greedy) == "truncated" and row.greedy.prefix]
    for family, n in passed_by(case.rows, lambda row: row.family).items():
        inside = sum(row.family == family for row in cut)
        if inside >= 0.5 * len(n):
            yield _symptom(
                "right_until_cut", "warn",
                f"In family {family} {inside} of {len(n)} answers are right up to where the token limit cuts them.",
                "Raise max_new_tokens, or make the language say it in fewer tokens; more data does not help.",
            )  # fmt: skip


def _repair_first(case: Case) -> Found:
    missed = [row for row in case.rows if not row.greedy.passed]
    mended = sum(row.repaired.passed for row in missed)
    if missed and case.misses >= MISSES and mended >= 0.5 * len(missed):
        yield _symptom(
            "repair_first", "warn", f"Repair alone mends {mended} of {len(missed)} misses.",
            "Mend decoding, or promote the repair with the answers kept raw beside it, before training again.",
        )  # fmt: skip


def _among_samples(case: Case) -> Found:
    sampled = [row for row in case.rows if len(row.samples) > 1]
    if not sampled:
        return
    gained = fmean(any(one.passed for one in row.samples) - row.greedy.passed for row in sampled)
    if gained >= 0.2:
        yield _symptom(
            "among_samples", "info",
            f"The best of {len(sampled[0].samples)} samples passes {100 * gained:.0f} points more tasks than greedy.",
            "Pay reward for passing, or choose among samples: what is needed is there and is not preferred.",
        )  # fmt: skip
    missed = [row for row in sampled if not any(one.passed for one in row.samples)]
    shapes = [{one.shape for one in row.samples} - {None} for row in missed]
    alike = sum(len(found) == 1 for found in shapes)
    if missed and len(missed) >= MISSES * len(case.rows) and alike >= 0.8 * len(missed):
        yield _symptom(
            "samples_alike", "warn",
            f"In {alike} of the {len(missed)} tasks that no sample passes, all samples have one shape.",
            "Raise the temperature or pay for different shapes: reward has nothing to choose between.",
        )  # fmt: skip


def _seen_gap(case: Case) -> Found:
    known = [row for row in case.rows if row.seen is not None]
    parts = passed_by(known, lambda row: "seen" if row.seen else "unseen")
    gap = spread(parts)
    if gap >= 0.2 and fmean(parts["seen"]) > fmean(parts["unseen"]):
        by_heart = fmean(parts["seen"]) >= 0.9 and fmean(parts["unseen"]) <= 0.05
        yield _symptom(
            "seen_unseen_gap", "critical" if by_heart else "warn",
            f"Answers that were trained on pass {fmean(parts['seen']):.0%}, others {fmean(parts['unseen']):.0%}.",
            "Draw more different answers and pass over them less often.",
        )  # fmt: skip


def _regression(case: Case) -> Found:
    worse = _worse(case.rows, case.baseline or ())
    if worse:
        told = "; ".join(f"{name} {100 * found.value:+.0f} points" for name, found in worse.items())
        yield _symptom(
            "regression", "critical", f"Surely worse than the baseline: {told}.",
            "Compare grammar, tokens and judge with the baseline's; then begin again from the baseline's model.",
        )  # fmt: skip


def _worse(rows: Sequence[Row], baseline: Sequence[Row]) -> dict[str, Difference]:
    before = {row.task: float(row.greedy.passed) for row in baseline}
    pairs: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if row.task in before:
            for name in ("all tasks", f"split={row.split}", f"tier={row.tier}", f"family={row.family}"):
                pairs.setdefault(name, []).append((row.greedy.passed, before[row.task]))
    found = {name: paired([a for a, _ in both], [b for _, b in both]) for name, both in pairs.items()}
    adjusted = holm({name: one.p for name, one in found.items()})
    return {name: one for name, one in found.items() if one.value < 0 and adjusted[name] < ALPHA}


# ---- of the training ----


def _unknown_tokens(case: Case) -> Found:
    if unknown := case.training.vocabulary_unknown:
        yield _symptom(
            "unknown_tokens", "critical", f"Gold answers hold {unknown} tokens that the tokenizer does not know.",
            "Mend the tokenizer before anything is trained: what cannot be written cannot be learned.",
        )  # fmt: skip


def _gold_too_long(case: Case) -> Found:
    longest = case.training.longest_gold_share_of_context
    if longest is not None and longest > LONG:
        yield _symptom(
            "gold_too_long", "critical",
            f"The longest task takes {longest:.0%} of the context with its gold answer; {LONG:.0%} is the most.",
            "Say the same in fewer tokens first, then look at the tokenizer, then at a longer context.",
        )  # fmt: skip


def _loss_low_pass_low(case: Case) -> Found:
    loss = case.training.loss_last
    if loss is None or loss >= 0.1 or case.misses <= 0.5:
        return
    yield _symptom(
        "loss_low_pass_low", "warn", f"The loss is {loss:.3f} and only {1 - case.misses:.0%} of the tasks pass.",
        "Look at what the rows lack against the probe: tokens, variety, combinations. More steps only learn by heart.",
    )  # fmt: skip


def _by_heart(case: Case) -> Found:
    loss, heldout = case.training.loss_last, case.training.heldout_last
    if loss is not None and heldout is not None and heldout >= max(0.1, 2 * loss):
        yield _symptom(
            "learned_by_heart", "warn", f"The held-out loss is {heldout:.3f}, that of training {loss:.3f}.",
            "Take more different tasks, or fewer passes over these.",
        )  # fmt: skip
    elif loss is not None and loss < 0.05 and case.misses < MISSES:
        yield _symptom(
            "smooth", "info", f"The loss is {loss:.3f} and nearly all tasks pass.",
            "Look at how the probe differs from what was trained on before this is believed.",
        )  # fmt: skip


def _loss_high(case: Case) -> Found:
    loss, epochs = case.training.loss_last, case.training.epochs
    if loss is not None and loss > 0.5 and epochs is not None and epochs >= 1:
        yield _symptom(
            "loss_high", "warn", f"The loss is still {loss:.2f} after {epochs:.1f} passes over the rows.",
            "Look at gradient norms, try three learning rates, and see how full the batches are.",
        )  # fmt: skip


def _plateau(case: Case) -> Found:
    loss, slope = case.training.loss_last, case.training.loss_slope
    if loss is None or slope is None or case.misses <= 0.5:
        return
    if 0.1 <= loss <= 0.3 and abs(slope) < 0.01:
        yield _symptom(
            "plateau", "warn", f"The loss stands at {loss:.2f} while {1 - case.misses:.0%} of the tasks pass.",
            "Take rows that are different, then rows that are more; longer training of the same rows changes nothing.",
        )  # fmt: skip


def _train_gap(case: Case) -> Found:
    train = case.training.train_pass_rate
    if train is not None and train - (1 - case.misses) >= 0.2:
        yield _symptom(
            "train_probe_gap", "warn",
            f"Tasks that were trained on pass {train:.0%}, the probe's {1 - case.misses:.0%}.",
            "Widen what is trained on to all combinations that the probe asks for, and pass over it less often.",
        )  # fmt: skip


def _gradients(case: Case) -> Found:
    highest, lowest = case.training.grad_highest, case.training.grad_lowest
    if highest is not None and highest > 10:
        yield _symptom(
            "gradient_spike", "warn", f"The largest gradient norm is {highest:.0f} times the median.",
            "Look at the rows of that step; then clip, or warm up for longer.",
        )  # fmt: skip
    if lowest is not None and lowest < 1e-3:
        yield _symptom(
            "gradient_collapse", "critical", "Gradients vanish: the smallest norm is under a thousandth of the median.",
            "See that answers carry loss and that rewards differ; nothing is learned at such steps.",
        )  # fmt: skip


RULES: tuple[Callable[[Case], Found], ...] = (
    _unknown_tokens, _gold_too_long, _regression, _low_everywhere, _unreadable, _readable_none_passed, _right_until_cut,
    _repair_first, _uneven, _seen_gap, _train_gap, _loss_low_pass_low, _by_heart, _loss_high, _plateau, _gradients,
    _among_samples,
)  # fmt: skip


# ---- more capacity ----


def _capacity(case: Case, diagnosis: Diagnosis, runs: Sequence[Past], found: Sequence[Symptom]) -> Found:
    if case.misses < MISSES:
        return
    now = Past(primary=diagnosis.primary, passed=1 - case.misses)
    reasons = blocked(diagnosis, case.training, [*runs, now], found)
    if reasons:
        yield _symptom(
            "capacity_blocked", "info", f"A larger model is no remedy yet: {'; '.join(reasons)}.",
            "Mend what is named here first; ask for capacity when nothing of it is left.",
        )  # fmt: skip
    else:
        yield _symptom(
            "ceiling", "warn",
            f"{CLEAN_RUNS} clean runs end in {diagnosis.primary} within {100 * PLATEAU:.0f} points, and all that was "
            "trained on is learned.",
            "Try the next size of model on the same rows, budget and probe, and change nothing else.",
        )  # fmt: skip


def blocked(
    diagnosis: Diagnosis, training: Training, runs: Sequence[Past], found: Sequence[Symptom] = ()
) -> list[str]:  # fmt: skip
    """Why a larger model may not be asked for; nothing where it may. `runs` are the latest with this one last."""
    clean = [run for run in runs if run.clean][-CLEAN_RUNS:]
    reasons = [f"{name} comes first" for name in (diagnosis.primary, *diagnosis.secondary) if name in CHEAPER]
    reasons += [f"{one.name} comes first" for one in found if one.name in ("unknown_tokens", "gold_too_long")]
    if len(clean) < CLEAN_RUNS:
        reasons.append(f"{len(clean)} of {CLEAN_RUNS} clean runs are there to compare")
    if len(classes := {run.primary for run in clean}) > 1:
        reasons.append(f"the last clean runs end in different classes ({', '.join(sorted(classes))})")
    passed = [run.passed for run in clean]
    if passed and max(passed) - min(passed) >= PLATEAU:
        reasons.append(f"the last clean runs lie {100 * (max(passed) - min(passed)):.0f} points apart")
    if training.train_pass_rate is None:
        reasons.append("how many of the training tasks pass is not known")
    elif training.train_pass_rate < LEARNED:
        reasons.append(f"only {training.train_pass_rate:.0%} of the training tasks pass")
    return reasons
