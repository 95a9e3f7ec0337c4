"""Sections 1 to 3: what was run, what was expected of it, and what was held while one thing changed."""

import re
from collections.abc import Sequence

from rungwise.report import numbers, strips
from rungwise.report.first_screen import signed_reach, target_of
from rungwise.report.frame import (
    Column,
    Line,
    chip,
    code,
    facts,
    fold,
    hashed,
    items,
    missing,
    note,
    placed,
    state,
    table,
)
from rungwise.report.page import seen
from rungwise.report.run_files import Run
from rungwise.report.run_records import Changed, Found

STATUS = {"held": "good", "failed": "bad", "undecided": "warn"}
BOUND = re.compile(r"(?:>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*(%?)\s*$")
METRIC = re.compile(r"\s*([\w.@]+)")


# ---- 1 run card ----


def run_card(run: Run) -> str:
    own, probe = run.settings, run.result.probe if run.result else None
    if not own.name and probe is None:
        return missing("There is no settings.json: what was run is not known.")
    policy = run.result.policy if run.result else {}
    told = facts(
        [
            ("rung", seen(own.name)),
            ("seed", str(own.seed)),
            ("contract", code(probe.contract if probe else placed(own.contract.name))),
            ("probe", f"{seen(probe.name)} {hashed(probe.hash)}" if probe else "not measured"),
            ("model", seen(_model(run))),
            ("tokens", f"{own.tokens.size:,} in the vocabulary" if own.tokens.size else ""),
            ("stages", seen(" then ".join(name for name in ("sft", "rl") if getattr(own, name)) or "none")),
            ("axis", seen(own.axis or "none")),
            ("baseline", seen(placed(own.baseline)) if own.baseline else "none"),
            ("champion", _champion(run)),
            ("target", code(target_of(run))),
            ("weights", _weights(policy.get("weights"))),
            ("judge", hashed(probe.judge) if probe else ""),
            ("machine", seen(run.cost.machine) if run.cost else ""),
        ]
    )
    text = fold("rung.toml", f"<pre>\n{seen(placed(run.rung))}</pre>", "as it was written") if run.rung else ""
    return told + text


def _champion(run: Run) -> str:
    found = run.ruling.comparisons.get("champion") if run.ruling else None
    return seen(placed(found.run)) if found else "none yet"


def _model(run: Run) -> str:
    model = run.settings.model
    name = placed(model.path) if model.path else f"{model.size or 'no size'}, from scratch"
    return f"{name}, {model.trainable} trainable" if model.trainable != "all" else name


def _weights(weights: object) -> str:
    """Hashes by file."""
    if not isinstance(weights, dict):
        return ""
    return ", ".join(f"{seen(str(name))} {hashed(str(found))}" for name, found in weights.items())


# ---- 2 hypothesis ----


def hypothesis(run: Run) -> str:
    own, ruling = run.settings, run.ruling
    said = (
        f'<p class="lead">{seen(own.hypothesis)}</p>' if own.hypothesis else missing("No hypothesis was written down.")
    )
    return (
        said
        + f"<h3>Expected beforehand</h3>{conditions(ruling.expectations if ruling else None, own.expectations)}"
        + f"<h3>Gates of a promotion</h3>{conditions(ruling.gates if ruling else None, own.gates)}"
    )


def conditions(found: Sequence[Found] | None, written: Sequence[str]) -> str:
    if found is None:
        waits = f"<p>Not looked at yet: {len(written)}.</p>{items(written)}" if written else ""
        return waits or missing("None was written down.")
    if not found:
        return missing("None was written down.")
    columns = [
        Column("condition"), Column("", "state"), Column("value and interval, and the bound", "plot"),
        Column("value", "number"), Column("interval", "number small"), Column("tasks", "number small"),
    ]  # fmt: skip
    return table(columns, map(_condition, found), "conditions", "forest")


def _condition(one: Found) -> Line:
    metric, at, tone = metric_of(one.condition), bound_of(one.condition), STATUS.get(one.status, "")
    change = re.search(r"-\s*(baseline|champion)", one.condition) is not None
    scale = strips.spanning([one.low, one.high, *([at] if at is not None else [])])
    plot = strips.bound(one.value, one.low, one.high, at if at is not None else scale.low, scale, tone)
    reach = (signed_reach if change else numbers.between)(one.low, one.high, metric)
    value = (
        f"{numbers.signed(one.value, metric)} {numbers.unit(metric)}" if change else numbers.amount(one.value, metric)
    )
    return Line([code(one.condition), chip(one.status, tone), plot, value, reach, f"{one.n:,}"])


def bound_of(condition: str) -> float | None:
    found = BOUND.search(condition)
    return float(found[1]) / (100 if found[2] else 1) if found else None


def metric_of(condition: str) -> str:
    found = METRIC.match(condition)
    return found[1] if found else ""


# ---- 3 held constant ----


def held_constant(run: Run) -> str:
    found = run.changed
    if found is None or not found.held:
        return missing("There is no changed.json: what was held constant was not written down.")
    axis = found.axis or run.settings.axis
    columns = [Column("axis"), Column("against the baseline"), Column("what changed", "text"), Column("hash")]
    on_one_probe = run.ruling is not None and run.ruling.comparisons.get("baseline") is not None
    known = [*found.held] if on_one_probe else [name for name in found.held if name not in ("judge", "probe")]
    lines = [_axis(found, name, name == axis, found.baseline is not None and name in known) for name in found.held]
    return _lead(found, axis) + table(columns, lines, "what was held constant", "held")


def _lead(found: Changed, axis: str | None) -> str:
    if found.baseline is None:
        return missing("There is no baseline, so nothing is held against one: these are the settings as they were run.")
    others = [name for name in found.changed if name != axis]
    told = note(f"Changed as well, and should not have: {', '.join(others)}.", "bad") if others else ""
    lead = f"Against {code(placed(found.baseline))} one axis may change: <strong>{seen(axis or 'none')}</strong>."
    return f"<p>{lead}</p>{told}"


def _axis(found: Changed, name: str, own: bool, known: bool) -> Line:
    """`known`: whether it is known to be the baseline's where it did not change."""
    lines = found.changed.get(name, ())
    told = chip("changed", "blue" if own else "bad") if lines else state("held", "") if known else ""
    cells = [seen(name), told, "<br>".join(map(code, lines)), hashed(found.held[name])]
    return Line(cells, "axis" if own else "")
