"""When curves reach a level: a delay is told from a difference."""

import math
from pathlib import Path

from hypothesis import given
from typer.testing import CliRunner

from rungwise.cli import app
from rungwise.report.curves import panels, read
from rungwise.report.reached import first_at, reached, text
from tests.unit.test_charts import CURVES, VALUES, wrote


@given(CURVES, VALUES)
def test_a_level_is_reached_where_a_line_first_is_on_its_other_side(line: dict[int, float], level: float) -> None:
    first = first_at(line, level)
    before = [value - level for step, value in line.items() if step < first]
    assert all(value > 0 for value in before) or all(value < 0 for value in before)
    if first < math.inf:
        assert not before or (line[int(first)] - level) * math.copysign(1, before[0]) <= 0


def test_a_delay_and_a_difference_are_told_apart(tmp_path: Path) -> None:
    """Both rise to the same; what never does is said; a longer run counts up to where the shortest ends."""
    for seed, start in enumerate((20, 30, 200)):
        wrote(tmp_path / f"early/seed-{seed}", "rl", ({"hack": float(step >= start)} for step in range(1, 101)))
    wrote(tmp_path / "late/seed-0", "rl", ({"hack": float(step >= 101)} for step in range(1, 201)))
    early, late = reached(panels(read([tmp_path / "early", tmp_path / "late"]), None, ["hack"]), 0.5)
    assert (early.steps, late.steps, early.until) == ((20, 30, math.inf), (101,), 100)
    assert [round(mean, 2) for mean in early.means] == [0.81, 0.71, 0]
    assert late.means[0] < 0.02  # a moving mean looks ahead
    _, told, never = text([early, late])
    assert told.split()[5:9] == ["20", "30", "never", "30"]
    assert "up to 100" in never


def test_a_figure_that_comes_later_than_the_shortest_run_ends_has_no_mean(tmp_path: Path) -> None:
    wrote(tmp_path / "short", "sft", [{"loss": 1.0, "heldout_loss": 2.0}] * 3)
    wrote(tmp_path / "long", "sft", [{"loss": 1.0}] * 9 + [{"heldout_loss": 2.0}])
    rows = reached(panels(read([tmp_path / "short", tmp_path / "long"]), None, ["heldout_loss"]), 1.0)
    assert [(row.means, row.until) for row in rows] == [((2.0,), 3), ((), 3)]
    assert [line.split()[-4] for line in text(rows)][1:] == ["2", "none"]


def test_the_verb_tells_of_a_level_on_the_page_and_in_words(tmp_path: Path) -> None:
    output = tmp_path / "reached.html"
    for stage in ("sft", "rl"):
        wrote(tmp_path / "run", stage, [{"grad_norm": 0.5}] * 5)
    found = CliRunner().invoke(
        app, ["curves", str(tmp_path / "run"), "-o", str(output), "--metric", "grad_norm", "--reach", "99"]
    )
    assert found.exit_code == 0
    for told in (found.stdout, output.read_text("utf-8")):
        assert "sft grad_norm" in told and "rl grad_norm" in told and told.count("never") == 4
