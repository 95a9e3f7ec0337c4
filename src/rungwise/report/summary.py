"""The run in twenty fields of plain text, to be copied into a mail or a notebook."""

from collections import Counter
from collections.abc import Sequence

from rungwise.probe.result import estimate, metrics
from rungwise.report import numbers
from rungwise.report.first_screen import compared
from rungwise.report.frame import SHORT, placed
from rungwise.report.misses import NO_LABEL, misses_of
from rungwise.report.page import seen
from rungwise.report.run_files import Run
from rungwise.report.run_records import Comparison

UNKNOWN, NONE = "not known", "none"
MOST = 6  # failure labels

Fields = list[tuple[str, str]]


def plain(run: Run) -> str:
    told = fields(run)
    wide = max(len(name) for name, _ in told)
    lines = "\n".join(f"{name:{wide}}  {' '.join(text.split())}" for name, text in told)
    return f'<pre class="plain" tabindex="0">\n{seen(lines)}</pre>'


def fields(run: Run) -> Fields:
    return [*_asked(run), *_made(run), *_found(run), *_decided(run)]


def _asked(run: Run) -> Fields:
    own, changed = run.settings, run.changed
    lines = [line for lines in changed.changed.values() for line in lines] if changed else []
    return [
        ("rung", own.name or UNKNOWN),
        ("seed", str(own.seed)),
        ("contract", run.result.probe.contract if run.result else placed(own.contract.name) or UNKNOWN),
        ("question", own.question or NONE),
        ("hypothesis", own.hypothesis or NONE),
        ("axis", own.axis or NONE),
        ("baseline", placed(own.baseline) if own.baseline else NONE),
        ("changed", "; ".join(lines) or (NONE if changed else UNKNOWN)),
    ]


def _made(run: Run) -> Fields:
    model = run.settings.model
    rows = [f"{name} {one.audit.rows:,} rows" for name, one in run.stages.items() if one.audit]
    return [
        ("model", placed(model.path) if model.path else model.size or UNKNOWN),
        ("data", ", ".join(rows) or UNKNOWN),
        ("training", f"{numbers.many(run.cost.trained_tokens)} tokens learned from" if run.cost else UNKNOWN),
    ]


def _found(run: Run) -> Fields:
    probe = run.result.probe if run.result else None
    labels = Counter(row.greedy.failure or NO_LABEL for row in misses_of(run.rows)).most_common(MOST)
    primary = run.ruling.diagnosis.primary if run.ruling else NONE
    failures = [f"{name} {n}" for name, n in labels] + ([f"primary: {primary}"] if primary != NONE else [])
    return [
        ("probe", f"{probe.name} {probe.hash[:SHORT]}, {len(run.rows):,} tasks" if probe else "not measured"),
        ("raw", _estimated(run, "greedy")),
        ("repaired", _estimated(run, "repaired")),
        ("sampled", _estimated(run, "pass@1")),
        ("against", _against(compared(run))),
        ("failures", "; ".join(failures) or NONE),
    ]


def _estimated(run: Run, name: str) -> str:
    if name not in set(metrics(run.rows)):
        return "not measured"
    found = estimate(run.rows, name)
    return f"{numbers.percent(found.value, 1)} ({numbers.between(found.low, found.high, name)}, n={found.n})"


def _against(others: Sequence[tuple[str, Comparison]]) -> str:
    told = []
    for name, one in others:
        change = f"{numbers.signed(one.value, one.metric)} {numbers.unit(one.metric)}".strip()
        told.append(f"{name}: {one.metric} {change} ({numbers.chance(one.p)})")
    return "; ".join(told) or "nothing"


def _decided(run: Run) -> Fields:
    ruling, cost = run.ruling, run.cost
    return [
        ("ruling", f"{ruling.verb}: {'; '.join(ruling.reasons)}" if ruling else "not ruled on"),
        ("next", "; ".join(ruling.next) or NONE if ruling else UNKNOWN),
        ("cost", f"{numbers.time(cost.wall_seconds)}, {cost.machine or 'machine not named'}" if cost else UNKNOWN),
    ]
