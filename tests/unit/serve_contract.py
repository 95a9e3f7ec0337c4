"""A contract that fits in a test: say the task's word. Some answers tell its judge to misbehave."""

import contextlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rungwise.contract import Grammar, Json, Repair, Sabotage, Task, Verdict, task_id
from rungwise.errors import JudgeUnavailable


def _spin(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def _mark(path: str) -> None:
    """Says that the judging has begun, so that a test need not guess; then takes its time over it."""
    with open(path, "w") as file:  # noqa: PTH123
        file.write(str(os.getpid()))
    time.sleep(0.6)


def _unavailable() -> None:
    raise JudgeUnavailable("the machine is on fire")


DEEDS: Mapping[str, Callable[[], object]] = {
    "hang": lambda: time.sleep(600),
    "die": lambda: os._exit(3),
    "unavailable": _unavailable,
    "raise": lambda: {}["no such key"],
    "exit": lambda: sys.exit(1),
    "spin": lambda: _spin(0.0002),
}


class Scalar(float):
    """As numpy's: a number to Python, nothing to an encoder, with an `item` that is both."""

    def item(self) -> float:
        return 0.25


ODD: Mapping[str, Verdict] = {
    "nan": Verdict(score=float("nan"), passed=False, failure="wrong"),
    "nan part": Verdict(score=0.5, passed=False, failure="wrong", parts={"word": float("nan")}),
    "read-only": Verdict(score=0.5, passed=False, failure="wrong", parts=MappingProxyType({"word": Scalar()})),
}


@dataclass(frozen=True, kw_only=True)
class Words:
    settings: Mapping[str, Json] = field(default_factory=dict)
    name: str = "words"
    version: str = "1"
    tiers: tuple[str, ...] = ("short", "long")
    splits: tuple[str, ...] = ("train", "test")
    failures: Mapping[str, str] = field(default_factory=lambda: {"wrong": "say the word"})
    gold_floor: float = 1.0

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        return [self._task(split, f"word{seed}-{i}") for i in range(n)]

    def _task(self, split: str, word: str) -> Task:
        return Task(
            id=task_id(self.name, self.version, word=word),
            contract=self.name,
            split=split,
            tier="short",
            family="plain",
            prompt=f"Say {word}.",
            facts={"word": word, "ballast": ["fact"] * 300},
        )

    def gold(self, task: Task) -> str:
        return str(task.facts["word"])

    def judge(self, task: Task, answer: str) -> Verdict:
        DEEDS.get(answer, lambda: None)()
        if answer.startswith("mark:"):
            _mark(answer.removeprefix("mark:"))
        if answer in ODD:
            return ODD[answer]
        said = answer
        with contextlib.suppress(ValueError, TypeError, KeyError):
            said = json.loads(answer)["say"]
        passed = said == task.facts["word"]
        score = 1.0 if passed else 0.425
        return Verdict(
            score=score,
            passed=passed,
            failure=None if passed else "wrong",
            parts={"word": score, "brevity": 1 / 3},
            notes=() if passed else (f"you said {answer[:200]}",),
        )

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:
        return [Sabotage(answer="", label="wrong", why=f"silence {task.id} {seed}")]

    def repair(self, answer: str) -> Repair:
        return Repair(answer=answer.strip())

    def grammar(self) -> Grammar | None:
        return None

    def picture(self, task: Task, answer: str) -> str | None:  # noqa: ARG002
        return None

    def public(self, task: Task) -> Mapping[str, Json]:
        title = f"The word of {task.family} people"
        return {"title": title, "constraints": {"maxLetters": 20}, "prompt": "never this one"}


class Telling(Words):
    def feedback(self, task: Task, answer: str) -> Mapping[str, Json]:
        return {"v1Passed": self.judge(task, answer).passed, "observations": ["listen"]}


def words(**settings: Json) -> Words:
    return Words(settings=settings)


def telling(**settings: Json) -> Telling:
    return Telling(settings=settings)


def homebound(**settings: Json) -> Words:
    """Loads where it was started, and in no worker."""
    if multiprocessing.parent_process() is not None:
        raise RuntimeError("not from home")
    return Words(settings=settings)
