"""The probe behind a result, opened for its words and pictures alone: prompts, gold answers, and what is drawn of them.

1. A probe that cannot be opened, or is no longer the one that was measured on, gives nothing; `why` says so.
2. Nothing is measured again. Notes are the judge's, asked once more for the answers that are shown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rungwise.contract import Contract, Task, judge_all
from rungwise.errors import RungwiseError
from rungwise.policy.policy import answer_of
from rungwise.probe.freeze import Probe, open_probe
from rungwise.report.run_files import Run


@dataclass(frozen=True, slots=True)
class Probed:
    tasks: Mapping[str, Task] = field(default_factory=dict)
    golds: Mapping[str, str] = field(default_factory=dict)
    contract: Contract | None = None
    why: str = ""  # there is nothing

    @property
    def failures(self) -> Mapping[str, str]:
        """What mends each label, in the contract's words."""
        return self.contract.failures if self.contract else {}

    def tiers(self) -> tuple[str, ...]:
        return self.contract.tiers if self.contract else ()

    def prompt(self, task: str) -> str:
        return self.tasks[task].prompt if task in self.tasks else ""

    def picture(self, task: str, answer: str) -> str | None:
        """None where the contract draws none of it, or cannot."""
        if self.contract is None or task not in self.tasks:
            return None
        contract, own = self.contract, self.tasks[task]
        return _tried(lambda: contract.picture(own, answer))

    def notes(self, task: str, answer: str) -> tuple[str, ...]:
        if self.contract is None or task not in self.tasks:
            return ()
        contract, own = self.contract, self.tasks[task]
        return _tried(lambda: judge_all(contract, [(own, answer)])[0].notes) or ()


T = TypeVar("T")


def _tried(ask: Callable[[], T]) -> T | None:
    """A picture or a note is worth less than the page: whatever is wrong with one, the page stands without it."""
    try:
        return ask()
    except Exception:
        return None


def probed(run: Run) -> Probed:
    path = run.settings.probe.path if run.settings.probe else ""
    if not path:
        return Probed(why="The run's settings name no probe.")
    try:
        probe = open_probe(Path(path))
    except Exception as error:  # files of it may be anything by now
        told = str(error) if isinstance(error, RungwiseError) else f"{type(error).__name__}: {error}"
        return Probed(why=f"The probe cannot be opened: {told}")
    own = run.result.probe if run.result else None
    if own and (probe.lock.tasks_hash, probe.lock.judge_hash) != (own.tasks, own.judge):
        return Probed(why="The probe in its folder is no longer the one that this run was measured on.")
    return _of(probe)


def _of(probe: Probe) -> Probed:
    return Probed({task.id: task for task in probe.tasks}, probe.golds, probe.contract)


def read_as(run: Run, text: str) -> str:
    """What counts as the answer in what was written."""
    how = run.result.probe.decode.answer if run.result else "all"
    return _tried(lambda: answer_of(text, how)) or ""
