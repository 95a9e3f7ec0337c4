"""What a policy writes: lines of what follows from the clues, then its answer. Or, where a solver answers, the clues.

    compact   a~k                          English   Doctor Amsel did not have the poker.
              answer a l B                           answer: Doctor Amsel; sickle; bakery

The answer is the last line, the only one of its kind, with one name for each question, each of the category that is
asked for. Nothing is searched for, folded or stripped, but for one line end behind it. The lines before it are not read
here: whether they say anything, and anything that is true, is measured elsewhere (`read_line`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rungwise.contracts.clue import compact, english, literals, sentences
from rungwise.contracts.clue.grammar import grammar
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.spelling import MAX_CLUES, SURFACES, Fault
from rungwise.contracts.clue.tree import Answer, Element, Formula, Puzzle, Shape, Slot

__all__ = [
    "ANSWER_CODES", "SURFACES", "Fault", "Written", "grammar", "read_answer", "read_clues", "read_formula", "read_line",
    "read_puzzle", "write_answer", "write_clues", "write_formula", "write_puzzle",
]  # fmt: skip

ANSWER_CODES = (
    "empty", "too_long", "no_answer", "second_answer", "tail", "wrong_count", "unknown_name", "wrong_type",
)  # fmt: skip
# The longest puzzles have a hundred clues and some hundred facts in the way of their answers.
MAX_ANSWER_CHARS, MAX_LINES = 16 * 1024, 256
HEAD = {"compact": "answer", "english": "answer:"}
BETWEEN = {"compact": " ", "english": "; "}


@dataclass(frozen=True, slots=True)
class Written:
    """`lines` as they were written."""

    lines: tuple[str, ...]
    answer: Answer


def read_answer(text: str, puzzle: Puzzle, names: Names, surface: str = "compact") -> Written | Fault:
    lines = _lines(text, MAX_LINES)
    if isinstance(lines, Fault):
        return lines
    head = HEAD[surface]
    found = [at for at, line in enumerate(lines) if line == head or line.startswith(f"{head} ")]
    expected = (write_answer((), (0,) * len(puzzle.slots), puzzle, names, surface),)
    if not found:
        return Fault("no_answer", len(lines), 1, lines[-1], expected)
    if len(found) > 1:
        return Fault("second_answer", found[1] + 1, 1, lines[found[1]], ("one answer",))
    if found[0] + 1 < len(lines):
        return Fault("tail", found[0] + 2, 1, lines[found[0] + 1], ("nothing behind the answer",))
    answer = _answer(lines[-1], puzzle.slots, names, surface, expected)
    return answer.moved(found[0]) if isinstance(answer, Fault) else Written(tuple(lines[:-1]), answer)


def _lines(text: str, most: int) -> list[str] | Fault:
    if len(text) > MAX_ANSWER_CHARS:
        return Fault("too_long", 1, 1, f"{len(text)} characters", (f"at most {MAX_ANSWER_CHARS}",))
    if not text.strip():
        return Fault("empty", 1, 1, text, ("an answer",))
    lines = text.removesuffix("\n").split("\n")
    return Fault("too_long", most + 1, 1, lines[most], (f"at most {most} lines",)) if len(lines) > most else lines


def _answer(line: str, slots: Sequence[Slot], names: Names, surface: str, expected: tuple[str, ...]) -> Answer | Fault:
    words = line[len(HEAD[surface]) + 1 :].split(BETWEEN[surface])
    if words == [""] or len(words) != len(slots):
        return Fault("wrong_count", 1, len(HEAD[surface]) + 1, line, expected)
    known = names.elements if surface == "compact" else names.worded
    answer: list[int] = []
    column = len(HEAD[surface]) + 2
    for word, slot in zip(words, slots, strict=True):
        element = known.get(word)
        if element is None or element.category is not slot.category:
            code = "wrong_type" if element else "unknown_name"
            return Fault(code, 1, column, word, tuple(one for one in known if known[one].category is slot.category))
        answer.append(element.number)
        column += len(word) + len(BETWEEN[surface])
    return tuple(answer)


def write_answer(lines: Sequence[str], answer: Answer, puzzle: Puzzle, names: Names, surface: str = "compact") -> str:
    known = names.letters if surface == "compact" else names.words
    told = [known[Element(slot.category, number)] for slot, number in zip(puzzle.slots, answer, strict=True)]
    return "\n".join([*lines, f"{HEAD[surface]} {BETWEEN[surface].join(told)}"])


# ---- formulas and puzzles ----


def read_line(text: str, shape: Shape, names: Names, surface: str = "compact") -> Formula | None:
    found = read_formula(text, shape, names, surface)
    return None if isinstance(found, Fault) else found


def read_clues(text: str, shape: Shape, names: Names, surface: str = "compact") -> tuple[Formula, ...] | Fault:
    """One formula a line, and nothing else."""
    lines = _lines(text, MAX_CLUES)
    if isinstance(lines, Fault):
        return lines
    clues: list[Formula] = []
    for at, line in enumerate(lines):
        clue = read_formula(line, shape, names, surface)
        if isinstance(clue, Fault):
            return clue.moved(at)
        clues.append(clue)
    return tuple(clues)


def write_clues(clues: Sequence[Formula], names: Names, surface: str = "compact") -> str:
    return "\n".join(write_formula(clue, names, surface) for clue in clues)


def read_formula(text: str, shape: Shape, names: Names, surface: str = "compact") -> Formula | Fault:
    if surface == "compact":
        return literals.read_formula(text, shape, names)
    return sentences.read_formula(text, shape, names)


def write_formula(formula: Formula, names: Names, surface: str = "compact") -> str:
    return literals.write_formula(formula, names) if surface == "compact" else sentences.write_formula(formula, names)


def read_puzzle(text: str, surface: str = "compact") -> tuple[Puzzle, Names] | Fault:
    return compact.read_puzzle(text) if surface == "compact" else english.read_puzzle(text)


def write_puzzle(puzzle: Puzzle, names: Names, surface: str = "compact") -> str:
    return compact.write_puzzle(puzzle, names) if surface == "compact" else english.write_puzzle(puzzle, names)
