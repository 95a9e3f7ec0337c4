"""The report of one run: a page that stands alone, made from the files of the run's folder and of its probe.

1. First the question, the ruling, the headline with its intervals and why answers failed; then ten sections; then the
   files with their hashes, which all the rest links to, and a summary in plain text.
2. A section whose file is absent says so. Nothing in a run's folder, however broken, keeps the page from being made.
3. Figures are counted from the rows, so the page agrees with itself; what a file claims otherwise is told as a fault.
4. The same folder gives the same bytes: no dates, no places of this machine.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from rungwise.report import artifacts, asked, conclusions, measured, misses, prepared, scorecard, summary
from rungwise.report.colours import STYLE as CURVE_STYLE
from rungwise.report.curves import STYLE as CHARTS_STYLE
from rungwise.report.first_screen import first_screen
from rungwise.report.frame import framed
from rungwise.report.page import seen
from rungwise.report.probed import probed
from rungwise.report.run_files import STAGES, Run, read_run

TRAINED = tuple(
    f"{stage}/{name}" for stage in STAGES
    for name in ("settings.json", "audit.json", "lengths.json", "counts.json", "metrics.jsonl", "first-batch.json")
)  # fmt: skip
MEASURED = ("probe/rows.jsonl", "probe/result.json")

# Of each section its name, its title, and the files that it is made from.
SECTIONS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("card", "Run card", ("settings.json", "rung.toml", "probe/result.json")),
    ("hypothesis", "Hypothesis", ("settings.json", "ruling.json")),
    ("held", "Held constant", ("changed.json",)),
    ("data", "Data, tokens and training", TRAINED),
    ("looked", "Looked at before", ("check.json", "preflight.json")),
    ("probe", "Probe", (*MEASURED, "ruling.json")),
    ("scorecard", "Scorecard", MEASURED),
    ("misses", "Failures", ("probe/rows.jsonl", "probe/answers.jsonl")),
    ("lessons", "Lessons", ("ruling.json", "probe/rows.jsonl")),
    ("decision", "Decision", ("ruling.json", "probe/result.json", "cost.json")),
)


def run_page(folder: Path) -> str:
    run = read_run(folder)
    probe = probed(run)
    made: dict[str, Callable[[], str]] = {
        "card": lambda: asked.run_card(run), "hypothesis": lambda: asked.hypothesis(run),
        "held": lambda: asked.held_constant(run), "data": lambda: prepared.data(run),
        "looked": lambda: prepared.looked_at(run), "probe": lambda: measured.probe_summary(run, probe.tiers()),
        "scorecard": lambda: scorecard.scorecard(run), "misses": lambda: misses.gallery(run, probe),
        "lessons": lambda: conclusions.lessons(run), "decision": lambda: conclusions.decision(run),
    }  # fmt: skip
    parts = [
        _section(run, name, str(number), title, files, made[name]())
        for number, (name, title, files) in enumerate(SECTIONS, 1)
    ]
    html = "\n".join(
        [
            first_screen(run, probe, [(name, title) for name, title, _ in SECTIONS]),
            *parts,
            _section(run, "files", "", "Files", (), artifacts.listed(run.artifacts)),
            _section(run, "summary", "", "In plain text", (), summary.plain(run)),
            "</main>",
        ]
    )
    return framed(_title(run), html, CURVE_STYLE + CHARTS_STYLE)


def _title(run: Run) -> str:
    verb = f"{run.ruling.verb}: " if run.ruling else ""
    return f"{verb}{run.settings.name or 'a run'}, seed {run.settings.seed}"


def _section(run: Run, name: str, number: str, title: str, files: tuple[str, ...], body: str) -> str:
    mark = f'<span class="number">{number}</span>' if number else ""
    return (
        f'<section id="part-{name}" aria-labelledby="part-{name}-name">'
        f'<h2 id="part-{name}-name">{mark}{seen(title)}</h2>{artifacts.sources(run.artifacts, files)}{body}</section>'
    )
