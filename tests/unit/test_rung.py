"""A rung answers one question: what it must say beforehand, and what it may change."""

from pathlib import Path

import pytest

from rungwise.errors import InputError
from rungwise.ladder.rung import AXES, axis_of, changed, flattened, read, require_one_axis, training
from rungwise.train.settings import Rung as Trained

ROOT = Path(__file__).parents[2]
NO_RUNGS = ("policy.toml", "blueprint.toml")  # mandates and curricula lie beside them
SHIPPED = [path for path in sorted((ROOT / "rungs").rglob("*.toml")) if path.name not in NO_RUNGS]

BASE = """
question = "q"
hypothesis = "h"
expectations = ["greedy >= 0.5"]
[contract]
name = "canvas"
[probe]
path = "probes/p"
[model]
size = "1M"
[sft]
steps = 100
"""
RL = BASE + '[rl]\nstart = "sft"\nsteps = 50\n'


def rung(folder: Path, text: str, name: str = "rung") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def against(folder: Path, axis: str, text: str, base: str = BASE) -> tuple[Path, Path]:
    baseline = rung(folder, base, "base")
    return rung(folder, f'axis = "{axis}"\nbaseline = "{baseline}"\n{text}'), baseline


@pytest.mark.parametrize(
    ("axis", "old", "new"),
    [
        ("model", 'size = "1M"', 'size = "3M"'),
        ("budget", "steps = 100", "steps = 200"),
        ("data", "[sft]\nsteps = 100", "[sft]\ntasks = 50\nsteps = 100"),
        ("tokens", "[model]", "[tokens]\nsize = 2048\n[model]"),
        ("contract", 'name = "canvas"', 'name = "canvas"\nsettings = { surface = "compact" }'),
        ("reward", "[sft]\nsteps = 100", '[sft]\nsteps = 100\n[rl]\nstart = "sft"'),
    ],
)
def test_one_change_is_of_one_axis(tmp_path: Path, axis: str, old: str, new: str) -> None:
    assert BASE.count(old) == 1
    ours, baseline = against(tmp_path, axis, BASE.replace(old, new))
    assert list(changed(read(ours), read(baseline))) == [axis]
    require_one_axis(read(ours), read(baseline))


@pytest.mark.parametrize(
    ("axis", "old", "new"),
    [
        ("reward", "steps = 50", 'steps = 50\nreward = { form = "exact" }'),
        ("reward", "steps = 50", "steps = 50\ndiversity = 0.5"),
        ("data", "steps = 50", 'steps = 50\ncurriculum = "near_miss"'),
        ("budget", "steps = 50", "steps = 60"),
        ("repair", "steps = 50", "steps = 50\ngrammar = true"),
    ],
)
def test_changes_of_reinforcement_have_their_axes(tmp_path: Path, axis: str, old: str, new: str) -> None:
    ours, baseline = against(tmp_path, axis, RL.replace(old, new), RL)
    assert list(changed(read(ours), read(baseline))) == [axis]
    require_one_axis(read(ours), read(baseline))


def test_two_axes_at_once_are_refused_with_both_settings(tmp_path: Path) -> None:
    ours, baseline = against(tmp_path, "model", BASE.replace('"1M"', '"3M"').replace("steps = 100", "steps = 200"))
    with pytest.raises(InputError, match=r"budget: sft\.steps: 100 -> 200"):
        require_one_axis(read(ours), read(baseline))


def test_nothing_changed_answers_nothing(tmp_path: Path) -> None:
    ours, baseline = against(tmp_path, "model", BASE)
    with pytest.raises(InputError, match="nothing differs"):
        require_one_axis(read(ours), read(baseline))


def test_where_it_runs_and_how_often_it_writes_is_no_change(tmp_path: Path) -> None:
    text = BASE.replace("steps = 100", "steps = 200\nevery = 7\nheldout = 3")
    ours, baseline = against(tmp_path, "budget", text.replace('size = "1M"', 'size = "1M"\nworkers = 1'))
    assert changed(read(ours), read(baseline)) == {"budget": ["sft.steps: 100 -> 200"]}


def test_going_on_from_what_the_baseline_learned_changes_the_reward_alone(tmp_path: Path) -> None:
    text = BASE.replace("[sft]\nsteps = 100", '[rl]\nstart = "runs/base/seed-{seed}"\nsteps = 50')
    ours, baseline = against(tmp_path, "reward", text)
    require_one_axis(read(ours), read(baseline))
    elsewhere, baseline = against(tmp_path, "reward", text.replace("runs/base", "runs/other"))
    with pytest.raises(InputError, match="differs from"):
        require_one_axis(read(elsewhere), read(baseline))


def test_every_setting_has_its_axis_or_is_known_to_have_none() -> None:
    rung = Trained.model_validate(
        {"contract": {"name": "canvas"}, "model": {"size": "1M"}, "sft": {"expert": {}}, "rl": {}}
    )
    names = [name for name, _ in flattened(rung.record()) if name not in ("name", "seed")]
    assert all(any(name == known or name.startswith(f"{known}.") for known in AXES) for name in names)
    assert axis_of("sft.lr") == "budget" and axis_of("rl.loss") == "reward" and axis_of("model.workers") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BASE.replace('hypothesis = "h"\n', ""), "hypothesis: missing"),
        (BASE.replace('[probe]\npath = "probes/p"\n', ""), "probe: missing"),
        (BASE.replace('["greedy >= 0.5"]', "[]"), "expectations: missing"),
        (BASE.replace("greedy >= 0.5", "greedy - baseline >= 0.5"), "baseline: missing"),
        (BASE.replace("greedy >= 0.5", "greedy is good"), "expected METRIC"),
        (f'baseline = "x.toml"\n{BASE}', "axis: missing"),
        (f'axis = "size"\n{BASE}', "axis"),
        (f'targets = "greedy"\n{BASE}', "did you mean 'target'"),
    ],
)
def test_what_is_missing_or_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        read(rung(tmp_path, text))
    assert told in str(raised.value) and "rung.toml" in str(raised.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(ROOT / "rungs").as_posix())
def test_every_rung_that_ships_changes_what_it_says_it_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shipped = read(path)
    if shipped.baseline:
        require_one_axis(shipped, read(Path(shipped.baseline)))
    assert training(shipped)["contract"]["name"]
