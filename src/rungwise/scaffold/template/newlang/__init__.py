"""The contract newlang: a robot on a small grid is led from S to G.

This file only joins the rooms; what happens is said in them. The function at its end is the factory that rungwise finds
by name. Its keyword settings are part of the contract's identity: two settings are two contracts, never compared by
mistake.
"""

from collections.abc import Iterable, Mapping, Sequence

from rungwise.contract import Contract, Grammar, Json, Repair, Sabotage, Task, Verdict
from rungwise.errors import ContractError

from . import judge, language, picture, repair, sabotage, tasks


class NewlangContract:
    """The members that rungwise asks of every contract, each handed to its room."""

    name = tasks.NAME
    version = tasks.VERSION
    tiers = tuple(tasks.TIERS)
    splits = tuple(tasks.SHARE)
    failures: Mapping[str, str] = judge.FAILURES
    gold_floor = 1.0

    def __init__(self, slack: int) -> None:
        self.settings: Mapping[str, Json] = {"slack": slack}
        self._slack = slack

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        return tasks.tasks(split, n, seed, self._slack)

    def gold(self, task: Task) -> str | None:
        return tasks.gold(task)

    def judge(self, task: Task, answer: str) -> Verdict:
        return judge.judge(task, answer)

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:
        return sabotage.sabotage(task, seed)

    def repair(self, answer: str) -> Repair:
        return repair.repair(answer)

    def grammar(self) -> Grammar | None:
        return language.grammar()

    def picture(self, task: Task, answer: str) -> str | None:
        return picture.picture(task, answer)

    # The two below are optional: see OPTIONAL in rungwise.contract for all of them.

    def canonical(self, answer: str) -> str | None:
        return language.canonical(answer)

    def structure(self, task: Task) -> Json:
        return tasks.structure(task)


def newlang(*, slack: int = 1) -> Contract:
    """`slack`: how many lines an answer may have more than the fewest that reach G."""
    if slack < 1:
        raise ContractError(f"slack is {slack}; expected at least 1")
    return NewlangContract(slack)
