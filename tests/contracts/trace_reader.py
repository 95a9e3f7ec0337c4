"""The inverse of the words: a problem's text read back to its facts, by the forms and the names of measures alone.

That it comes back to the same graph is the proof that prompts determine their answers.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from string import Formatter
from typing import NamedTuple

from rungwise.contracts.trace.phrases import FORMS
from rungwise.contracts.trace.phrases.questions import ASKS, BOXES, CONTEXTS
from rungwise.contracts.trace.relations import MEASURES, PHRASED, RELATIONS, SMALLER
from rungwise.contracts.trace.stated import stated
from rungwise.contracts.trace.words import PRONOUN

NAME = r"[A-Z][a-z]+"
NOUN = "|".join(sorted({one.noun for one in MEASURES.values()}, key=len, reverse=True))
VERB = "|".join(sorted({verb for one in MEASURES.values() for verb in (one.has, one.have)}, key=len, reverse=True))
MARK = r"<([fp]?)(?P<{0}>[0-9]+)>"
PLAIN = r"(?:\$|a )?<(?P<n{0}>[0-9]+)>"
TIME = r"(?:<(?P<n1>[0-9]+)> hours|a <(?P<n2>[0-9]+)> hours|as many hours as (?P<base>NAME) (?:VERB))"
SLOTS: Mapping[str, str] = {
    **{slot: f"(?P<{slot}>{NAME})" for slot in ("new", "base", "other", "owner")}, "whom": f"(?P<owner>{NAME})",
    "noun": f"(?P<noun>{NOUN})", "bnoun": f"(?P<bnoun>{NOUN})", "now": "(?: now)?", "box": "|".join(BOXES),
    **dict.fromkeys(("has", "have", "bhas"), f"(?:{VERB})"),
    "what": f"the (?P<bnoun>{NOUN}) (?P<base>{NAME}) (?:{VERB})",
    "what2": f"the (?:{NOUN}) (?P<other>{NAME}) (?:{VERB})",
    **{slot: f"{PLAIN.format(0)}(?: (?:{NOUN}))?" for slot in ("q", "rate", "speed", "price")},
    "size": f"{PLAIN.format(1)} (?:{NOUN})", "hours": f"{PLAIN.format(0)} hours", "k": PLAIN.format(0),
    "x": f"{PLAIN.format(0)}(?: times)?", "share": "(?:a )?<f(?P<n0>[0-9]+)>",
    "pct": "<p(?P<n0>[0-9]+)>(?:%| percent)", "qmore": f"{PLAIN.format(0)} more(?: (?:{NOUN}))?",
    "qless": f"{PLAIN.format(0)} (?:less|fewer)(?: (?:{NOUN}))?",
    "time": TIME.replace("NAME", NAME).replace("VERB", VERB), "ask": "(?P<ask>.+)",
}  # fmt: skip


class Read(NamedTuple):
    phrase: str
    slots: Mapping[str, str]


Tree = list[object]  # relation, the trees that it takes, its numbers


def read_back(question: str) -> Tree:
    """What is asked, as a tree of facts down to the numbers that are given."""
    read = _read(_sentences(question))
    return _Story([one for one in read if one.phrase != "ask"], question).asked(read[-1])


def spoken_of_early(question: str) -> set[str]:
    """The people who are spoken of before it is told what they have."""
    sentences = _sentences(question)
    first: dict[str, int] = {}
    for place, sentence in enumerate(sentences):
        for name in _people(sentence):
            first.setdefault(name, place)
    told = {one.slots["new"]: place for place, one in enumerate(_read(sentences)) if "new" in one.slots}
    return {name for name, place in told.items() if first[name] < place}


def _read(sentences: list[str]) -> tuple[Read, ...]:
    """What each sentence says, so that it is told of everybody once what he or she has."""
    *told, asked = sentences
    for candidates in product(*[list(_facts(sentence)) for sentence in told], list(_questions(asked))):
        if _each_defined_once([one for one in candidates if one.phrase != "ask"]):
            return candidates
    raise AssertionError(f"cannot be read: {sentences}")


def _sentences(question: str) -> list[str]:
    """Without those that say nothing; numbers marked by their place, pronouns replaced by who is meant."""
    marked, last = [], 0
    for place, number in enumerate(stated(question)):
        kind = "p" if number.percent else "f" if "/" in number.value else ""
        marked += [question[last : number.start], f"<{kind}{place}>"]
        last = number.end
    text = "".join([*marked, question[last:]])
    before: set[str] = set()
    found = []
    for sentence in re.split(r"(?<=[.?]) ", text):
        if sentence not in CONTEXTS:
            found.append(_named(sentence, before))
            before = _people(found[-1])
    return found


def _people(text: str) -> set[str]:
    return {word for word in re.findall(NAME, text) if word in PRONOUN}


def _named(sentence: str, before: set[str]) -> str:
    while found := re.search(r"\b(?:[Ss]he|[Hh]e)\b", sentence):
        spoken = _people(sentence[: found.start()]) or before
        (name,) = [one for one in spoken if PRONOUN[one] == found[0].lower()]
        sentence = sentence[: found.start()] + name + sentence[found.end() :]
    return sentence


@cache
def _patterns(asking: bool) -> list[tuple[str, re.Pattern[str]]]:
    return [
        (phrase, _pattern(text)) for phrase, families in FORMS.items() for family, texts in families.items()
        for text in texts if (family == "C") == asking
    ]  # fmt: skip


@cache
def _asks() -> list[re.Pattern[str]]:
    return [_pattern(text) for text in ASKS]


def _pattern(text: str) -> re.Pattern[str]:
    """A slot's name stands for the same each time; the first letter may be a capital."""
    pieces, seen = [], set[str]()
    for before, slot, _, _ in Formatter().parse(text):
        pieces.append(re.escape(before))
        if slot:
            slot_pattern = f"(?:{SLOTS[slot]})"
            for name in re.findall(r"\?P<(\w+)>", slot_pattern):
                if name in seen:
                    slot_pattern = re.sub(rf"\(\?P<{name}>(?:[^()]|\([^()]*\))*\)", f"(?P={name})", slot_pattern)
                seen.add(name)
            pieces.append(slot_pattern)
    return re.compile("".join(pieces))


def _match(pattern: re.Pattern[str], text: str) -> dict[str, str] | None:
    for spelled in (text, text[0].lower() + text[1:]):
        found = pattern.fullmatch(spelled)
        if found:
            return {name: value for name, value in found.groupdict().items() if value is not None}
    return None


def _facts(sentence: str) -> Iterator[Read]:
    for phrase, pattern in _patterns(asking=False):
        slots = _match(pattern, sentence)
        if slots is not None:
            yield Read(phrase, slots)


def _questions(sentence: str) -> Iterator[Read]:
    for pattern in _asks():
        slots = _match(pattern, sentence.removesuffix("?"))
        if slots is not None:
            yield Read("ask", slots)
    for phrase, pattern in _patterns(asking=True):
        slots = _match(pattern, sentence)
        if slots is not None and ("ask" not in slots or any(_match(ask, slots["ask"]) for ask in _asks())):
            yield Read(phrase, slots)


def _each_defined_once(facts: list[Read]) -> bool:
    new = [one.slots["new"] for one in facts if "new" in one.slots]
    spoken = {one.slots[slot] for one in facts for slot in ("base", "other") if slot in one.slots}
    return len(new) == len(set(new)) and spoken <= set(new)


class _Story:
    def __init__(self, facts: list[Read], question: str) -> None:
        self.numbers = [number.value for number in stated(question)]
        self.told = {one.slots["new"]: one for one in facts if "new" in one.slots}
        self.events: dict[str, list[Read]] = defaultdict(list)
        for one in facts:
            if "new" not in one.slots:
                for slot in ("base", "other"):
                    if slot in one.slots and one.phrase in ("gain", "consume", "transfer"):
                        self.events[one.slots[slot]].append(one)

    def asked(self, question: Read) -> Tree:
        if question.phrase == "ask":
            return self.amount(question.slots["owner"])
        asks = (_match(ask, question.slots["ask"]) for ask in _asks()) if "ask" in question.slots else ()
        owner = next((one["owner"] for one in asks if one), None) or question.slots.get("owner")
        if owner or question.phrase in ("gain", "consume"):
            return self.amount(owner or question.slots["base"])
        return self.fact(question)

    def amount(self, owner: str, before: Read | None = None) -> Tree:
        """What somebody has in the end, or had before an event."""
        tree = self.fact(self.told[owner])
        for event in self.events[owner]:
            if event is before:
                break
            tree = self.changed(owner, event)
        return tree

    def changed(self, owner: str, event: Read) -> Tree:
        people = [event.slots[slot] for slot in ("base", "other") if slot in event.slots]
        relation = {"transfer": "give" if owner == people[0] else "receive"}.get(event.phrase, event.phrase)
        return [relation, [self.amount(one, event) for one in people], self.own(event)]

    def fact(self, one: Read) -> Tree:
        bases = [self.amount(one.slots[slot]) for slot in ("base", "other") if slot in one.slots]
        relation = next(
            name for name in RELATIONS
            if PHRASED.get(name, name) == one.phrase and RELATIONS[name].bases == len(bases)
        )  # fmt: skip
        if relation == "convert":
            units = {"minutes": "60", "days": "7", "inches": "12", "ounces": "16"}
            assert SMALLER[one.slots["bnoun"]][0] == one.slots["noun"] if "bnoun" in one.slots else True
            return [relation, bases, [units[one.slots["noun"]]]]
        return [relation, bases, self.own(one)]

    def own(self, one: Read) -> list[str]:
        return [self.numbers[int(one.slots[slot])] for slot in ("n0", "n1", "n2") if slot in one.slots]
