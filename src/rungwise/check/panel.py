"""A panel of shallow answers: what can be had without understanding the task.

A probe that these pass is no measure of skill. They see what a policy may see: training tasks with their gold answers,
and the prompt of the task at hand.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from rungwise.contract import Task

Pool = Sequence[tuple[Task, str]]
PANEL = ("most frequent gold", "nearest prompt's gold", "prompt echo", "smallest gold")


def panel(pool: Pool, task: Task) -> Mapping[str, str]:
    """Name -> answer to the task."""
    return {
        PANEL[0]: Counter(gold for _, gold in pool).most_common(1)[0][0],
        PANEL[1]: nearest_gold(pool, task),
        PANEL[2]: task.prompt,
        PANEL[3]: min((gold for _, gold in pool), key=lambda gold: (len(gold), gold)),
    }


def nearest_gold(pool: Pool, task: Task) -> str:
    """The gold answer of the training prompt that shares most words with this one."""
    words = _words(task.prompt)
    return max(pool, key=lambda entry: _overlap(words, _words(entry[0].prompt)))[1]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / max(1, len(a | b))
