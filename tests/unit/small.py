"""Models of a few thousand weights and a contract of letters: what the tests of learning have in common."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch

from rungwise.contract import Grammar, Repair, Sabotage, Task, Verdict, task_id
from rungwise.policy.kernels import library
from rungwise.policy.nano import Nano, Size, fresh
from rungwise.policy.packed import Row
from rungwise.policy.tokens import Tokens, build
from rungwise.train.learner import Learner

torch.set_num_threads(1)  # tests run side by side, and threads that wait for each other's cores are slow

TOKENS: Tokens = build(None, [], 260)  # every byte and four controls, nothing else
TINY = Size(32, 2, 2, 1, 16, 48)
LETTERS = "abcd"


def lively(size: Size = TINY, seed: int = 0, scale: float = 20.0) -> dict[str, torch.Tensor]:
    """Weights far enough from nothing that a mistake shows."""
    return {
        name: tensor * scale if tensor.dim() > 1 else tensor + 0.1 * torch.arange(len(tensor)).sin()
        for name, tensor in fresh(size, TOKENS.size, seed).items()
    }


def nano(
    size: Size = TINY, *, seed: int = 0, context: int = 96, precision: str = "fp32", scale: float = 20.0, **more: object
) -> Nano:  # fmt: skip
    return Nano(size, TOKENS, context, lively(size, seed, scale), precision=precision, **{"workers": 1, **more})  # type: ignore[arg-type]


def without_kernels(make: Callable[[], Nano]) -> Nano:
    """The same model in plain torch."""
    kept = os.environ.get("RUNGWISE_NATIVE")
    os.environ["RUNGWISE_NATIVE"] = "0"
    library.cache_clear()
    try:
        made = make()
    finally:
        del os.environ["RUNGWISE_NATIVE"]
        if kept is not None:
            os.environ["RUNGWISE_NATIVE"] = kept
        library.cache_clear()
    assert made.native is None
    return made


def task(prompt: str, **more: str) -> Task:
    given = {"contract": "letters", "split": "train", "tier": "t1", "family": "f", "facts": {}, **more}
    return Task(id=task_id("letters", "1", prompt=prompt), prompt=prompt, **given)  # type: ignore[arg-type]


class Letters:
    """The more of an answer is the letter a, the better. Passed is what is nothing else."""

    name, version, tiers, splits, gold_floor = "letters", "1", ("t1", "t2"), ("train", "dev"), 1.0
    failures: Mapping[str, str] = {"unreadable": "write letters", "other": "write a"}

    def tasks(self, split: str, n: int, seed: int) -> list[Task]:
        return [task(f"{split} {seed} {i}", split=split, tier=self.tiers[i % 2]) for i in range(n)]

    def gold(self, _task: Task) -> str | None:
        return "aaaa"

    def judge(self, task: Task, answer: str) -> Verdict:
        del task
        score = answer.count("a") / max(1, len(answer))
        passed = score == 1.0
        failure = None if passed else ("other" if answer else "unreadable")
        return Verdict(score=score, passed=passed, failure=failure, shape="".join(sorted(answer)) or None)

    def sabotage(self, _task: Task, seed: int) -> Iterable[Sabotage]:
        del seed
        return [Sabotage(answer="b", label="other", why="not a")]

    def repair(self, answer: str) -> Repair:
        return Repair(answer=answer)

    def grammar(self) -> Grammar | None:
        return None

    def picture(self, task: Task, answer: str) -> str | None:
        del task, answer
        return None


def speller(size: Size, *, steps: int = 25, context: int = 64) -> Nano:
    """A model that has learned to write four letters of LETTERS, in any order."""
    made = Nano(size, TOKENS, context, fresh(size, TOKENS.size, 0), precision="fp32", workers=1)
    learner = Learner(made, betas=(0.9, 0.99), weight_decay=0.0, clip=1.0)
    for number in range(1, steps + 1):
        rows = [row for i in range(4) for row in _spelled(number * 4 + i)]
        learner.step([rows], lambda rows: (surprise(made, rows), {}), 3e-3, f"step {number}")
    return made


def _spelled(number: int) -> list[Row]:
    order = [LETTERS[(number * 7 + i * i * 3 + i * number) % 4] for i in range(4)]
    turned = ["".join(LETTERS[(LETTERS.index(c) + turn) % 4] for c in order) for turn in range(4)]
    return [(TOKENS.prompt(f"train 0 {number % 16}"), [TOKENS.answer(text) for text in turned])]


def surprise(policy: Nano, rows: Sequence[Row]) -> torch.Tensor:
    """The mean loss over all answers' tokens, of each prompt and answer by itself."""
    from rungwise.policy.packed import pack

    return -policy.logprobs(pack(rows))[0].mean()
