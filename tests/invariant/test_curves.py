"""Committed curves of a real run: a change that makes learning silently worse, or other, shows here.

They are read in float32 with plain AdamW steps few enough that rounding, which differs between processors, stays small.
Made anew, after a change that is meant to move them, by `python -m tests.invariant.test_curves`; the commit says why.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("torch")

CURVES = Path(__file__).with_name("curves.json")
RUNG = """
name = "reference"
[contract]
name = "mazes/mazes/__init__.py:mazes"
[model]
size = "0.1M"
workers = 2
precision = "fp32"
[sft]
tasks = 120
heldout = 12
steps = 60
batch_tokens = 1500
lr = 5e-3
every = 30
optimiser = "{optimiser}"
[rl]
tasks = 24
prompts = 4
k = 4
steps = 3
lr = 1e-4
max_new_tokens = 24
"""
READ = {"sft": ("loss", "grad_norm", "heldout_loss"), "rl": ("length", "entropy", "kl_k3")}
CLOSE = {"sft": 0.05, "rl": 0.15}  # relative, or of one where the figure is smaller


def curves(home: Path, optimiser: str) -> dict[str, dict[str, list[float]]]:
    (home / "rung.toml").write_text(RUNG.format(optimiser=optimiser))
    for arguments in (["new", "mazes"], ["run", "rung.toml"]):
        subprocess.run([sys.executable, "-m", "rungwise.cli", *arguments], cwd=home, check=True, capture_output=True)
    found = {}
    for stage, names in READ.items():
        lines = (home / "runs" / "reference" / "seed-0" / stage / "metrics.jsonl").read_text().splitlines()
        steps = [json.loads(line) for line in lines]
        found[stage] = {name: [round(step[name], 5) for step in steps if name in step] for name in names}
    return found


@pytest.mark.parametrize("optimiser", ["muon", "adamw"])
def test_learning_goes_as_it_went(tmp_path: Path, optimiser: str) -> None:
    committed = json.loads(CURVES.read_text())[optimiser]
    for stage, names in curves(tmp_path, optimiser).items():
        for name, values in names.items():
            was = committed[stage][name]
            assert len(values) == len(was), name
            apart = max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(values, was, strict=True))
            assert apart < CLOSE[stage], f"{stage} {name}: {apart:.3f} apart; was {was[-1]}, is {values[-1]}"


if __name__ == "__main__":
    made = {}
    for each in ("muon", "adamw"):
        with tempfile.TemporaryDirectory() as place:
            made[each] = curves(Path(place), each)
    CURVES.write_text(json.dumps(made, indent=1) + "\n")
