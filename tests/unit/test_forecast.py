"""A law that is known is found again, and what the runs leave open shows as a wide interval."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from rungwise.errors import InputError
from rungwise.ladder.forecast import Point, forecast, left_out, points

TOKENS = (2e5, 4e5, 8e5, 1.6e6, 3.2e6)


def law(tokens: float, weights: float = 1e6, floor: float = 0.4) -> float:
    return floor + 1.5 * (tokens / 1e5) ** -0.5 + 0.3 * (weights / 1e6) ** -0.4


def made(seed: int, tokens: Sequence[float] = TOKENS, sizes: Sequence[float] = (1e6,)) -> list[Point]:
    """Runs whose losses are the law's, but for one part in a hundred."""
    chance = Random(seed)
    return [Point(f"{t} {w}", t, w, law(t, w) * chance.gauss(1, 0.01)) for t in tokens for w in sizes]


def test_a_run_that_was_held_out_falls_within_its_interval() -> None:
    """95 of 100 do; of 40 fewer than 34 do in one of a thousand tries."""
    held = [forecast(known[:-1], known[-1].tokens, 1e6).holds(known[-1].loss) for known in map(made, range(40))]
    assert sum(held) >= 34


def test_more_runs_and_nearer_ones_leave_less_open() -> None:
    def width(known: list[Point], tokens: float) -> float:
        found = forecast(known, tokens, 1e6)
        return found.high - found.low

    known = made(0)
    assert width(known, 6e6) < width(known[:3], 6e6) and width(known, 6e6) < width(known, 6e7)
    assert width(known, 6e6) < 0.2 * law(6e6)


def test_weights_count_where_they_differ() -> None:
    known = made(1, sizes=(1e6, 4e6))
    found = forecast(known, 6.4e6, 1.6e7)
    assert found.holds(law(6.4e6, 1.6e7)) and found.value < forecast(known, 6.4e6, 1e6).value
    assert sum(foretold.holds(one.loss) for one, foretold in left_out(known)) >= 8


def test_a_run_that_follows_another_law_is_missed() -> None:
    known = [*made(2), Point("odd", 6.4e6, 1e6, 2 * law(6.4e6))]
    assert not {one.run: found.holds(one.loss) for one, found in left_out(known)}["odd"]


# ---- reading ----


def run(folder: Path, steps: int, tokenizer: str = "a", loss: float | None = 1.0) -> Path:
    model = folder / "sft" / "model"
    model.mkdir(parents=True)
    (model / "tokenizer.json").write_text(tokenizer)
    header = json.dumps({"w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}).encode()
    (model / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(48))
    (folder / "sft" / "heldout.jsonl").write_text("rows")
    (folder / "sft" / "settings.json").write_text(json.dumps({"contract": {"name": "mazes", "settings": {}}}))
    told = [{"step": at, "tokens": 10 * at} for at in range(1, steps + 1)]
    told[-1] |= {} if loss is None else {"heldout_loss": loss}
    (folder / "sft" / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told))
    return folder


def test_runs_are_read_from_their_folders(tmp_path: Path) -> None:
    found = points([run(tmp_path / str(at), 5 * at, loss=1 / at) for at in (1, 2, 3)])
    assert [(one.tokens, one.weights, one.loss) for one in found] == [(50, 12, 1), (100, 12, 0.5), (150, 12, 1 / 3)]


def test_two_runs_are_too_few_and_one_does_not_count_twice(tmp_path: Path) -> None:
    two = [run(tmp_path / name, 5) for name in "ab"]
    for given in (two, [*two, two[0]]):
        with pytest.raises(InputError, match="at least 3"):
            points(given)


def test_runs_that_do_not_compare_are_refused_by_name(tmp_path: Path) -> None:
    alike = [run(tmp_path / name, 5) for name in "abc"]
    with pytest.raises(InputError, match="another tokenizer than"):
        points([*alike, run(tmp_path / "d", 5, tokenizer="b")])
    with pytest.raises(InputError, match="no held-out loss"):
        points([*alike, run(tmp_path / "e", 5, loss=None)])
    (alike[0] / "sft" / "heldout.jsonl").unlink()
    with pytest.raises(InputError, match=r"no sft/heldout\.jsonl in it"):
        points(alike)
