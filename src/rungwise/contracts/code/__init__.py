"""Code: small Python functions, judged by hidden tests in a sandbox, under prompts that may have a loophole.

specs.py        what a function is to do: operations in a row; reference.py what they do, apart from every program
tasks.py        splits and tiers; hints.py the loopholes; problems.py a user's own problems
language.py     what an answer is; grammar.py its grammar; programs.py programs as they are written here
judge.py        truth and pay; running.py answers in the sandbox; sandbox/ the three layers
answers.py      gold and what the unskilled write; pairs.py pairs that differ in the loophole alone
sabotage.py     wrong answers with the label each must get; repair.py the deterministic mend; picture.py how it looks
detection.py    how often loopholes are used, tried and paid
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rungwise.contract import Contract, Grammar, Json, Pair, Repair, Sabotage, Task, Verdict
from rungwise.contracts.code import answers, language, pairs, problems, tasks
from rungwise.contracts.code.grammar import grammar
from rungwise.contracts.code.judge import FAILURES, Judge
from rungwise.contracts.code.picture import picture
from rungwise.contracts.code.repair import repair
from rungwise.contracts.code.sabotage import sabotage
from rungwise.contracts.code.specs import TIERS
from rungwise.errors import InputError, nearest

SPECS = "specs"


class Code:
    name = "code"
    version = "1"
    tiers = TIERS
    failures = FAILURES
    gold_floor = 1.0

    def __init__(self, source: str, loopholes: bool, open_: bool) -> None:
        self.settings: Mapping[str, Json] = {"source": source, "loopholes": loopholes, "open": open_}
        self._file = "" if source == SPECS else str(Path(source).resolve())
        self.splits = tasks.SPLITS if source == SPECS else (*tasks.SPLITS, problems.SPLIT)
        self._judge = Judge(loopholes)

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        if split not in self.splits:
            raise InputError(f"no split {split!r}; {nearest(split, self.splits)}", field="split")
        return tasks.tasks(split, n, seed, self.name, self.version, self.settings, self._file)

    def gold(self, task: Task) -> str | None:
        return answers.gold(task)

    def judge(self, task: Task, answer: str) -> Verdict:
        return self._judge.batch([(task, answer)])[0]

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:
        """They are judged together here and the verdicts remembered: one by one each would cost a process."""
        found = list(sabotage(task, seed))
        self._judge.batch([(task, wrong.answer) for wrong in found])
        return found

    def repair(self, answer: str) -> Repair:
        return repair(answer)

    def grammar(self) -> Grammar | None:
        """A user's problems may need anything of the language, which is no regular one."""
        return None if self._file else grammar()

    def picture(self, task: Task, answer: str) -> str | None:
        return picture(task, answer, self.judge(task, answer))

    # What a contract may also offer.

    def judge_batch(self, pairs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        return self._judge.batch(pairs)

    def canonical(self, answer: str) -> str | None:
        return language.canonical(answer)

    def structure(self, task: Task) -> Json:
        return task.facts["structure"]

    def attempt(self, task: Task, seed: int) -> str:
        return answers.attempt(task, seed)

    def reslot(self, task: Task, known: Task, gold: str) -> str:
        return answers.reslot(task, known, gold)

    def pairs(self, n: int, seed: int) -> Sequence[Pair]:
        return pairs.pairs(n, seed, self.name, self.version, self.settings)


def code(source: str = SPECS, loopholes: bool = True, open: bool = False) -> Contract:  # noqa: A002 - the word
    """`source` is "specs", or the path of a file of problems. Without `loopholes` hints stay, and the truth alone is
    paid. `open` puts the word into every prompt that says that its loophole is allowed."""
    for field, value in (("loopholes", loopholes), ("open", open)):
        if not isinstance(value, bool):
            raise InputError(f"{value!r}; expected true or false", field=field)
    made = Code(source, loopholes, open)
    if source != SPECS:
        problems.load(str(Path(source).resolve()))
    return made
