"""Shallow policies: what can be had without understanding the task. A probe that they pass is no measure of skill, and
a model that is not above them on tasks it has not seen has learned none.

1. They know what a policy may know: training tasks with their gold answers, and the prompt of the task at hand. Where
   no training task is known, what is taken from one is empty.
2. They write one answer to a task, whatever is drawn: all of k samples are alike.
3. An answer is put where answers are looked for, in a fenced block or after a marker, unless it stands there already.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rungwise.contract import Json, Task, hash_of
from rungwise.errors import InputError, nearest
from rungwise.policy.policy import Decode, answer_of
from rungwise.policy.writer import Written

SHALLOW: Mapping[str, str] = {  # the strongest of equals is the first
    "nearest": "gold of the nearest training prompt",
    "frequent": "most frequent training gold",
    "smallest": "smallest training gold",
    "echo": "prompt itself",
    "empty": "empty answer",
}

Known = Sequence[tuple[Task, str]]  # training tasks with their gold answers
Shallow = Callable[[Task], str]


def shallow(known: Known) -> Mapping[str, Shallow]:
    """Those of SHALLOW, by name."""
    golds = [gold for _, gold in known]
    frequent = Counter(golds).most_common(1)[0][0] if golds else ""
    smallest = min(golds, key=lambda gold: (len(gold), gold), default="")
    return {
        "nearest": _nearest(known),
        "frequent": lambda _: frequent,
        "smallest": lambda _: smallest,
        "echo": lambda task: task.prompt,
        "empty": lambda _: "",
    }


def _nearest(known: Known) -> Shallow:
    """By the share of words that two prompts have in common (Jaccard's); the first of those that are equally near."""
    words = [_words(task.prompt) for task, _ in known]
    sizes = np.array([len(own) for own in words])
    places: dict[str, list[int]] = defaultdict(list)
    for at, own in enumerate(words):
        for word in own:
            places[word].append(at)
    having = {word: np.array(found) for word, found in places.items()}

    def gold(task: Task) -> str:
        own = _words(task.prompt)
        found = [having[word] for word in own if word in having]
        if not found:
            return known[0][1] if known else ""
        shared = np.bincount(np.concatenate(found), minlength=len(known))
        return known[int((shared / (sizes + len(own) - shared)).argmax())][1]

    return gold


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


# ---- as a policy ----


@dataclass(frozen=True, slots=True)
class ShallowWriter:
    name: str
    known: Known
    origin: Mapping[str, Json] = field(default_factory=dict)  # where the training tasks are from

    def __post_init__(self) -> None:
        if self.name not in SHALLOW:
            raise InputError(f"no shallow policy {self.name!r}; {nearest(self.name, SHALLOW)}", field="--shallow")

    def describe(self) -> dict[str, Json]:
        told = hash_of([[task.id, gold] for task, gold in self.known])
        return {"kind": "shallow", "name": self.name, **self.origin, "tasks": len(self.known), "sha256": told}

    def write(self, tasks: Sequence[Task], k: int, decode: Decode, seed: int) -> Iterator[list[Written]]:
        del seed
        answer = shallow(self.known)[self.name]
        for task in tasks:
            text = _placed(answer(task), decode.answer)
            yield [Written(text=text, ended="stop", tokens=0, logprob=None)] * k


def _placed(text: str, how: str) -> str:
    if not text or answer_of(text, how):
        return text
    return f"```\n{text}\n```" if how == "fenced" else f"{how.removeprefix('after:')}{text}"
