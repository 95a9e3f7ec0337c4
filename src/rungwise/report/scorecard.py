"""Section 7: what the answers are like besides right or wrong, raw beside repaired, and what that points to.

1. Every rate stands with its interval and n; where a contract cannot say (no canonical form, no gold) the row says so.
2. The bands are those of the diagnosis. Raw and repaired are two judgements of one text, never mixed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rungwise.probe.labels import readable
from rungwise.probe.result import Row, estimate, k_of, mended, metrics
from rungwise.probe.stats import rate
from rungwise.report import numbers, strips
from rungwise.report.frame import Column, Line, code, missing, state, table
from rungwise.report.measured import ids
from rungwise.report.page import seen
from rungwise.report.run_files import Run


@dataclass(frozen=True, slots=True)
class Rated:
    says: str
    well: float | None = None  # there it is well, and beyond `ill` it is not
    ill: float | None = None
    unknown: str = ""  # why it may be


RATES: Mapping[str, Rated] = {
    "exact": Rated("is gold, in the contract's one spelling", 0.7, 0.2, "no gold to compare with"),
    "exact.repaired": Rated("is gold after repair", 0.7, 0.2, "no gold to compare with"),
    "parsed": Rated("can be read", 0.99, 0.9, "the contract has no one spelling of an answer"),
    "truncated": Rated("was cut off by the limit on tokens", 0.0, 0.05),
    "exploit": Rated("tries to be paid without doing the task", 0.0, 0.02),
    "exploit.sampled": Rated("the same among the samples", 0.0, 0.02, "no samples"),
    "exploited": Rated("is paid by an exploit alone", 0.0, 0.02),
    "exploited.sampled": Rated("the same among the samples", 0.0, 0.02, "no samples"),
    "control": Rated("has the text of control tokens in it", 0.0, 0.02),
    "tail": Rated("goes on behind an answer that could be read", 0.0, 0.05),
    "edited": Rated("was changed by repair"),
}
HIGH, LOW, CUT, UNREAD = 0.7, 0.5, 0.05, 0.9


def scorecard(run: Run) -> str:
    if not run.rows:
        return missing("There are no rows of a probe: there is nothing to score.")
    return "".join(
        [
            f'<p class="lead">{seen(interpretation(run.rows))}</p>',
            _rates(run.rows),
            _repair(run.rows),
            _shapes(run.rows),
            _means(run.rows, "part", "Parts of the score"),
            _means(run.rows, "measure", "Measures, never paid"),
        ]
    )


# ---- what it points to ----


def interpretation(rows: Sequence[Row]) -> str:
    """The one sentence that the rates together say, the first of these that holds."""
    cut, read = _share(rows, lambda row: row.greedy.ended == "length"), _share(rows, lambda row: readable(row.greedy))
    passed = _share(rows, lambda row: row.greedy.passed)
    lost = _share(rows, lambda row: row.greedy.exact is True and not row.greedy.passed)
    told = f"{numbers.percent(passed)} pass", f"{numbers.percent(read)} can be read"
    if cut >= CUT:
        return f"{numbers.percent(cut)} of the answers are cut off: look at the budget of tokens before anything else."
    if lost:
        return f"{numbers.percent(lost)} of the answers are gold and fail: look at the judge or the probe first."
    if read < UNREAD and passed < HIGH:
        return f"{numbers.percent(1 - read)} cannot be read, and few are cut off: the form comes before the content."
    if passed < LOW:
        return f"{told[1]}, {told[0]}: the form is learned, the task is not."
    if passed >= HIGH:
        return f"{told[0]}, {told[1]}: what is left are single failures."
    return f"{told[1]}, {told[0]}: on the way, with no one thing in it."


def _share(rows: Sequence[Row], holds: Callable[[Row], bool]) -> float:
    return sum(map(holds, rows)) / len(rows)


# ---- rates ----


def _rates(rows: Sequence[Row]) -> str:
    held = set(metrics(rows))
    columns = [
        Column("greedy answer"), Column("", "state"), Column("share of tasks", "plot"), Column("", "number"),
        Column("interval", "number small"), Column("n", "number small"),
    ]  # fmt: skip
    lines = (_rate(rows, name) if name in held else _unknown(name) for name in RATES)
    return f"<h3>Rates</h3>{table(columns, lines, 'rates of the greedy answer', 'forest')}"


def _rate(rows: Sequence[Row], name: str) -> Line:
    found = estimate(rows, name)
    others = any(row.greedy.passed and row.greedy.exact is False for row in rows)  # gold is not all that is right
    tone, word = ("", "") if others and name.startswith("exact") else band(name, found.value)
    return Line(
        [_named(name), state(word, tone) if word else "", strips.rate(found.value, found.low, found.high, tone),
         f"<b>{numbers.percent(found.value, 1)}</b>", numbers.between(found.low, found.high, name), f"{found.n:,}"]
    )  # fmt: skip


def _unknown(name: str) -> Line:
    why = f'<span class="soft">{seen(RATES[name].unknown)}</span>'
    return Line([_named(name), '<span class="soft">not known</span>', why, "", "", ""])


def _named(name: str) -> str:
    return f"{code(name)} <small>{seen(RATES[name].says)}</small>"


def band(name: str, value: float) -> tuple[str, str]:
    """A colour and a word."""
    well, ill = RATES[name].well, RATES[name].ill
    if well is None or ill is None:
        return "", ""
    inner, outer = (value >= well, value < ill) if well > ill else (value <= well, value >= ill)
    return ("good", "well") if inner else ("bad", "look here") if outer else ("warn", "watch")


# ---- raw and repaired ----


def _repair(rows: Sequence[Row]) -> str:
    improved, regressed = mended(rows)
    both = sum(row.greedy.passed and row.repaired.passed for row in rows)
    neither = len(rows) - both - len(improved) - len(regressed)
    columns = [Column("raw"), Column("passes after repair", "number"), Column("fails after repair", "number")]
    lines = [
        Line(["passes", f"{both:,}", f"{len(regressed):,}"]),
        Line(["fails", f"{len(improved):,}", f"{neither:,}"]),
    ]
    return (
        f"<h3>Raw against repaired <small>the same {numbers.counted(len(rows), 'text')}, judged twice</small></h3>"
        f"{table(columns, lines, 'raw against repaired', 'cross')}{''.join(_lists(improved, regressed))}"
    )


def _lists(improved: Sequence[str], regressed: Sequence[str]) -> Iterator[str]:
    yield ids(f"Mended: {len(improved)}", improved) if improved else "<p>Repair mends none.</p>"
    yield ids(f"Broken: {len(regressed)}", regressed) if regressed else "<p>Repair breaks none.</p>"


# ---- shapes, parts, measures ----


def _shapes(rows: Sequence[Row]) -> str:
    k = k_of(rows)
    if not k:
        return ""
    known = sum(sample.shape is not None for row in rows for sample in row.samples)
    if not known:
        return f"<h3>Shapes</h3>{missing('The contract names no shapes of answers.')}"
    found = estimate(rows, "shapes")
    greedy = {row.greedy.shape for row in rows} - {None}
    alike = rate(sum(len({one.shape for one in row.samples} - {None}) <= 1 for row in rows), len(rows))
    return (
        f"<h3>Shapes</h3><p>{found.value:.2f} different shapes among {k} samples of a task "
        f"[{found.low:.2f}, {found.high:.2f}]; for {alike.value:.0%} [{alike.low:.0%}, {alike.high:.0%}] of the tasks "
        f"all samples have one, n={alike.n}. The greedy answers have {len(greedy):,} different shapes.</p>"
    )


def _means(rows: Sequence[Row], kind: str, title: str) -> str:
    names = [name for name in metrics(rows) if name.startswith(f"{kind}.")]
    names += ["tokens"] if kind == "measure" else []
    if not names:
        return ""
    columns = [Column(kind), Column("mean", "number"), Column("interval", "number"), Column("n", "number")]
    told = table(columns, (_mean(rows, name) for name in names), title, "narrow")
    return f"<h3>{title} <small>of the greedy answers</small></h3>{told}"


def _mean(rows: Sequence[Row], name: str) -> Line:
    found, short = estimate(rows, name), name.partition(".")[2] or name
    reach = numbers.between(found.low, found.high, name)
    return Line([code(short), numbers.plain(found.value, name), reach, f"{found.n:,}"])
