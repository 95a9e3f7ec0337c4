"""What a stage is made of: rows that are drawn with settings of their own."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

from rungwise.contract import load_contract
from rungwise.errors import InputError
from rungwise.train import settings
from rungwise.train.prepare import Order, Show, prepare
from tests.unit.toy import toy

RUNG = """name = "try"
[contract]
name = "{spec}"
[model]
size = "0.1M"
{stage}
draw = {{ {draw} }}
"""
SFT = """[sft]
tasks = 12
heldout = 4
steps = 1
[[sft.mixture]]
source = "gold"
"""
RL = """[rl]
start = "model"
tasks = 12
"""


def order(folder: Path, spec: str, draw: str, stage: str = SFT) -> Order:
    path = folder / "rung.toml"
    path.write_text(RUNG.format(spec=spec, draw=draw, stage=stage))
    quiet = Show(doing=lambda _: None, tell=lambda *_: None, warn=lambda _: None)
    return Order(rung=settings.read(path), out=folder / "run", resume=False, show=quiet)


def test_a_source_is_drawn_with_settings_of_its_own(tmp_path: Path) -> None:
    spec = toy(tmp_path)
    made = prepare("sft", order(tmp_path, spec, "slack = 3"), load_contract(spec, {}))
    rows = made.sources["gold"]
    limits = {row.task.facts["limit"] - len(row.answer.splitlines()) for row in rows}
    assert len(rows) == 12 and limits == {3}
    assert {row.task.facts["limit"] - len(row.answer.splitlines()) for row in made.heldout} == {1}


def test_so_is_the_pool_of_rl(tmp_path: Path) -> None:
    spec = toy(tmp_path)
    pool = prepare("rl", order(tmp_path, spec, "slack = 3", RL), load_contract(spec, {})).pool
    assert len(pool) == 12 and {row.task.facts["limit"] - len(row.answer.splitlines()) for row in pool} == {3}


@pytest.mark.parametrize("stage", ["sft", "rl"])
def test_one_that_the_rungs_own_judge_fails_is_refused(tmp_path: Path, stage: str) -> None:
    changed = toy(
        tmp_path, {"judge.py": ("moves = parse(answer)", "moves = None if maze.limit > 3 + 1 else parse(answer)")}
    )
    with pytest.raises(InputError, match=r"fail the rung's own judge.*tasks alone"):
        prepare(stage, order(tmp_path, changed, "slack = 9", {"sft": SFT, "rl": RL}[stage]), load_contract(changed, {}))


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    spec = toy(tmp_path)
    with pytest.raises(InputError, match="no setting 'slak'"):
        prepare("sft", order(tmp_path, spec, "slak = 3"), load_contract(spec, {}))
