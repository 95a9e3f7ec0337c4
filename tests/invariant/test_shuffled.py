"""Golds that are dealt out among the tasks at random teach the form of answers and nothing of tasks.

Whoever learns from them passes no held-out task, where the same budget on true golds passes most: else something leaks.
"""

from itertools import product
from random import Random

import pytest

pytest.importorskip("torch")

from rungwise.contract import Task, Verdict
from rungwise.policy.nano import Nano, fresh, size_of
from rungwise.policy.policy import Decode
from rungwise.policy.writer import LocalWriter
from rungwise.probe.measure import Asked, outcomes
from rungwise.probe.shallow import shallow
from rungwise.probe.stats import Rate, paired, rate
from rungwise.train import corpus
from rungwise.train.mixture import Source, encoded
from rungwise.train.settings import SftSettings
from rungwise.train.sft import Sft
from tests.unit.small import TOKENS, Letters, task

NEXT = dict(zip("abcdefgh", "bcdefgha", strict=True))
CHANCE = 2  # of the held-out tasks that a guess may hit: one in 512 answers is right
HELD, STEPS = 100, 150  # held-out tasks of 512; of training, in which true golds are learned and a test stays short


class Following(Letters):
    """Of three letters, those that follow them."""

    def tasks(self, split: str, n: int, seed: int) -> list[Task]:
        words = Random(seed).sample(sorted(map(" ".join, product(NEXT, repeat=3))), len(NEXT) ** 3)
        return [task(word, split=split) for word in (words[:-HELD] if split == "train" else words[-HELD:])][:n]

    def gold(self, task: Task) -> str:
        return "".join(NEXT[letter] for letter in task.prompt.split())

    def judge(self, task: Task, answer: str) -> Verdict:
        passed = answer == self.gold(task)
        return Verdict(score=float(passed), passed=passed, failure=None if passed else "other")


class Shuffled(Following):
    """The same tasks, each with the gold of another."""

    def __init__(self) -> None:
        prompts = [one.prompt for one in self.tasks("train", 512, 0)]
        self.dealt = dict(zip(prompts, Random(1).sample(prompts, len(prompts)), strict=True))

    def gold(self, given: Task) -> str:
        return super().gold(task(self.dealt[given.prompt]))


def rows_of(contract: Following) -> list[corpus.Row]:
    return [corpus.Row(task=one, answer=contract.gold(one)) for one in contract.tasks("train", 512, 0)]


def passed(answers: list[str]) -> list[bool]:
    """The true judge's word on answers to the held-out tasks."""
    contract = Following()
    asked = [Asked(task=one, text=text, gold=contract.gold(one))
             for one, text in zip(contract.tasks("dev", HELD, 0), answers, strict=True)]  # fmt: skip
    return [one.exact is True for one in outcomes(contract, asked)]


def learned_from(contract: Following) -> list[bool]:
    size = size_of("0.1M")
    policy = Nano(size, TOKENS, 16, fresh(size, TOKENS.size, 0), precision="fp32", workers=2)
    settings = SftSettings(steps=STEPS, batch_tokens=512, lr=5e-3, heldout=0)
    learning = Sft(policy, [Source(name="gold", weight=1.0, rows=encoded(TOKENS, rows_of(contract)))], [], settings, 0)
    for number in range(1, STEPS + 1):
        learning.step(number)
    groups = LocalWriter(policy, contract).write(contract.tasks("dev", HELD, 0), 1, Decode(temperature=0.0), 0)
    return passed([group[0].text for group in groups])


def counted(found: list[bool]) -> Rate:
    return rate(sum(found), len(found))


def test_shuffled_golds_teach_nothing_of_tasks() -> None:
    true, wrong = learned_from(Following()), learned_from(Shuffled())
    known = [(row.task, row.answer) for row in rows_of(Following())]
    tasks = Following().tasks("dev", HELD, 0)
    unskilled = {name: passed([answer(one) for one in tasks]) for name, answer in shallow(known).items()}
    assert sum(wrong) <= max(map(sum, unskilled.values())) + CHANCE, counted(wrong)
    assert all(paired(true, other).low > 0.3 for other in (wrong, *unskilled.values())), counted(true)
