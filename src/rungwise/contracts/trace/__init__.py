"""Trace: word problems answered by a computation that a machine runs, routed to experts.

language.py     the syntax tree (tree.py) and its surfaces: compact.py, flow.py; numbers.py, operations.py, spelling.py
machine.py      static check and exact run; dag.py traces as expression graphs; stated.py a question's numbers
judge.py        the verdict; faithful.py whether an answer was computed or written down; classify.py the smallest repair
tasks.py        splits and tiers; shapes.py, story.py graphs of facts, relations.py what facts there are, gold.py their
                trace, oracle.py their answer; words.py, numerals.py, phrases/ words; transforms.py order, distractors
gsm8k.py        real problems compiled (sums.py, assembled.py); real.py tasks of them
sabotage.py     wrong traces with the label each must get (broken.py)
repair.py       the deterministic mend; pick.py the choice among k; lookup.py what a lookup table would write
picture.py      what a person looks at
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rungwise.contract import Contract, Grammar, Json, Repair, Sabotage, Task, Verdict
from rungwise.contracts.trace import language, real, tasks
from rungwise.contracts.trace.grammar import grammar
from rungwise.contracts.trace.judge import FAILURES, POINTER_FAILURES, feedback, judge, public
from rungwise.contracts.trace.lookup import reslot
from rungwise.contracts.trace.pick import pick
from rungwise.contracts.trace.picture import picture
from rungwise.contracts.trace.repair import repair
from rungwise.contracts.trace.sabotage import attempt, sabotage
from rungwise.contracts.trace.wanted import spelled_gold, wanted_of
from rungwise.errors import InputError, nearest

STORIES = "stories"


class Traces:
    name = "trace"
    version = "1"
    tiers = tasks.TIERS
    gold_floor = 1.0

    def __init__(self, surface: str, numbers: str, forms: int, blocks: str, source: str, mix: float) -> None:
        self.surface, self.numbers = surface, numbers
        self.settings: Mapping[str, Json] = {
            "surface": surface, "numbers": numbers, "forms": forms, "blocks": blocks, "source": source, "mix": mix,
        }  # fmt: skip
        self._file = "" if source == STORIES else str(Path(source).resolve())
        self.splits = tasks.SPLITS if source == STORIES else (*tasks.SPLITS, real.SPLIT)
        self.failures = FAILURES if numbers == "literal" else POINTER_FAILURES

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        if split not in self.splits:
            raise InputError(f"no split {split!r}; {nearest(split, self.splits)}", field="split")
        return tasks.tasks(split, n, seed, self.name, self.version, self.settings, self._file)

    def gold(self, task: Task) -> str | None:
        trace = spelled_gold(wanted_of(task), self.numbers)
        return None if trace is None else language.write(trace, self.surface)

    def judge(self, task: Task, answer: str) -> Verdict:
        return judge(task, answer, self.surface, self.numbers)

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:  # noqa: ARG002 - the breaks are the same for every seed
        return sabotage(task, self.surface, self.numbers)

    def repair(self, answer: str) -> Repair:
        return repair(answer, self.surface, self.numbers)

    def grammar(self) -> Grammar | None:
        return grammar(self.surface, self.numbers)

    def picture(self, task: Task, answer: str) -> str | None:
        return picture(task, answer, self.surface, self.numbers)

    # What a contract may also offer.

    def canonical(self, answer: str) -> str | None:
        read = language.parse(answer, self.surface, self.numbers)
        return None if isinstance(read, language.Fault) else language.write(read, self.surface)

    def structure(self, task: Task) -> Json:
        return task.facts["structure"]

    def public(self, task: Task) -> Mapping[str, Json]:
        return public(task)

    def feedback(self, task: Task, answer: str) -> Mapping[str, Json]:
        return feedback(task, answer, self.surface, self.numbers)

    def pick(self, task: Task, answers: Sequence[str]) -> int:
        return pick(task, answers, self.surface, self.numbers)

    def attempt(self, task: Task, seed: int) -> str:
        return attempt(task, seed, self.surface, self.numbers)

    def reslot(self, task: Task, known: Task, gold: str) -> str:
        return reslot(task, known, gold, self.surface, self.numbers)


def trace(
    surface: str = "compact",
    numbers: str = "literal",
    forms: int | str = "all",
    blocks: str = "experts",
    source: str = STORIES,
    mix: float = 1.0,
) -> Contract:
    """`forms` is how many forms of sentence a relation has in training; `blocks` is where the gold of stories is cut:
    where the expert changes, or behind every fact. `source` is "stories", or the path of a file of
    real problems, which then make the share `mix` of training."""
    words = {"surface": language.SURFACES, "numbers": language.NUMBERS, "blocks": tasks.BLOCKS}
    for (field, known), value in zip(words.items(), (surface, numbers, blocks), strict=True):
        if value not in known:
            raise InputError(f"no {field} {value!r}; {nearest(value, known)}", field=field)
    many = tasks.ALL_FORMS if forms == "all" else forms
    if not isinstance(many, int) or not 1 <= many <= tasks.ALL_FORMS:
        raise InputError(f"{forms!r}; expected 'all', or 1 to {tasks.ALL_FORMS}", field="forms")
    if not isinstance(mix, int | float) or not 0 <= mix <= 1:
        raise InputError(f"{mix!r}; expected a share, 0 to 1", field="mix")
    return Traces(surface, numbers, many, blocks, source, float(mix) if source != STORIES else 0.0)
