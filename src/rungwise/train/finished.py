"""A run that has been trained: its last model, and what that writes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rungwise.contract import Contract, Json, Task, judge_all, load_contract
from rungwise.errors import InputError
from rungwise.policy.loading import load_policy, marked
from rungwise.policy.policy import Decode, Policy, answer_of
from rungwise.policy.writer import LocalWriter


def model_of(folder: Path) -> Path:
    """The last model of a run's folder; or the folder itself, where it is a model's."""
    for place in (folder / "rl" / "model", folder / "sft" / "model", folder / "model", folder):
        if (place / "config.json").exists():
            return place
    raise InputError("no model in it; expected a run's folder or a model's", file=folder)


def opened_run(folder: Path, device: str = "cpu", precision: str = "auto") -> tuple[Policy, Contract]:
    """A run's last model, and the contract it was trained for."""
    place = model_of(folder)
    found = marked(place)
    policy = load_policy(place, device=device, precision=precision, chat=found["chat"])
    return policy, load_contract(found["contract"], found["settings"])


def answers_of_run(
    policy: Policy, contract: Contract, tasks: Sequence[Task], k: int, decode: Decode, seed: int
) -> Iterator[dict[str, Json]]:
    """One record an answer, in the order of the tasks."""
    groups = LocalWriter(policy, contract).write(tasks, k, decode, seed)
    for task, group in zip(tasks, groups, strict=True):
        texts = [answer_of(one.text, decode.answer) for one in group]
        verdicts = judge_all(contract, [(task, text) for text in texts])
        for one, text, verdict in zip(group, texts, verdicts, strict=True):
            yield {
                "task": task.id, "answer": text, "score": verdict.score, "passed": verdict.passed,
                "failure": verdict.failure, "ended": one.ended, "tokens": one.tokens, "logprob": one.logprob,
            }  # fmt: skip
