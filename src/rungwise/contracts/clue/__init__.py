"""Clue: deduction puzzles with one answer, judged against a solver that knows it.

tree.py         shapes, formulas, questions; names.py letters and words; tiers.py what puzzles of a tier are like
language.py     what a policy writes; the surfaces compact.py (literals.py) and english.py (sentences.py, phrases.py)
solver.py       one answer, minimal, entailed, contradictory: space.py by listed worlds, beyond them search.py
                (candidates.py) and paths.py (clauses.py, sat.py, encoding.py, moments.py)
grid.py         the way to an answer, in lines: steps.py; of a night deduction.py, reasoning.py
tasks.py        splits; asking.py what a policy is told; crime.py, night.py (telling.py, hints.py) draw puzzles;
                isomorphism.py what is the same puzzle
judge.py        the verdict; lines.py what the lines before an answer are worth
published.py    the published puzzles and their graders
sabotage.py     wrong answers with the label each must get
repair.py       the deterministic mend; pick.py the choice among k; shallow.py what can be had without skill
picture.py      what a person looks at
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rungwise.contract import Contract, Grammar, Json, Repair, Sabotage, Task, Verdict
from rungwise.contracts.clue import judge as judging
from rungwise.contracts.clue import language, published, sabotage, tasks
from rungwise.contracts.clue.judge import judge, published_of, puzzle_of, require_file
from rungwise.contracts.clue.pick import pick
from rungwise.contracts.clue.picture import picture
from rungwise.contracts.clue.repair import repair, repair_sheet
from rungwise.contracts.clue.shallow import policies, reslot
from rungwise.errors import InputError, nearest

ANSWERS = ("trace", "proof", "direct", "clues")
NAMES = ("fixed", "drawn")
UNIQUE = ("answer", "state")


class Clues:
    name = "clue"
    version = "1"
    gold_floor = 1.0

    def __init__(self, settings: Mapping[str, Json]) -> None:
        self.settings = settings
        self._file = str(Path(settings["source"]).resolve()) if settings["source"] else ""
        self._surface: str = settings["surface"]
        self._clues = settings["answer"] == "clues"
        self.cased = self._surface == "compact" and not self._file  # a is a suspect, A a room
        self.tiers = (tasks.PUBLISHED_TIER,) if self._file else tuple(tasks.tiers_of(settings))
        self.splits = (tasks.PUBLISHED,) if self._file else tasks.splits_of(settings)
        self.shallow = {} if self._file or self._clues else policies(settings)
        self.failures = (
            judging.SHEET_FAILURES if self._file else judging.CLUE_FAILURES if self._clues else judging.FAILURES
        )

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        if split not in self.splits:
            raise InputError(f"no split {split!r}; {nearest(split, self.splits)}", field="split")
        return tasks.tasks(split, n, seed, self.name, self.version, self.settings, self._file)

    def gold(self, task: Task) -> str | None:
        if self._file:
            return published.write(published_of(task))
        puzzle, names = puzzle_of(task, self._surface)
        if self._clues:
            return language.write_clues(puzzle.clues, names)
        lines = task.facts["lines"] if self.settings["answer"] in ("trace", "proof") else ()
        return language.write_answer(lines, tuple(task.facts["answer"]), puzzle, names, self._surface)

    def judge(self, task: Task, answer: str) -> Verdict:
        return judge(task, answer, self.settings)

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:  # noqa: ARG002 - the same for every seed
        return sabotage.sabotage(task, self.settings)

    def repair(self, answer: str) -> Repair:
        return repair_sheet(answer) if self._file else repair(answer, self._surface, clues=self._clues)

    def grammar(self) -> Grammar | None:
        if self._file:
            return None
        surface = "compact" if self._clues else self._surface
        return language.grammar(surface, tasks.kinds_of(self.settings), clues=self._clues)

    def picture(self, task: Task, answer: str) -> str | None:
        return picture(task, answer, self.settings)

    # What a contract may also offer.

    def structure(self, task: Task) -> Json:
        return task.facts["structure"]

    def public(self, task: Task) -> Mapping[str, Json]:
        return {"difficulty": task.facts["difficulty"]}

    def attempt(self, task: Task, seed: int) -> str:
        return sabotage.attempt(task, seed, self.settings)

    def pick(self, task: Task, answers: Sequence[str]) -> int:
        return 0 if self._file or self._clues else pick(task, answers, self._surface)

    def reslot(self, task: Task, known: Task, gold: str) -> str:
        return gold if self._file or self._clues else reslot(task, known, gold, self.settings)


def clue(
    tiers: str = "C0-C6", surface: str = "compact", answer: str = "trace", names: str = "fixed",
    unique: str = "answer", shape: str = "", kinds: str = "", redundant: int = 0, most_clues: int = 256,
    source: str = "", grader: str = "fixed",
) -> Contract:  # fmt: skip
    """`tiers`: as "C1,C3" or "C0-C4". `answer`: lines of reasoning and an answer; a proof, whose lines stand behind
    what they follow from; the answer alone; or the clues, from which a solver answers. `names`: the first of each
    kind, or redrawn for each puzzle. `shape`, with `kinds` and `redundant`: puzzles of one's own instead of tiers.
    `source`: a file of published puzzles, and its `grader`."""
    for field, value, known in (
        ("surface", surface, language.SURFACES), ("answer", answer, ANSWERS), ("names", names, NAMES),
        ("unique", unique, UNIQUE), ("grader", grader, tuple(published.GRADERS)),
    ):  # fmt: skip
        if value not in known:
            raise InputError(f"no {field} {value!r}; {nearest(value, known)}", field=field)
    if (kinds or redundant) and not shape:
        raise InputError("given without shape; tiers have their own", field="kinds" if kinds else "redundant")
    if answer == "clues" and surface == "compact":
        raise InputError("'compact': there the clues stand in the prompt; expected english with clues", field="surface")
    require_file(source)
    settings = {
        "tiers": tasks.require_tiers(tiers), "surface": surface, "answer": answer, "names": names, "unique": unique,
        "shape": shape, "kinds": kinds, "redundant": redundant, "most_clues": most_clues, "source": source,
        "grader": grader,
    }  # fmt: skip
    if answer == "proof" and (source or "moments" in tasks.kinds_of(settings)):
        raise InputError(
            "'proof': only crimes and houses have one; expected it with tiers of C0-C4, Z1-Z3", field="answer"
        )
    return Clues(settings)
