"""The judge of clue: one answer block, read as a whole or not at all, held against the puzzle's one answer.

The score is the share of questions that are right, a pass is all of them; what is paid for less than all is the
reward's to say. Chance is what guessing scores on average, so that a score can be told from it. The lines before the
answer have to be formulas; what they are worth is weighed (lines.py) and never scored: parts and measures tell it.

Where a policy writes clues instead, a solver answers from them: clues that contradict one another or leave several
answers fail, whatever they were.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from statistics import fmean

import msgspec

from rungwise.contract import Json, Task, Verdict
from rungwise.contracts.clue import published
from rungwise.contracts.clue.language import Written, read_answer, read_clues, read_puzzle
from rungwise.contracts.clue.lines import weighed
from rungwise.contracts.clue.names import Names, options
from rungwise.contracts.clue.solver import Refusal, solve
from rungwise.contracts.clue.spelling import Fault
from rungwise.contracts.clue.tasks import PUBLISHED
from rungwise.contracts.clue.tree import Puzzle
from rungwise.errors import InputError

READING: Mapping[str, str] = {
    "empty": "write an answer",
    "too_long": "write fewer lines",
    "no_answer": "end with one answer line",
    "second_answer": "write the answer once",
    "tail": "write nothing behind the answer",
    "wrong_count": "answer every question once, in order",
    "unknown_name": "answer with names of this puzzle",
    "wrong_type": "answer each question with a name of the kind that is asked for",
}
FAILURES: Mapping[str, str] = {
    **READING,
    "illegible": "write every line before the answer in the language of the clues",
    "wrong": "work the answer out from the clues",
}
SHEET_FAILURES = {
    label: FAILURES[label]
    for label in ("empty", "too_long", "no_answer", "second_answer", "unknown_name", "wrong_type", "wrong")
}
CLUE_FAILURES: Mapping[str, str] = {
    "empty": "write the clues",
    "too_long": "write fewer clues",
    "illegible": "write each clue as the language spells it, one a line",
    "twice": "write each clue once",
    "contradictory": "write what the clues say: these contradict one another",
    "several": "write all clues: these leave several answers, or more than could be searched",
    "wrong": "write what the clues say: from these another answer follows",
}
REFUSED = {"contradictory": "contradictory", "several answers": "several", "too large": "several"}
UNREAD = {"legible": 0.0, "sound": 0.0, "progress": 0.0}  # parts of lines, where no answer was found
SHAPE_LINES = 16


def judge(task: Task, answer: str, settings: Mapping[str, Json]) -> Verdict:
    if task.split == PUBLISHED:
        return _sheet(task, answer, settings["grader"])
    puzzle, names = puzzle_of(task, settings["surface"])
    if settings["answer"] == "clues":
        return _clues(task, answer, puzzle, names)
    written = read_answer(answer, puzzle, names, settings["surface"])
    if isinstance(written, Fault):
        return _unread({**_parts(0.0, puzzle), **UNREAD}, written.code, str(written))
    return _answered(task, written, puzzle, names, settings["surface"])


def puzzle_of(task: Task, surface: str) -> tuple[Puzzle, Names]:
    """The puzzle as its text tells it."""
    return _read(task.facts["puzzle"], surface)


@lru_cache(maxsize=4096)
def _read(text: str, surface: str) -> tuple[Puzzle, Names]:
    found = read_puzzle(text, surface)
    if isinstance(found, Fault):
        raise InputError(f"is no puzzle: {found}", field="facts.puzzle")
    return found


def _answered(task: Task, written: Written, puzzle: Puzzle, names: Names, surface: str) -> Verdict:
    right = [mine == theirs for mine, theirs in zip(written.answer, task.facts["answer"], strict=True)]
    found = weighed(puzzle, names, surface, written.lines, task.facts["lines"])
    of, n = found.counts(), len(written.lines)
    legible = n - of["illegible"]
    known = legible - of["unweighed"]
    lines = {
        "legible": legible / n if n else 1.0,
        "sound": 1 - of["false"] / known if known else float(not n),
        "progress": found.progress,
    }
    if legible < n:
        at = found.classes.index("illegible")
        note = f"line {at + 1} says nothing that can be read: {written.lines[at]:.60}"
        return _unread({**_parts(0.0, puzzle), **lines}, "illegible", note, {"lines": n, **of})
    shape = "".join(name[0] for name in found.classes[:SHAPE_LINES])
    return _verdict(right, {**_parts(fmean(right), puzzle), **lines}, {"lines": n, **of}, f"{shape}.")


def _verdict(
    right: Sequence[bool], parts: Mapping[str, float], measures: Mapping[str, float], shape: str | None
) -> Verdict:  # fmt: skip
    wrong = [i + 1 for i, one in enumerate(right) if not one]
    return Verdict(
        score=fmean(right), passed=all(right), failure="wrong" if wrong else None, parts=parts, measures=measures,
        shape=shape, notes=(f"wrong: question {', '.join(map(str, wrong))}",) if wrong else (),
    )  # fmt: skip


def _unread(
    parts: Mapping[str, float], label: str, note: str, measures: Mapping[str, float] | None = None
) -> Verdict:  # fmt: skip
    return Verdict(score=0.0, passed=False, failure=label, parts=parts, measures=measures or {}, notes=(note,))


def _parts(share: float, puzzle: Puzzle) -> dict[str, float]:
    return {"questions": share, "chance": chance(puzzle)}


def chance(puzzle: Puzzle) -> float:
    """What guessing scores on average."""
    return fmean(1 / options(slot.category, puzzle.shape) for slot in puzzle.slots)


# ---- clues for a solver, sheets of published puzzles ----


def _clues(task: Task, answer: str, puzzle: Puzzle, names: Names) -> Verdict:
    clues = read_clues(answer, puzzle.shape, names)
    if isinstance(clues, Fault):
        label = clues.code if clues.code in CLUE_FAILURES else "illegible"
        return _unread(_parts(0.0, puzzle), label, str(clues))
    if len(set(clues)) < len(clues):
        return _unread(_parts(0.0, puzzle), "twice", "a clue stands twice")
    solved = solve(Puzzle(puzzle.shape, clues, puzzle.slots), evidence=False)
    if isinstance(solved, Refusal):
        return _unread(_parts(0.0, puzzle), REFUSED[solved.reason], f"the solver says: {solved.reason}")
    right = [mine == theirs for mine, theirs in zip(solved.answer, task.facts["answer"], strict=True)]
    there = len(set(clues) & set(puzzle.clues)) / len(puzzle.clues)
    measures = {"lines": len(clues), "said": there, "unsaid": len(set(clues) - set(puzzle.clues))}
    return _verdict(right, _parts(fmean(right), puzzle), measures, f"{len(clues)}")


def _sheet(task: Task, answer: str, grader: str) -> Verdict:
    puzzle = published_of(task)
    sheet = published.GRADERS[grader](puzzle, answer)
    guess = fmean(1 / len(puzzle.things[kind]) for kind in puzzle.types.values())
    right = published.right(puzzle, sheet)
    if sheet.fault:
        return _unread({"questions": 0.0, "chance": guess}, sheet.fault, sheet.note)
    return _verdict(right, {"questions": fmean(right), "chance": guess}, {}, None)


def published_of(task: Task) -> published.Published:
    return msgspec.convert({"prompt": task.prompt, **task.facts["sheet"]}, published.Published)


def require_file(file: str) -> None:
    if file and not Path(file).is_file():
        raise InputError("no such file of puzzles", file=Path(file))
