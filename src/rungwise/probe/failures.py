"""Why a measured policy fails: classes that hold for any contract, in the order in which they are to be ruled out.

1. Every class is one number, counted over the greedy answers as they were written, and a threshold. The first class
   that reaches its threshold is primary, the others that do are secondary; with none, the result is clean.
2. The order is what makes the first one worth mending: measuring before judging, judging before decoding, decoding
   before data and budget, these before what the answers say. A class that others explain is not told beside them.
3. One answer has one label, see labels.py. Where a readable answer can begin in another way than gold, another
   beginning is no missing start.
4. Left out is what only a language of pictures has: the look of a scene against its source, the layout it is drawn in,
   themes and tones. A contract's own failure labels say such things. More capacity is no class: see diagnosis.py.

A class may need more than rows: `oracle` (the gold answers as measured), `again` (the same policy measured once more),
`baseline` (rows of what the policy began from), or facts of its training. Without them it is passed over.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

from rungwise.errors import InputError
from rungwise.probe.labels import empty, label, readable, stopped_early
from rungwise.probe.result import Outcome, Row

LEAST_STEPS, LEAST_EPOCHS = 200, 1.0
STILL_FALLING = 0.05  # of the loss, over the last tenth of the steps
CHANCE = 0.001  # a spread between parts that chance makes more often than this is none
LEAST_IN_FAMILY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What is known of how a policy was trained; None is not known, and rules that need it are passed over."""

    steps: int | None = None  # undertrained
    epochs: float | None = None  # undertrained: passes over the supervised rows
    supervised_tokens: int | None = None
    loss_first: float | None = None
    loss_last: float | None = None  # undertrained; low and high loss
    loss_slope: float | None = None  # undertrained, plateau: see `slope`
    heldout_last: float | None = None  # the loss on tasks that were not learned from
    train_pass_rate: float | None = None  # undertrained, capacity: greedy, on tasks that were learned from
    grad_highest: float | None = None  # the largest gradient norm over the median of all
    grad_lowest: float | None = None  # the smallest over the median
    vocabulary_unknown: int | None = None  # tokens of gold that the tokenizer has no name for
    longest_gold_share_of_context: float | None = None  # prompt and gold answer of the longest task
    junk_targets: int | None = None  # tainted: answers learned from that have control tokens' text in them
    fragment_share: float | None = None  # fragmented: rows whose answer is a piece of one
    fragment_share_before: float | None = None  # of the run that is compared with


def slope(losses: Sequence[float]) -> float | None:
    """By what share the loss changed over the last tenth of the steps: its mean there against that of the tenth before.

    Too few steps to tell have none.
    """
    tenth = len(losses) // 10
    if tenth < 2:
        return None
    before, after = fmean(losses[-2 * tenth : -tenth]), fmean(losses[-tenth:])
    return (after - before) / before if before > 0 else None


# ---- what is looked at ----


@dataclass(frozen=True, kw_only=True)
class Case:
    """A measured policy with all that is known of it."""

    rows: Sequence[Row]
    training: Training
    golds: Sequence[Outcome] | None
    again: Sequence[Row] | None
    baseline: Sequence[Row] | None

    def share(self, holds: Callable[[Outcome], bool]) -> float:
        return share(self.rows, holds)

    @cached_property
    def misses(self) -> float:
        return self.share(lambda one: not one.passed)

    @cached_property
    def free_start(self) -> bool:
        """Whether readable answers begin in other ways than gold does."""
        answers = [one for row in self.rows for one in (row.greedy, *row.samples)]
        return any(readable(one) and one.divergence == 0 and not empty(one) for one in answers)

    @cached_property
    def by_family(self) -> dict[str, list[bool]]:
        return passed_by(self.rows, lambda row: row.family)


def share(rows: Sequence[Row], holds: Callable[[Outcome], bool]) -> float:
    return sum(holds(row.greedy) for row in rows) / len(rows)


def passed_by(rows: Sequence[Row], way: Callable[[Row], str]) -> dict[str, list[bool]]:
    """The parts that have rows enough to be told apart."""
    found: dict[str, list[bool]] = {}
    for row in rows:
        found.setdefault(way(row), []).append(row.greedy.passed)
    return {name: passed for name, passed in found.items() if len(passed) >= LEAST_IN_FAMILY}


def spread(parts: Mapping[str, Sequence[bool]]) -> float:
    """Between the best and the worst part, where that is more than chance; 0 otherwise."""
    rates = [fmean(passed) for passed in parts.values()]
    if len(rates) < 2 or min(rates) == max(rates):
        return 0.0
    from scipy.stats import chi2_contingency

    table = [[sum(passed), len(passed) - sum(passed)] for passed in parts.values()]
    return max(rates) - min(rates) if chi2_contingency(table).pvalue < CHANCE else 0.0


# ---- the numbers, one a class ----


def _miscounted(case: Case) -> float:
    wrong_golds = sum(not _right(gold) for gold in case.golds or ())
    return wrong_golds + sum(_contradicts_itself(row.greedy) or _contradicts_itself(row.repaired) for row in case.rows)


def _right(gold: Outcome) -> bool:
    return gold.passed and gold.exact is not False and gold.parsed is not False


def _contradicts_itself(one: Outcome) -> bool:
    labelled = one.failure is not None
    return one.passed == labelled or not 0 <= one.score <= 1 or (one.exact is True and one.parsed is False)


def _drifted(case: Case) -> float | None:
    if case.again is None:
        return None
    other = {row.task: row.greedy for row in case.again}
    return sum(other.get(row.task) != row.greedy for row in case.rows)


def _exact_failed(case: Case) -> float:
    return sum(row.greedy.exact is True and not row.greedy.passed for row in case.rows)


def _labelled(*names: str) -> Callable[[Case], float]:
    return lambda case: case.share(lambda one: label(one) in names)


def _control(case: Case) -> float:
    return case.share(lambda one: one.control)


def _tainted(case: Case) -> float | None:
    if case.training.junk_targets:
        return 1.0
    if case.baseline is None:
        return None if case.training.junk_targets is None else 0.0
    return max(0.0, case.share(empty) - share(case.baseline, empty))


def _fragmented(case: Case) -> float | None:
    now, before = case.training.fragment_share, case.training.fragment_share_before
    if case.baseline is None or now is None or before is None:
        return None
    return max(0.0, share(case.baseline, readable) - case.share(readable)) if now > before else 0.0


def _undertrained(case: Case) -> float | None:
    found = [*_too_short(case.training), _unlearned(case)]
    known = [reason for reason in found if reason is not None]
    return (sum(known) if case.misses >= 0.05 else 0.0) if known else None


def _too_short(training: Training) -> list[bool | None]:
    steps, epochs, falling = training.steps, training.epochs, training.loss_slope
    return [
        None if steps is None else steps < LEAST_STEPS,
        None if epochs is None else epochs < LEAST_EPOCHS,
        None if falling is None else falling < -STILL_FALLING,
    ]


def _unlearned(case: Case) -> bool | None:
    train, loss = case.training.train_pass_rate, case.training.loss_last
    if train is None or loss is None:
        return None
    return train < 0.2 and loss > 0.5 and all(fmean(passed) < 0.5 for passed in case.by_family.values())


def _start_missing(case: Case) -> float:
    def holds(one: Outcome) -> bool:
        another = not case.free_start and one.divergence == 0 and label(one) == "unreadable"
        return another or label(one) == "empty"

    return case.share(holds)


def _unreadable_inside(case: Case) -> float:
    def holds(one: Outcome) -> bool:
        at_start = not case.free_start and one.divergence == 0
        return label(one) == "unreadable" and not at_start and not stopped_early(one)

    return case.share(holds)


def _family_spread(case: Case) -> float:
    best = max((fmean(passed) for passed in case.by_family.values()), default=0.0)
    return spread(case.by_family) if best >= 0.5 else 0.0


def _attracted(case: Case) -> float:
    """The share of wrong answers that have one shape, where wrong ones have it twice as often as right ones."""
    wrong = [row for row in case.rows if label(row.greedy) == "wrong" and row.greedy.shape is not None]
    if len(wrong) < max(LEAST_IN_FAMILY, 0.05 * len(case.rows)):
        return 0.0
    shape, n = Counter(row.greedy.shape for row in wrong).most_common(1)[0]
    right = case.golds or [row.greedy for row in case.rows if row.greedy.passed]
    usual = fmean(one.shape == shape for one in right) if right else 0.0
    several = len({row.family for row in wrong if row.greedy.shape == shape}) > 1 and len(_shapes(case)) > 1
    return n / len(wrong) if several and n / len(wrong) >= 2 * usual else 0.0


def _shapes(case: Case) -> set[str | None]:
    answers = [one for row in case.rows for one in (row.greedy, row.repaired, *row.samples)]
    return {one.shape for one in (*answers, *(case.golds or ()))} - {None}


def _wrong(case: Case) -> float:
    return case.share(lambda one: label(one) == "wrong" and one.exact is not True and not stopped_early(one))


# ---- the classes ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Class:
    name: str
    layer: str  # what is to be mended
    counts: str  # what its number is
    figure: Callable[[Case], float | None]  # None where it cannot be known
    threshold: float
    mend: str
    unless: tuple[str, ...] = ()  # classes that explain it, where they are found


CLASSES: tuple[Class, ...] = (
    Class(
        name="probe_accounting", layer="eval", figure=_miscounted, threshold=1,
        counts="gold answers that are not counted as right, and verdicts that contradict themselves",
        mend="Mend the measuring, or the gold answers; train nothing until gold measures as right.",
    ),
    Class(
        name="probe_integrity", layer="infra", figure=_drifted, threshold=1,
        counts="tasks whose greedy answer differs when the same policy is measured again",
        mend="Find which of weights, tokenizer, prompt or probe is not the recorded one; decoding is deterministic.",
    ),
    Class(
        name="exact_not_passed", layer="judge", figure=_exact_failed, threshold=1,
        counts="answers that are gold and fail all the same",
        mend="Mend the judge, or the facts of these tasks; then measure again from the answers that were kept.",
    ),
    Class(
        name="exploit", layer="reward", figure=_labelled("exploit"), threshold=0.02,
        counts="share of answers that try to be paid without doing the task",
        mend="Close the hole in the judge or the shaping before any more reward is paid.",
    ),
    Class(
        name="truncated", layer="budget", figure=_labelled("truncated"), threshold=0.05,
        counts="share of answers that the limit on tokens cut off",
        mend="Raise max_new_tokens; then say the same in fewer tokens; then a longer context. More data does not help.",
    ),
    Class(
        name="control_leak", layer="decode", figure=_control, threshold=0.02,
        counts="share of answers with the text of control tokens in them",
        mend="Mend the end tokens and what counts as the answer first, then the ends of the training rows.",
    ),
    Class(
        name="tail_spill", layer="decode", figure=_labelled("tail_spill"), threshold=0.05,
        counts="share of answers that are right up to a point and go on behind it",
        mend="Stop at the end of the answer, by an end token or the grammar; then look how the training rows end.",
    ),
    Class(
        name="degenerate", layer="decode", figure=_labelled("degenerate"), threshold=0.05,
        counts="share of answers that sank below the floor on their own likelihood",
        mend="Lower the temperature or hold answers to the grammar; where that changes nothing, train less far.",
    ),
    Class(
        name="tainted_supervision", layer="data", figure=_tainted, threshold=0.1,
        counts="rise of the share of empty answers over the baseline's; 1 where training answers hold control junk",
        mend="Remove the tainted rows, bring whole answers back as anchors, and try with a short run.",
    ),
    Class(
        name="fragmented_supervision", layer="data", figure=_fragmented, threshold=0.1,
        counts="fall of the share of readable answers below the baseline's, where more rows are pieces of answers",
        mend="Take out rows that are pieces of answers; keep whole clean ones as anchors.",
    ),
    Class(
        name="undertrained", layer="budget", figure=_undertrained, threshold=1,
        counts=f"signs of too little training: under {LEAST_STEPS} steps, under one epoch, a loss that still falls, "
               "training tasks not learned",
        mend="Train longer on the same rows; nothing is known of what the model can hold before that.",
    ),
    Class(
        name="start_missing", layer="data", figure=_start_missing, threshold=0.05,
        counts="share of unreadable answers that are empty or wrong from the first character",
        mend="Add rows whose answers begin in the one right way, and look at what the prompt ends with.",
        unless=("tainted_supervision", "fragmented_supervision"),
    ),
    Class(
        name="end_missing", layer="data", threshold=0.05,
        figure=lambda case: case.share(stopped_early),
        counts="share of answers that are the beginning of gold and stop there by themselves",
        mend="Add rows that show how answers end, the long ones above all; check that the end token is learned once.",
        unless=("fragmented_supervision",),
    ),
    Class(
        name="unreadable", layer="data", figure=_unreadable_inside, threshold=0.05,
        counts="share of answers that begin and end but cannot be read",
        mend="Add rows balanced over the parts that break, or hold answers to the grammar.",
        unless=("fragmented_supervision",),
    ),
    Class(
        name="family_imbalance", layer="data", figure=_family_spread, threshold=0.3,
        counts="pass rate of the best family less that of the worst, where that is more than chance",
        mend="Add rows of the weak families, and keep rows of the strong ones as anchors.",
    ),
    Class(
        name="attractor", layer="data", figure=_attracted, threshold=0.6,
        counts="share of the wrong answers that have one and the same shape, over several families",
        mend="Add pairs of tasks that look alike and need different shapes; thin out rows of the shape that attracts.",
    ),
    Class(
        name="readable_not_passed", layer="reward", figure=_wrong, threshold=0.1,
        counts="share of answers that can be read and are wrong",
        mend="The form is learned, the task is not: pay for passing, or add rows that show what makes answers right.",
        unless=("undertrained", "family_imbalance", "attractor"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    primary: str  # a class, or none
    secondary: tuple[str, ...]
    evidence: Mapping[str, Mapping[str, float]]  # of each class that could be looked at: value and threshold
    layer: str
    mend: str


def diagnose(
    rows: Sequence[Row], training: Training | None = None, oracle: Sequence[Outcome] | None = None, *,
    again: Sequence[Row] | None = None, baseline: Sequence[Row] | None = None,
) -> Diagnosis:  # fmt: skip
    """`oracle` are the gold answers, measured as answers."""
    if not rows:
        raise InputError("no rows to diagnose; expected one a task")
    case = Case(rows=rows, training=training or Training(), golds=oracle, again=again, baseline=baseline or None)
    figures = {one.name: value for one in CLASSES if (value := one.figure(case)) is not None}
    reached = {one.name for one in CLASSES if figures.get(one.name, 0.0) >= one.threshold}
    found = [one for one in CLASSES if one.name in reached and not reached & set(one.unless)]
    return Diagnosis(
        primary=found[0].name if found else "none",
        secondary=tuple(one.name for one in found[1:]),
        evidence={one.name: {"value": figures[one.name], "threshold": one.threshold} for one in CLASSES
                  if one.name in figures},
        layer=found[0].layer if found else "none",
        mend=found[0].mend if found else "Nothing is to be mended.",
    )  # fmt: skip
