"""Section 6: what the probe found, every rate with its interval and its n, all counted from the rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rungwise.probe.result import Row, estimate, k_of, metrics, slices
from rungwise.probe.shallow import says
from rungwise.probe.stats import Estimate
from rungwise.report import numbers, strips
from rungwise.report.first_screen import FEW, compared, few, signed_reach, tone_of_change
from rungwise.report.frame import Column, Line, code, facts, hashed, missing, note, placed, table
from rungwise.report.page import seen
from rungwise.report.run_files import Run
from rungwise.report.run_records import Comparison, Delta

SCORES = ("score", "score.repaired", "score.sampled")
WAYS = {"split": "By split", "tier": "By tier", "family": "By family", "seen": "By what was learned from"}
SAYS = {
    "greedy": "the one answer without chance, as it was written", "repaired": "that answer after repair",
    "picked": "the sample that the contract chooses without the judge", "oracle": "any of the samples",
}  # fmt: skip


def probe_summary(run: Run, tiers: Sequence[str] = ()) -> str:
    """`tiers` are in the contract's order, where that is known."""
    if not run.rows:
        return missing("There are no rows of a probe: nothing was measured.")
    return "".join(
        [
            _how(run),
            few(run.rows),
            _whole(run.rows),
            _shallow(run),
            _seen(run.rows),
            _parts(run.rows, tiers),
            *[_forest(name, one, tiers) for name, one in compared(run)],
        ]
    )


def _how(run: Run) -> str:
    k = k_of(run.rows)
    if run.result is None:
        return f"<p>{numbers.counted(len(run.rows), 'task')}, {k} samples each.</p>"
    decode = run.result.probe.decode
    return facts(
        [
            ("probe", f"{seen(run.result.probe.name)} {hashed(run.result.probe.hash)}"),
            ("tasks", f"{len(run.rows):,}"),
            ("samples a task", f"{k}" + (f" at temperature {decode.temperature:g}" if k else "")),
            ("counts as the answer", seen(decode.answer)),
        ]
    )


# ---- all tasks ----


def rates_of(rows: Sequence[Row]) -> list[str]:
    """The passing rates that these rows have, in the order in which they are read."""
    held = [name for name in metrics(rows) if numbers.is_share(name)]
    drawn = [name for name in held if "@" in name and name != "all@1"]  # which is pass@1
    return [name for name in ("greedy", "repaired", *drawn, "picked", "oracle") if name in held]


def _whole(rows: Sequence[Row]) -> str:
    held = set(metrics(rows))
    names = [*rates_of(rows), *[name for name in SCORES if name in held]]
    columns = [
        Column("all tasks"), Column("with its 95% interval, 0 to all", "plot"), Column("", "number"),
        Column("interval", "number small"), Column("n", "number small"),
    ]  # fmt: skip
    return table(columns, (_overall(rows, name) for name in names), "rates over all tasks", "forest")


def _overall(rows: Sequence[Row], name: str) -> Line:
    found = estimate(rows, name)
    says = SAYS.get(name) or _says(name)
    head = f"{code(name)} <small>{seen(says)}</small>" if says else code(name)
    return Line(
        [head, strips.rate(found.value, found.low, found.high), f"<b>{numbers.amount(found.value, name, 1)}</b>",
         numbers.between(found.low, found.high, name), f"{found.n:,}"]
    )  # fmt: skip


def _shallow(run: Run) -> str:
    """What can be had without understanding a task, as the ruling has it."""
    found = run.ruling.shallow if run.ruling else {}
    if run.ruling is None or not found:
        return ""
    target = run.ruling.target
    columns = [
        Column("what needs no skill"), Column("", "plot"), Column("", "number"), Column("interval", "number small"),
        Column("n", "number small"),
    ]  # fmt: skip
    lines = [
        Line(
            [f"{code(name)} <small>{seen(says(name))}</small>",
             strips.rate(one.value, one.low, one.high) if numbers.is_share(target) else "",
             f"<b>{numbers.amount(one.value, target, 1)}</b>", numbers.between(one.low, one.high, target),
             f"{one.n:,}"]
        )
        for name, one in found.items()
    ]  # fmt: skip
    head = f"<h3>{seen(target)} without skill <small>they know the run's training tasks and their golds</small></h3>"
    return f"{head}{table(columns, lines, 'rates of shallow policies', 'forest')}"


def _says(name: str) -> str:
    how, at, j = name.partition("@")
    if at and j == "1":
        return "one sample"
    return f"{'at least one' if how == 'pass' else 'every one'} of {j} samples" if at else ""


def _seen(rows: Sequence[Row]) -> str:
    known = [row.seen for row in rows if row.seen is not None]
    if not known:
        return "<p>Whether gold answers were learned from is not known.</p>"
    told = f"{sum(known):,} of {len(known):,} gold answers stood in what was learned from"
    if 2 * sum(known) <= len(known):
        return f"<p>{told}.</p>"
    if all(known):
        return note(f"{told}, so nothing is known of answers that were not.")
    return note(f"{told}: look at the unseen ones apart, below, before anything is said of new tasks.")


# ---- slices ----


def _parts(rows: Sequence[Row], tiers: Sequence[str]) -> str:
    names = [name for name in rates_of(rows) if _told(name, k_of(rows))]
    columns = [Column("tasks"), Column("n", "number"), *[Column(name, "rate") for name in names]]
    split = " and ".join(sorted({row.split for row in rows}))
    lines = [_slice(f"all <small>{seen(split)}</small>", rows, names, "whole")]
    narrow: dict[str, Estimate] = {}
    for way, parts in slices(rows).items():
        lines.append(Line([WAYS.get(way, seen(way)), *[""] * (1 + len(names))], "way"))
        for label in in_order(parts, tiers):
            members = parts[label]
            lines.append(_slice(seen(label), members, names))
            if len(members) < FEW:
                narrow[label] = estimate(members, "greedy")
    return f"<h3>By slice</h3>{_narrow(narrow)}{table(columns, lines, 'rates by slice', 'slices')}"


def in_order(labels: Iterable[str], known: Sequence[str]) -> list[str]:
    """Those that are known in their order and where the first of them stands, the others as they come."""
    told = list(labels)
    found = iter(sorted((label for label in told if label in known), key=list(known).index))
    return [next(found) if label in known else label for label in told]


def _told(name: str, k: int) -> bool:
    """Of the many pass@j and all@j only the ends; pass@k is the oracle."""
    return "@" not in name or name in ("pass@1", f"all@{k}")


def _slice(head: str, rows: Sequence[Row], names: Sequence[str], kind: str = "") -> Line:
    mark = ' <span class="warn" title="fewer than 100 tasks">⚠</span>' if len(rows) < FEW else ""
    return Line([head, f"{len(rows):,}{mark}", *[_cell(rows, name) for name in names]], kind)


def _cell(rows: Sequence[Row], name: str) -> str:
    found = estimate(rows, name)
    if not found.n:
        return '<small class="soft">none has one</small>'
    short = f" n={found.n}" if found.n != len(rows) else ""
    return (
        f"<b>{numbers.percent(found.value)}</b> <small>{numbers.dashed(found.low, found.high)}{short}</small>"
        f"{strips.rate(found.value, found.low, found.high)}"
    )


def _narrow(found: Mapping[str, Estimate]) -> str:
    if not found:
        return ""
    wide = [100 * (one.high - one.low) for one in found.values()]
    reach = f"{min(wide):.0f} to {max(wide):.0f}" if round(min(wide)) != round(max(wide)) else f"{wide[0]:.0f}"
    which = "One slice has" if len(found) == 1 else f"{len(found)} slices (⚠) have"
    named = ", ".join(f"{label} {100 * (one.high - one.low):.0f}" for label, one in list(found.items())[:12])
    return note(f"{which} under {FEW} tasks; the interval of greedy there is {reach} points wide ({named}).")


# ---- against others ----


def _forest(name: str, one: Comparison, tiers: Sequence[str]) -> str:
    scale = strips.around(
        [0.1, one.low, one.high, *[end for part in one.parts.values() for end in (part.low, part.high)]]
    )
    unit = numbers.unit(one.metric)
    ends = f"{signed_reach(scale.low, scale.high, one.metric)} {unit}".strip()
    columns = [
        Column("slice"), Column(f"worse to the left, better to the right: {ends}", "plot"),
        Column("difference", "number"), Column("interval", "number small"), Column("n", "number small"),
        Column("adjusted p", "number small"),
    ]  # fmt: skip
    lines = [_difference("all", one, one.p, one.metric, scale, "whole")]
    for label in in_order(one.parts, [f"tier={tier}" for tier in tiers]):
        part = one.parts[label]
        lines.append(_difference(label, part, one.adjusted.get(label, part.p), one.metric, scale))
    return (
        f"<h3>{seen(one.metric)} against the {seen(name)} <small>{seen(placed(one.run))}; paired over tasks, "
        f"{seen(one.test or 'untested')}; the p of slices adjusted by Holm</small></h3>"
        f"{table(columns, lines, f'differences to the {name}', 'forest')}{''.join(_moved(one))}"
    )


def _difference(label: str, one: Delta, p: float, metric: str, scale: strips.Scale, kind: str = "") -> Line:
    sure = tone_of_change(one.value, p)
    value = f'<b class="{sure}">{numbers.signed(one.value, metric)}</b>'
    plot = strips.delta(one.value, one.low, one.high, scale, sure)
    reach = signed_reach(one.low, one.high, metric)
    return Line([seen(label), plot, value, reach, f"{one.n:,}", numbers.bare_chance(p)], kind)


def _moved(one: Comparison) -> Iterator[str]:
    for word, tasks in (("better", one.improved), ("worse", one.regressed)):
        if tasks:
            yield ids(f"{numbers.counted(len(tasks), 'task')} {word}", tasks)


def ids(name: str, tasks: Sequence[str], most: int = 200) -> str:
    """A list of tasks, folded where it is long."""
    told = " ".join(code(task) for task in tasks[:most]) + (
        f" and {len(tasks) - most} more" if len(tasks) > most else ""
    )
    if len(tasks) <= 8:
        return f'<p class="ids">{seen(name)}: {told}</p>'
    return f'<details class="fold"><summary>{seen(name)}</summary><p class="ids">{told}</p></details>'
