"""A run that has been trained: its last model, what it learned from, and how to have it write."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rungwise.contract import Contract, Json, Task, judge_all, load_contract
from rungwise.errors import InputError
from rungwise.policy.loading import load_policy, marked
from rungwise.policy.policy import Decode, Policy, answer_of

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

TOGETHER = 64  # tasks sampled at a time for `rungwise sample`


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


def automaton_of(contract: Contract, policy: Policy) -> "Automaton":
    from rungwise.policy.grammar import compile_grammar

    grammar = contract.grammar()
    if grammar is None:
        raise InputError(f"{contract.name} has no grammar to hold answers to", field="rl.grammar")
    return compile_grammar(grammar, policy.tokens)


def answers_of_run(
    policy: Policy, contract: Contract, tasks: Sequence[Task], k: int, decode: Decode, seed: int
) -> Iterator[dict[str, Json]]:
    """One record an answer, in the order of the tasks."""
    automaton = automaton_of(contract, policy) if decode.grammar else None
    for start in range(0, len(tasks), TOGETHER):
        for group in policy.sample(tasks[start : start + TOGETHER], k, decode, seed, automaton):
            texts = [answer_of(sample.text, decode.answer) for sample in group.samples]
            verdicts = judge_all(contract, [(group.task, text) for text in texts])
            for sample, text, verdict in zip(group.samples, texts, verdicts, strict=True):
                yield {
                    "task": group.task.id, "answer": text, "score": verdict.score, "passed": verdict.passed,
                    "failure": verdict.failure, "ended": sample.ended, "tokens": len(sample.tokens),
                    "logprob": float(sample.logprobs.sum()),
                }  # fmt: skip
