"""What every finding looks at: the contract under examination and its tasks; and what a finding is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rungwise.contract import Contract, Json, Task, Verdict

TASK_SECONDS = 60.0  # for making one batch of tasks or a gold answer; judging has the caller's limit
Say = Callable[[Mapping[str, Json]], None]


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    passed: bool
    detail: str
    figures: Mapping[str, Json] = field(default_factory=dict)


@dataclass
class Examinee:
    """The contract under examination, with the tasks that every finding looks at."""

    contract: Contract
    n: int
    seed: int
    limit: float
    say: Say
    tasks: dict[str, Sequence[Task]] = field(default_factory=dict)
    gold: dict[str, str | None] = field(default_factory=dict)
    panel: dict[str, list[Mapping[str, Verdict]]] = field(default_factory=dict)

    def make(self, split: str, n: int, seed: int) -> Sequence[Task]:
        self.say({"doing": f"making {n} tasks of {split} with seed {seed}", "limit": TASK_SECONDS + n})
        return list(self.contract.tasks(split, n, seed))

    def judge(self, task: Task, answer: str, what: str) -> Verdict:
        self.say({"doing": f"judging {what} for task {task.id}", "limit": self.limit})
        return self.contract.judge(task, answer)

    def all(self) -> Iterator[Task]:
        return (task for tasks in self.tasks.values() for task in tasks)

    def golden(self) -> Iterator[tuple[Task, str]]:
        return ((task, gold) for task in self.all() if (gold := self.gold[task.id]) is not None)


Result = tuple[bool, str, dict[str, Json]]


def ruled(faults: Sequence[str], well: str, **figures: Json) -> Result:
    if not faults:
        return True, well, figures
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return False, faults[0] + more, {**figures, "faults": len(faults)}
