"""The choice among k answers without the judge: the answer that most of them give."""

from collections import Counter
from collections.abc import Sequence

from rungwise.contract import Task
from rungwise.contracts.clue.judge import puzzle_of
from rungwise.contracts.clue.language import Written, read_answer
from rungwise.contracts.clue.tree import Answer


def pick(task: Task, answers: Sequence[str], surface: str) -> int:
    """The first of the commonest; the first of all where none can be read."""
    puzzle, names = puzzle_of(task, surface)
    told: list[Answer | None] = []
    for answer in answers:
        written = read_answer(answer, puzzle, names, surface)
        told.append(written.answer if isinstance(written, Written) else None)
    votes = Counter(one for one in told if one is not None)
    return told.index(votes.most_common(1)[0][0]) if votes else 0
