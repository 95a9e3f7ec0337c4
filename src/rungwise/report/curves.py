"""How runs went, as curves: their metrics.jsonl read, the figures chosen, one page or picture made of them.

1. Seeds of one rung (RUNG/seed-0, RUNG/seed-1, ...) are one series; RUNG itself stands for all its seeds.
2. A figure that is missing in a step is left out there, but for counts (failures, tiers, exploits): there were none.
3. A run that goes on may be read: its last line, where it is half written, does not count.
4. Names are those of folders, lengthened by the folder above where two are the same. No dates, no absolute places.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError, nearest
from rungwise.report.charts import WIDE, Chart, Drawing, Mark, Panel, drawn, sample, series_of
from rungwise.report.colours import STYLE as CURVE_STYLE
from rungwise.report.page import POLICY
from rungwise.report.page import STYLE as PAGE_STYLE
from rungwise.report.page import seen as seen
from rungwise.report.reached import reached, section
from rungwise.report.scales import Curve

# What is shown where nothing is asked for, in this order. The loss of a policy that learns from its own answers is left
# out: it stands near zero however well the run goes.
CHOICE = {
    "sft": ("loss", "heldout_loss", "grad_norm"),
    "rl": ("score", "pass_rate", "reward", "length", "entropy", "shapes", "measure.*", "zero_variance", "kl_k3",
           "grad_norm"),
}  # fmt: skip
STAGES = tuple(CHOICE)
COUNTS = ("failure.", "tiers.", "exploited", "attempted")
SEED = re.compile(r"seed-(\d+)")
TIMES = "\u00d7"
FAR = 1e99  # beyond it nothing can be drawn


@dataclass(frozen=True, slots=True)
class Told:
    """What a stage of a run has written down."""

    curves: Mapping[str, Curve]
    marks: tuple[tuple[int, str], ...]
    last: int  # step


@dataclass(frozen=True, slots=True)
class Rung:
    """Runs that differ in their seed alone, or a run by itself."""

    name: str
    runs: tuple[Mapping[str, Told], ...]  # by stage

    @property
    def title(self) -> str:
        return self.name + (f" ({len(self.runs)} seeds)" if len(self.runs) > 1 else "")


# ---- reading ----


def read(folders: Sequence[Path]) -> list[Rung]:
    """The runs of these folders, in their order."""
    found: dict[Path, dict[Path, Mapping[str, Told]]] = {}
    for folder in folders:
        for run in _runs(folder):
            place = run.resolve()
            rung = place.parent if SEED.fullmatch(place.name) else place
            found.setdefault(rung, {})[place] = _read_run(run)
    names = _names(list(found))
    return [Rung(name, tuple(runs.values())) for name, runs in zip(names, found.values(), strict=True)]


def _runs(folder: Path) -> list[Path]:
    """The folder itself where it is a run's, or its seeds where it is a rung's."""
    if not folder.is_dir():
        near = [path.name for path in folder.parent.glob("*") if path.is_dir() and _within(path)]
        raise InputError(f"no such folder; {nearest(folder.name, near) if near else 'expected a run'}", file=folder)
    if (folder / "metrics.jsonl").is_file() and not _has_metrics(folder):
        raise InputError(f"holds a single stage; name the run's folder, {folder.parent}", file=folder)
    runs = _within(folder)
    if not runs:
        raise InputError(
            "no metrics in it; expected a run's folder, with sft/metrics.jsonl or rl/metrics.jsonl", file=folder
        )
    return runs


def _within(folder: Path) -> list[Path]:
    if _has_metrics(folder):
        return [folder]
    seeds = [(int(found[1]), path) for path in folder.glob("seed-*") if (found := SEED.fullmatch(path.name))]
    return [path for _, path in sorted(seeds) if _has_metrics(path)]


def _has_metrics(run: Path) -> bool:
    return any((run / stage / "metrics.jsonl").is_file() for stage in STAGES)


def _names(places: Sequence[Path]) -> list[str]:
    """As few last parts of each place as tell it from the others."""
    names = []
    for place in places:
        parts = 2 if SEED.match(place.name) else 1
        while parts < len(place.parts) and any(
            other != place and other.parts[-parts:] == place.parts[-parts:] for other in places
        ):
            parts += 1
        names.append("/".join(place.parts[-parts:]))
    return names


def _read_run(run: Path) -> dict[str, Told]:
    paths = {stage: run / stage / "metrics.jsonl" for stage in STAGES}
    return {stage: told for stage, path in paths.items() if path.is_file() and (told := _read(path)).curves}


def _read(path: Path) -> Told:
    curves: dict[str, dict[int, float]] = {}
    marks: list[tuple[int, str]] = []
    steps: list[int] = []
    for number, line in enumerate(_lines(path), 1):
        step, words, record = _record(line, path, number)
        if steps and step <= steps[-1]:
            raise InputError(f"step {step} after step {steps[-1]}; expected a later one", file=path, line=number)
        steps.append(step)
        marks += [(step, word) for word in words]
        for name, value in _figures(record):
            curves.setdefault(name, {})[step] = value
    for name in curves:
        if name.startswith(COUNTS):
            curves[name] = {step: curves[name].get(step, 0.0) for step in steps}
    return Told(curves, tuple(marks), steps[-1] if steps else 0)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error


def _record(line: bytes, path: Path, number: int) -> tuple[int, list[str], dict[str, Json]]:
    """The step, its marks, and all else."""
    try:
        record = msgspec.json.decode(line, type=dict[str, Json])
        step = msgspec.convert(record.pop("step", None), Annotated[int, msgspec.Meta(ge=0)])
        return step, msgspec.convert(record.pop("marks", []), list[str]), record
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        told = f'not the record of a step: {error}; expected {{"step": 1, ...}}'
        raise InputError(told, file=path, line=number) from error


def _figures(record: Mapping[str, Json], above: str = "") -> Iterator[tuple[str, float]]:
    """All numbers that can be drawn, those inside an object under both names: tiers.dp2."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{above}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FAR:
            yield above + name, float(value)


# ---- choosing ----


def panels(rungs: Sequence[Rung], stage: str | None = None, metrics: Sequence[str] = ()) -> list[Panel]:
    """A panel for each stage that has what is asked for."""
    if stage is not None and stage not in STAGES:
        raise InputError(f"no stage {stage!r}; {nearest(stage, STAGES)}", field="--stage")
    asked = (stage,) if stage else STAGES
    known = {name: _known(rungs, name) for name in asked}
    every = {name for names in known.values() for name in names}
    if not every:
        raise InputError(f"no run has metrics of {' or '.join(asked)} yet", field="--stage" if stage else "RUN")
    for pattern in metrics:
        if not _matching(pattern, every):
            raise InputError(f"no metric {pattern!r}; {nearest(pattern, every)}", field="--metric")
    made = [
        _panel(rungs, name, _chosen(metrics, known[name]) if metrics else _usual(name, known[name])) for name in asked
    ]
    return [panel for panel in made if panel.charts]


def _known(rungs: Sequence[Rung], stage: str) -> list[str]:
    return sorted({name for rung in rungs for run in rung.runs if stage in run for name in run[stage].curves})


def _chosen(patterns: Sequence[str], known: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name for pattern in patterns for name in _matching(pattern, known)))


def _usual(stage: str, known: Sequence[str]) -> list[str]:
    return _chosen(CHOICE[stage], known) or list(known)


def _matching(pattern: str, names: Sequence[str] | set[str]) -> list[str]:
    return [name for name in names if name == pattern or fnmatchcase(name, pattern)]


def _panel(rungs: Sequence[Rung], stage: str, metrics: Sequence[str]) -> Panel:
    told = [[run[stage] for run in rung.runs if stage in run] for rung in rungs]
    return Panel(
        name=stage,
        charts=tuple(
            Chart(
                metric,
                tuple(
                    series_of(rung.title, slot, [seed.curves[metric] for seed in seeds if metric in seed.curves])
                    for slot, (rung, seeds) in enumerate(zip(rungs, told, strict=True))
                    if seeds
                ),
            )
            for metric in metrics
        ),
        marks=tuple(mark for slot, seeds in enumerate(told) for mark in _marks(slot, seeds)),
        last=max([1, *(seed.last for seeds in told for seed in seeds)]),
        missing=tuple(rung.name for rung, seeds in zip(rungs, told, strict=True) if not seeds),
    )


def _marks(slot: int, seeds: Sequence[Told]) -> list[Mark]:
    """A word stands once for all seeds, where it was first said."""
    said: dict[str, list[int]] = {}
    for step, word in sorted(mark for seed in seeds for mark in seed.marks):
        said.setdefault(word, []).append(step)
    return [
        Mark(slot, steps[0], word + (f" {TIMES}{len(steps)}" if len(steps) > 1 else "")) for word, steps in said.items()
    ]


# ---- writing ----


def title(rungs: Sequence[Rung]) -> str:
    more = f" and {len(rungs) - 3} more" if len(rungs) > 3 else ""
    return f"Curves of {', '.join(rung.name for rung in rungs[:3])}{more}"


def page(heading: str, shown: Sequence[Panel], level: float | None = None) -> str:
    """One HTML page that stands alone."""
    lead = LEAD + (MARKED if any(panel.marks for panel in shown) else "")
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{seen(heading)}</title>\n<link rel="icon" href="data:,">',
            f"<style>{PAGE_STYLE}{CURVE_STYLE}{STYLE}</style>\n</head>\n<body>",
            f'<header class="top"><h1>{seen(heading)}</h1><p class="lead">{lead}</p></header>\n<main>',
            *[_section(panel) for panel in shown],
            *([] if level is None else [section(reached(shown, level), level)]),
            "</main>\n</body>\n</html>\n",
        ]
    )


LEAD = (
    "Against the training step. Strong: the moving mean over a twentieth of the steps, of several seeds their mean. "
    "Faint: every step of a single run; thin: each of several seeds. "
    "Under a chart: where the strong line starts and ends."
)
MARKED = " \N{BLACK UP-POINTING TRIANGLE}: what was marked as going astray, where it first was."


def _section(panel: Panel) -> str:
    legend = "".join(
        f'<li><svg class="curve" width="22" height="10" aria-hidden="true">{sample(series.slot, 1, 9)}</svg>'
        f"{seen(series.name)}</li>"
        for series in panel.charts[0].series
    )
    missing = f"<p>No {panel.name} metrics of {seen(', '.join(panel.missing))}.</p>" if panel.missing else ""
    figures = "\n".join(figure_of(drawn(chart, panel)) for chart in panel.charts)
    head = f'<h2 id="{panel.name}">{panel.name} <span>{panel.last:,} steps</span></h2>'
    return (
        f'<section aria-labelledby="{panel.name}">{head}'
        f'<ul class="legend">{legend}</ul>{missing}\n<div class="charts">\n{figures}\n</div></section>'
    )


def figure_of(drawing: Drawing) -> str:
    return (
        f'<figure><svg class="curve" viewBox="-1 0 {WIDE + 2} {drawing.tall:.0f}" role="img" '
        f'aria-label="{seen(drawing.told)}">{"".join(drawing.body)}</svg></figure>'
    )


STYLE = """
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 22px;margin:10px 0 14px;padding:0}
.legend svg{margin-right:7px;vertical-align:1px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:14px}
.charts figure{margin:0;padding:14px 16px;background:var(--paper);border:1px solid var(--line);border-radius:12px}
.charts svg{width:100%}.wide{margin:12px 0}
@media print{.charts{grid-template-columns:repeat(3,1fr);gap:8px}.charts figure{padding:8px;border-color:#ccc}}
""".replace("\n", "")
