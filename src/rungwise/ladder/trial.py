"""The gates that compute: the sampler held against the learner, and a few steps of the run itself in a folder of their
own, cut off and gone on with.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rungwise.errors import RungwiseError
from rungwise.ladder.stopped import CanaryFailed
from rungwise.policy.packed import pack
from rungwise.policy.policy import Decode, Floats, Group, Policy
from rungwise.probe.measure import Asked, outcomes
from rungwise.train import stages
from rungwise.train.finished import model_of
from rungwise.train.prepare import Order, Prepared

if TYPE_CHECKING:
    from rungwise.ladder.preflight import Before

TRIED = 8  # tasks of the trial's answers
PARITY = {"fp32": 1e-3, "bf16": 0.1}  # mean distance of log-probabilities, cached against full


def parity(before: "Before", ready: Mapping[str, Prepared]) -> str:
    """The sampler's log-probabilities, from its caches, are those of a full pass; a saved model is the model."""
    told = []
    for stage, one in ready.items():
        policy, tasks = one.policy, list(before.probe.tasks[:2])
        decode = Decode(max_new_tokens=min(24, policy.context // 4))
        groups = policy.sample(tasks, 2, decode, before.rung.seed)
        drawn = np.concatenate([sample.logprobs for group in groups for sample in group.samples])
        apart = float(np.abs(drawn - _full(policy, groups)).mean())
        kind = "bf16" if "bfloat16" in str(getattr(policy, "dtype", "bfloat16")) else "fp32"
        if not apart <= PARITY[kind]:
            raise RungwiseError(f"{stage}: cached and full forward are {apart:.2g} apart; expected {PARITY[kind]:g}")
        told.append(f"{stage}: cached and full forward {apart:.1g} apart")
    return "; ".join(told) or "known once SFT is done"


def _full(policy: Policy, groups: Sequence[Group]) -> Floats:
    import torch

    rows = [(group.prompt.tolist(), [sample.tokens.tolist() for sample in group.samples]) for group in groups]
    with torch.no_grad():
        told: Floats = policy.logprobs(pack(rows))[0].float().cpu().numpy()
    return told


def trial(before: "Before", _ready: Mapping[str, Prepared]) -> str:
    stage, own = before.stages()[0], before.rung.preflight
    steps, folder = max(2, own.canary), before.order.out / ".trial"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        order = _tried(before, stage, steps, folder)
        stages.run_stage(stage, order)
        whole = _weights(folder / stage, steps)
        shutil.rmtree(folder / stage / "checkpoints" / f"{steps:06d}")
        stages.run_stage(stage, replace(order, resume=True))
        if _weights(folder / stage, steps) != whole:
            raise RungwiseError("a run that is cut off and goes on does not come to the same bytes")
        return _canary(before, folder) if own.canary else f"{steps} steps, cut off and gone on with: the same bytes"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tried(before: "Before", stage: str, steps: int, folder: Path) -> Order:
    """The same rows and settings, for a few steps."""
    section = getattr(before.rung, stage)
    few = {"steps": steps, "every": max(1, steps - 1)} | ({"epochs": None, "expert": None} if stage == "sft" else {})
    rung = before.rung.model_copy(update={stage: section.model_copy(update=few)})
    (folder / stage).mkdir(parents=True)
    for path in [*(before.order.out / stage).glob("*.jsonl"), *(before.order.out / stage).glob("*.key")]:
        shutil.copy(path, folder / stage / path.name)
    if (before.order.out / "check.json").exists():
        shutil.copy(before.order.out / "check.json", folder / "check.json")
    quiet = replace(before.order.show, tell=lambda *_: None)
    return replace(before.order, rung=rung, out=folder, resume=False, show=quiet)


def _weights(folder: Path, step: int) -> bytes:
    return (folder / "checkpoints" / f"{step:06d}" / "weights.safetensors").read_bytes()


def _canary(before: "Before", folder: Path) -> str:
    from rungwise.policy.loading import load_policy

    policy = load_policy(model_of(folder), chat=before.rung.model.chat)
    tasks = before.probe.tasks[:TRIED]
    room = policy.context - max(len(policy.tokens.prompt(task.prompt)) for task in tasks)
    groups = policy.sample(tasks, 1, Decode(temperature=0.0, max_new_tokens=room), before.rung.seed)
    found = outcomes(before.contract, [Asked(task=group.task, text=group.samples[0].text) for group in groups])
    parsed = sum(one.parsed is not False and one.failure != "unreadable" for one in found)
    if not parsed:
        raise CanaryFailed(f"after {before.rung.preflight.canary} steps none of {len(found)} answers can be read")
    return f"after {before.rung.preflight.canary} steps {parsed} of {len(found)} answers can be read"
