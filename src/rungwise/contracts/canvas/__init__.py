"""Canvas: a system drawn as a graph, judged by a simulator under stress. The pattern for every other contract.

language.py     the syntax tree, its two surfaces, the price book
simulator.py    the oracle; tables.py what it runs
judge.py        sub-scores, composite, failure labels, feedback; structure.py what is seen without a run
tasks.py        tiers, splits, problems, gold; words.py their wording; certificate.py the proof that each is solvable
sabotage.py     wrong answers with the label each must get
repair.py       the deterministic mend; pick.py the choice among k
picture.py      what a person looks at; graph.py, layers.py and drawing.py draw it
"""

from collections.abc import Iterable, Mapping, Sequence

from rungwise.contract import Contract, Grammar, Json, Repair, Sabotage, Task, Verdict
from rungwise.contracts.canvas import language, tasks
from rungwise.contracts.canvas.certificate import attempt
from rungwise.contracts.canvas.grammar import grammar
from rungwise.contracts.canvas.judge import FAILURES, feedback, judge, problem_of
from rungwise.contracts.canvas.pick import pick
from rungwise.contracts.canvas.picture import picture
from rungwise.contracts.canvas.repair import repair
from rungwise.contracts.canvas.sabotage import sabotage
from rungwise.errors import InputError, nearest


class Canvas:
    name = "canvas"
    version = "1"
    tiers = tasks.TIERS
    splits = tasks.SPLITS
    failures = FAILURES
    gold_floor = 0.9

    def __init__(self, surface: str) -> None:
        self.surface = surface
        self.settings: Mapping[str, Json] = {"surface": surface}

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        return tasks.tasks(split, n, seed, self.name, self.version, self.surface)

    def gold(self, task: Task) -> str | None:
        return tasks.gold(task, self.surface)

    def judge(self, task: Task, answer: str) -> Verdict:
        return judge(problem_of(task), answer, self.surface)

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:  # noqa: ARG002 - the breaks are the same for every seed
        return sabotage(problem_of(task), self.surface)

    def repair(self, answer: str) -> Repair:
        return repair(answer, self.surface)

    def grammar(self) -> Grammar | None:
        return grammar(self.surface)

    def picture(self, task: Task, answer: str) -> str | None:
        return picture(problem_of(task), answer, self.surface)

    # What a contract may also offer.

    def canonical(self, answer: str) -> str | None:
        read = language.parse(answer, self.surface)
        return None if isinstance(read, language.Fault) else language.write(read.canvas, self.surface)

    def structure(self, task: Task) -> Json:
        return tasks.structure(task.facts)

    def feedback(self, task: Task, answer: str) -> Mapping[str, Json]:
        return feedback(problem_of(task), answer, self.surface)

    def pick(self, task: Task, answers: Sequence[str]) -> int:
        return pick(problem_of(task), answers, self.surface)

    def attempt(self, task: Task, seed: int) -> str:
        return attempt(problem_of(task), seed, self.surface)

    def public(self, task: Task) -> Mapping[str, Json]:
        return tasks.public(task)


def canvas(surface: str = "json") -> Contract:
    if surface not in language.SURFACES:
        raise InputError(f"no surface {surface!r}; {nearest(surface, language.SURFACES)}", field="surface")
    return Canvas(surface)
