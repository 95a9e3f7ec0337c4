"""Answers with one defect each, for the tests of failure classes and of symptoms: real texts, judged.

The contract is the one that `rungwise new` writes; its gold answers are right, so that rows made of them are clean, and
any share of them can be corrupted in one way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from rungwise.contract import Contract, Task, Verdict, load_contract
from rungwise.probe.diagnosis import Symptom
from rungwise.probe.failures import Training
from rungwise.probe.measure import outcome
from rungwise.probe.result import Outcome, Row
from rungwise.scaffold import create
from rungwise.seeds import stream

N = 120
TRAINED = Training(steps=800, epochs=3.0, loss_first=2.0, loss_last=0.3, loss_slope=-0.03, junk_targets=0)


# ---- texts, judged ----


@dataclass(frozen=True)
class Answer:
    text: str
    ended: str = "stop"


@dataclass(frozen=True)
class Bench:
    """A contract with tasks and their gold answers; what was judged is kept."""

    contract: Contract
    tasks: Sequence[Task]
    kept: dict[tuple[str, Answer], Outcome] = field(default_factory=dict)

    def gold(self, task: Task) -> str:
        answer = self.contract.gold(task)
        assert answer is not None
        return answer

    def judged(self, task: Task, answer: Answer) -> Outcome:
        if (task.id, answer) not in self.kept:
            self.kept[task.id, answer] = self.measured(task, answer, self.gold(task))
        return self.kept[task.id, answer]

    def measured(self, task: Task, answer: Answer, gold: str) -> Outcome:
        return outcome(self.contract, task, answer.text, answer.ended, len(answer.text), gold)

    def row(self, task: Task, answer: Answer, samples: Sequence[str] = (), seen: bool | None = None) -> Row:
        mended = self.contract.repair(answer.text)
        return Row(
            task=task.id, split=task.split, tier=task.tier, family=task.family, seen=seen,
            greedy=self.judged(task, answer), repaired=self.judged(task, replace(answer, text=mended.answer)),
            edits=len(mended.edits), samples=tuple(self.judged(task, Answer(text)) for text in samples), picked=None,
        )  # fmt: skip

    def right(self) -> list[Row]:
        return [self.row(task, Answer(self.gold(task))) for task in self.tasks]

    def corrupted(self, defect: "Defect", share: float = 0.3, seed: int = 0) -> list[Row]:
        draw = stream(seed, "corrupted", defect.__name__)
        chosen = set(draw.sample(range(len(self.tasks)), round(share * len(self.tasks))))
        return [
            self.row(task, defect(self, task, draw) if i in chosen else Answer(self.gold(task)))
            for i, task in enumerate(self.tasks)
        ]


Defect = Callable[[Bench, Task, Random], Answer]


def made(folder: Path) -> Bench:
    create("maze_lang", folder)
    contract = load_contract(f"{folder / 'maze_lang' / 'maze_lang' / '__init__.py'}:maze_lang")
    return Bench(watchful(contract), contract.tasks("train", N, seed=0))


def watchful(contract: Contract) -> Contract:
    """The same contract, whose judge has a name for wandering to and fro until the lines run out."""
    made: type[Any] = type(contract)

    def judge(self: Any, task: Task, answer: str) -> Verdict:
        verdict: Verdict = made.judge(self, task, answer)
        wandered = "left 1\nright 1\nleft 1" in answer
        return replace(verdict, exploit="wandering") if wandered and not verdict.passed else verdict

    watchful: Contract = type("Watchful", (made,), {"judge": judge})(1)
    return watchful


# ---- the defects ----


def cut_off(bench: Bench, task: Task, draw: Random) -> Answer:
    gold = bench.gold(task)
    return Answer(gold[: draw.randrange(1, len(gold))], "length")


def no_room(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("", "length")


def control_text(bench: Bench, task: Task, draw: Random) -> Answer:
    gold = bench.gold(task)
    at = draw.randrange(len(gold) + 1)
    return Answer(f"{gold[:at]}<|im_end|>{gold[at:]}", draw.choice(["stop", "length"]))


def spill(bench: Bench, task: Task, draw: Random) -> Answer:
    more = draw.choice(["The robot is on G now.", "", "```", "Now another one:\nright 1"])
    return Answer(f"{bench.gold(task)}\n{more}", draw.choice(["stop", "length"]))


def salad(_bench: Bench, _task: Task, draw: Random) -> Answer:
    return Answer(" ".join(draw.choice(["right", "up", "3", "of"]) for _ in range(12)), "degenerate")


def nothing(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("")


def piece(bench: Bench, task: Task, draw: Random) -> Answer:
    gold = bench.gold(task)
    return Answer(gold[draw.randrange(1, 4) :])


def talk(bench: Bench, task: Task, draw: Random) -> Answer:
    return Answer(draw.choice(["Answer: ", "Sure! Here it is:\n", "- ", "\n"]) + bench.gold(task))


def stop_early(bench: Bench, task: Task, draw: Random) -> Answer:
    return Answer(cut_off(bench, task, draw).text)


def broken(bench: Bench, task: Task, draw: Random) -> Answer:
    lines = bench.gold(task).split("\n")
    at = draw.randrange(len(lines))
    lines[at] = draw.choice([lines[at].replace(" ", "  "), f"{lines[at]};", f"{lines[at]}0"])
    return Answer("\n".join([*lines, "up 1"]))


def wrong(bench: Bench, task: Task, draw: Random) -> Answer:
    """Readable and wrong, in many shapes; not gold cut short, which is another defect."""
    labels, gold = ("wall", "off_grid", "not_there"), bench.gold(task)
    answers = [one.answer for one in bench.contract.sabotage(task, 0) if one.label in labels]
    return Answer(draw.choice([answer for answer in answers if not gold.startswith(answer)]))


def always_up(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("up 9")


def wander(_bench: Bench, _task: Task, _draw: Random) -> Answer:
    return Answer("left 1\nright 1\nleft 1")


def of_families(bench: Bench, seed: int) -> list[Row]:
    """About 30% of the tasks answered wrongly, all of them in some families."""
    draw, weak, n = stream(seed, "weak"), set[str](), 0
    families = sorted({task.family for task in bench.tasks})
    for family in draw.sample(families, len(families)):
        size = sum(task.family == family for task in bench.tasks)
        if n + size <= 0.35 * N:
            weak.add(family)
            n += size
    return [
        bench.row(task, wrong(bench, task, draw) if task.family in weak else Answer(bench.gold(task)))
        for task in bench.tasks
    ]


def named(found: Sequence[Symptom]) -> dict[str, str]:
    return {one.name: one.severity for one in found}
