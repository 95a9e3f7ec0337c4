"""Shallow policies: what can be had without understanding the task. A probe that they pass is no measure of skill, and
a model that is not above them on tasks it has not seen has learned none.

1. They know what a policy may know: training tasks with their gold answers, and the prompt of the task at hand. Where
   no training task is known, what is taken from one is empty.
2. They write one answer to a task, whatever is drawn: all of k samples are alike.
3. Where a contract says how a known answer is fitted to another task (`reslot`), nearest and frequent golds are fitted.
4. A contract may have shallow policies of its own (`shallow`), which read no more than the prompt.
5. An answer is put where answers are looked for, in a fenced block or after a marker, unless it stands there already.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rungwise.contract import Contract, Json, Task, hash_of
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
Reslot = Callable[[Task, Task, str], str]  # the task, the known task, its gold


def shallow(known: Known, reslot: Reslot | None = None) -> Mapping[str, Shallow]:
    """Those of SHALLOW, by name."""
    golds = [gold for _, gold in known]
    smallest = min(golds, key=lambda gold: (len(gold), gold), default="")
    return {
        "nearest": _nearest(known, reslot),
        "frequent": _frequent(known, reslot),
        "smallest": lambda _: smallest,
        "echo": lambda task: task.prompt,
        "empty": lambda _: "",
    }


def panel(contract: Contract, known: Known) -> Mapping[str, Shallow]:
    """Those of SHALLOW and the contract's own."""
    return {**shallow(known, getattr(contract, "reslot", None)), **own(contract)}


def own(contract: Contract) -> Mapping[str, Shallow]:
    return getattr(contract, "shallow", {})


def names(contract: Contract) -> tuple[str, ...]:
    return (*SHALLOW, *own(contract))


def says(name: str) -> str:
    """What a policy is, in words."""
    return SHALLOW.get(name, name.replace("_", " "))


def _frequent(known: Known, reslot: Reslot | None) -> Shallow:
    """Golds that come to the same once they are fitted to one task count as one."""
    if not known:
        return lambda _: ""
    longest = max(known, key=lambda pair: len(pair[0].prompt))[0]
    fitted = [reslot(longest, *pair) if reslot else pair[1] for pair in known]
    told, gold = known[fitted.index(Counter(fitted).most_common(1)[0][0])]
    return lambda task: reslot(task, told, gold) if reslot else gold


def _nearest(known: Known, reslot: Reslot | None) -> Shallow:
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
        shared = np.bincount(np.concatenate(found), minlength=len(known)) if found else np.zeros(len(known))
        if not known:
            return ""
        near, answer = known[int((shared / (sizes + len(own) - shared).clip(1)).argmax())]
        return reslot(task, near, answer) if reslot else answer

    return gold


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


# ---- as a policy ----


@dataclass(frozen=True, slots=True)
class ShallowWriter:
    name: str
    contract: Contract
    known: Known
    origin: Mapping[str, Json] = field(default_factory=dict)  # where the training tasks are from

    def __post_init__(self) -> None:
        known = names(self.contract)
        if self.name not in known:
            raise InputError(f"no shallow policy {self.name!r}; {nearest(self.name, known)}", field="--shallow")

    def describe(self) -> dict[str, Json]:
        told = hash_of([[task.id, gold] for task, gold in self.known])
        return {"kind": "shallow", "name": self.name, **self.origin, "tasks": len(self.known), "sha256": told}

    def write(self, tasks: Sequence[Task], k: int, decode: Decode, seed: int) -> Iterator[list[Written]]:
        del seed
        answer = panel(self.contract, self.known)[self.name]
        for task in tasks:
            text = _placed(answer(task), decode.answer)
            yield [Written(text=text, ended="stop", tokens=0, logprob=None)] * k


def _placed(text: str, how: str) -> str:
    if not text or answer_of(text, how):
        return text
    return f"```\n{text}\n```" if how == "fenced" else f"{how.removeprefix('after:')}{text}"
