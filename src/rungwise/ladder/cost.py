"""What a run has cost: by the clock, by the processor, in tokens, in arithmetic, and in money at a stated price."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.ladder.facts import lines
from rungwise.ladder.rung import CostSettings

STAGES = ("sft", "rl")


def cost(run: Path, settings: CostSettings, measuring: float = 0.0) -> dict[str, Json]:
    """`measuring` is how many seconds the probe took. Two flops a weight and token forward, six with backward."""
    steps = {stage: lines(run / stage / "timing.jsonl") for stage in STAGES}
    every = [line for found in steps.values() for line in found]
    weights = {stage: weights_of(run / stage / "model") for stage in STAGES}
    trained = {stage: _sum(found, "trained_tokens") for stage, found in steps.items()}
    sampled = {stage: _sum(found, "sampled_tokens") for stage, found in steps.items()}
    wall = _sum(every, "seconds") + measuring
    return {
        "wall_seconds": wall, "cpu_seconds": _sum(every, "cpu_seconds"), "measuring_seconds": measuring,
        "trained_tokens": sum(trained.values()), "sampled_tokens": sum(sampled.values()),
        "flops": sum(weights[stage] * (6 * trained[stage] + 2 * sampled[stage]) for stage in STAGES),
        "money": settings.price * wall / 3600, "currency": settings.currency, "machine": machine(),
    }  # fmt: skip


def _sum(steps: Sequence[Mapping[str, Json]], key: str) -> float:
    return float(sum(line.get(key, 0) for line in steps))


def weights_of(model: Path) -> int:
    """How many numbers a saved model holds, from the headers of its files alone."""
    return sum(_numbers(path) for path in model.glob("*.safetensors"))


def _numbers(path: Path) -> int:
    with path.open("rb") as file:
        header = msgspec.json.decode(file.read(int.from_bytes(file.read(8), "little")))
    counts = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            numbers = 1
            for side in tensor["shape"]:
                numbers *= side
            counts += numbers
    return counts


def machine() -> str:
    """In words: processor and cores."""
    return f"{_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
