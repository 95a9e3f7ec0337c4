"""The folder of a run as the line leaves it, made in a second: a real probe and rows, a real ruling, no training."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from rungwise.ladder import ruling as rulings
from rungwise.ladder.cost import cost
from rungwise.ladder.rung import CostSettings, read
from rungwise.policy.gate import Lengths, Spread
from rungwise.policy.writer import Written
from rungwise.probe.diagnosis import symptoms
from rungwise.probe.failures import diagnose
from rungwise.probe.freeze import Probe
from rungwise.probe.measure import Measured, Result, rows_of, save
from rungwise.probe.measure import read as read_result
from rungwise.probe.result import Row
from rungwise.train.corpus import Audit
from tests.unit.toy import golden, toy_probe, written

RUNG = """
name = "shaped"
question = "Does <b>shaping</b> help?"
hypothesis = "Yes, a little."
axis = "reward"
baseline = "{baseline}"
expectations = ["greedy - baseline >= 10%", "parsed >= 0.5"]
gates = ["parsed >= 20%"]
[contract]
name = "{contract}"
[probe]
path = "{probe}"
[model]
size = "0.1M"
[sft]
tasks = 24
steps = 40
"""
Texts = dict[tuple[str, str, int], Written]


def walked(folder: Path, n: int = 24) -> Path:
    """RUN, beside its probe and the result that it is compared with."""
    probe = toy_probe(folder, n=n)
    run = folder / "runs" / "shaped" / "seed-0"
    baseline = measured(folder / "runs" / "flat" / "seed-0" / "probe", probe, spoilt(probe, every=2))
    ours = measured(run / "probe", probe, spoilt(probe, every=3))
    (folder / "flat.toml").write_text("[model]\nsize = '0.1M'\n")
    text = RUNG.format(baseline=folder / "flat.toml", contract=probe.lock.contract, probe=folder / "probe")
    (run / "rung.toml").write_text(text)
    rung = read(run / "rung.toml")
    put(run, "settings.json", rung.record())
    _before(run)
    _trained(run)
    put(run, "cost.json", cost(run, CostSettings(price=2.0), 1.5))
    diagnosis, seen = diagnose(ours.rows), symptoms(ours.rows)
    others = {"champion": None, "baseline": baseline}
    ruling = rulings.rule(rung, ours, others, diagnosis, seen)
    record = rulings.record(ruling, diagnosis, seen, {"baseline": str(folder / "runs" / "flat" / "seed-0")})
    put(run, "ruling.json", {**record, "signed": {"needed": True, "by": None}})
    return run


def put(run: Path, name: str, record: Any) -> None:
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    (run / name).write_text(json.dumps(record))


def spoilt(probe: Probe, every: int) -> Texts:
    """Gold, but for every so many tasks: wrong answers of all kinds, text that repair mends, junk, a cut."""
    texts = golden(probe)
    for at, task in enumerate(probe.tasks):
        wrong = [one.answer for one in probe.contract.sabotage(task, 0)]
        if at % every == 0:
            texts[task.id, "greedy", 0] = written(wrong[at % len(wrong)])
        elif at % every == 1:
            kind = at // every % 3
            text = [probe.golds[task.id].upper() + "\n", "<|end|> junk", probe.golds[task.id][:3]][kind]
            texts[task.id, "greedy", 0] = written(text, "length" if kind == 2 else "stop")
        texts[task.id, "sample", 1] = written(wrong[0])
    return texts


def measured(folder: Path, probe: Probe, texts: Texts) -> Result:
    learned = frozenset[str]()
    policy = {"kind": "test", "weights": {"model.safetensors": "ab" * 32}, "tokens": "cd" * 32}
    found = Measured(rows=rows_of(probe, texts, learned), texts=texts, policy=policy, seed=0, seconds=1.0)
    save(folder, probe, found)
    return read_result(folder)


def _before(run: Path) -> None:
    axes = ("budget", "contract", "data", "model", "repair", "reward", "tokens", "judge", "probe")
    put(run, "changed.json", {
        "baseline": "rungs/flat.toml", "axis": "reward", "changed": {"reward": ["rl.diversity: 0 -> 0.5"]},
        "held": {axis: f"{at:064x}" for at, axis in enumerate(axes)},
    })  # fmt: skip
    put(run, "preflight.json", [
        {"name": "power", "passed": True, "warned": True, "detail": "few tasks", "figures": {}},
        {"name": "disk", "passed": True, "warned": False, "detail": "room enough", "figures": {}},
    ])  # fmt: skip
    finding = {"name": "gold", "passed": True, "detail": "gold answers pass", "figures": {}}
    put(run, "check.json", {"contract": "mazes@1", "passed": True, "seconds": 1.0, "findings": [finding]})


def _trained(run: Path) -> None:
    put(run, "sft/settings.json", {"name": "shaped"})
    put(run, "sft/audit.json", asdict(Audit(rows=24, tasks=23, duplicates=1, contradictions=(), overlaps=())))
    spread = Spread(10, 20, 30)
    lengths = Lengths(prompt=spread, gold=spread, both=spread, context=64, classes={"byte": 0.75}, unreadable=0)
    put(run, "sft/lengths.json", asdict(lengths))
    put(run, "sft/counts.json", [
        {"name": "gold", "declared": 1.0, "rows": 24, "row_share": 1.0, "tokens": 480, "token_share": 1.0, "epochs": 2}
    ])  # fmt: skip
    lines(run / "sft/metrics.jsonl", [{"step": at, "loss": 4 / at, "tokens": 12 * at} for at in range(1, 41)])
    lines(run / "sft/timing.jsonl", [{"step": at, "seconds": 0.5, "trained_tokens": 12} for at in range(1, 41)])
    ids = {"prompt_ids": [1, 2], "answer_ids": [[7, 3]], "learned": [[1, 1]]}
    put(run, "sft/first-batch.json", [{"prompt": "a prompt", "answers": ["up 1"], **ids}])
    answer = {"answer": "up 2", "ids": [9, 3], "ended": "stop", "verdict": {"failure": "wall"}, "reward": {"form": 1}}
    put(run, "rl/first-batch.json", [{"task": "t", "prompt": "another prompt", "answers": [answer] * 6}])
    lines(run / "rl/metrics.jsonl", [{"step": at, "score": at / 9, "shapes": 2.0} for at in range(1, 10)])


def lines(path: Path, records: list[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


# ---- reading it again ----


def rows_in(run: Path) -> list[Row]:
    decoder = msgspec.json.Decoder(Row)
    return [decoder.decode(line) for line in (run / "probe/rows.jsonl").read_bytes().splitlines()]


def section(page: str, name: str) -> str:
    return page.partition(f'<section id="part-{name}"')[2].partition("</section>\n<section id=")[0]
