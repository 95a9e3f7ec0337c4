"""The choice among k answers without the judge: of those that run, the result that most of them come to."""

from collections import Counter
from collections.abc import Sequence

from rungwise.contract import Task
from rungwise.contracts.trace.judge import computed
from rungwise.contracts.trace.numbers import Ratio
from rungwise.contracts.trace.tree import Fault
from rungwise.contracts.trace.wanted import Wanted, wanted_of


def pick(task: Task, answers: Sequence[str], surface: str, numbers: str) -> int:
    """The first answer of the commonest result; the first answer where none runs."""
    wanted = wanted_of(task)
    results = [_result(wanted, answer, surface, numbers) for answer in answers]
    votes = Counter(result for result in results if result is not None)
    return results.index(votes.most_common(1)[0][0]) if votes else 0


def _result(wanted: Wanted, answer: str, surface: str, numbers: str) -> Ratio | None:
    found = computed(wanted, answer, surface, numbers)
    return None if isinstance(found, Fault) else found.result
