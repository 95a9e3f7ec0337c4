"""A rung in miniature: the smallest model, a few rows, steps and tasks. The line that it walks is the real one.

What comes out says that everything fits together and nothing else.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from rungwise.contract import Json, hash_of
from rungwise.ladder import gates
from rungwise.ladder.rung import Rung
from rungwise.probe.freeze import Probe

TASKS, K, TOKENS = 8, 2, 48


def smoked(rung: Rung) -> Rung:
    few: dict[str, Json] = {
        "model": rung.model.model_copy(update={"size": "0.1M" if rung.model.size else None, "context": 0}),
        "expectations": _alone(rung.expectations),
        "gates": _alone(rung.gates),
        "signed": False,
        "preflight": rung.preflight.model_copy(update={"canary": 0, "pilot": None, "examined": 4}),
    }
    if rung.sft:
        few["sft"] = rung.sft.model_copy(update={
            "tasks": 24, "steps": 4, "epochs": None, "batch_tokens": 1024, "every": 2,
            "heldout": min(4, rung.sft.heldout),
            "expert": rung.sft.expert and rung.sft.expert.model_copy(update={
                "rounds": 1, "tasks": 4, "k": 2, "steps": 2, "max_new_tokens": TOKENS}),
        })  # fmt: skip
    if rung.rl:
        few["rl"] = rung.rl.model_copy(update={
            "tasks": 8, "prompts": 2, "k": K, "steps": 2, "max_new_tokens": TOKENS,
            "steps_per_batch": min(2, rung.rl.steps_per_batch), "difficulty": (0.0, 1.0), "every": 1,
            "start": rung.rl.start if rung.rl.start in ("sft", "model") else "model",
        })  # fmt: skip
    return rung.model_copy(update=few)


def _alone(conditions: Sequence[str]) -> tuple[str, ...]:
    """Those that compare with nothing, of no slice: a ladder of its own holds no other run, and few tasks no slices."""
    asked = [(text, gates.parsed(text)) for text in conditions]
    return tuple(text for text, one in asked if one.against is None and one.part is None and "@" not in one.metric)


def fewer(probe: Probe) -> Probe:
    """A few tasks of a probe, spread over it. Its hash is another's, so nothing is ever compared with it."""
    of_tier = Counter[str]()
    ranked = [(of_tier.update([task.tier]) or of_tier[task.tier], at) for at, task in enumerate(probe.tasks)]
    few = [probe.tasks[at] for _, at in sorted(ranked)[:TASKS]]  # as many of each tier
    golds = {task.id: probe.golds[task.id] for task in few if task.id in probe.golds}
    tokens = min(TOKENS, probe.lock.max_new_tokens or TOKENS)
    lock = replace(probe.lock, name=f"{probe.lock.name} (smoke)", k=min(K, probe.lock.k), max_new_tokens=tokens,
                   tasks_hash=hash_of([task.id for task in few]), gold_hash=hash_of(golds))  # fmt: skip
    return replace(probe, tasks=few, lock=lock, golds=golds)
