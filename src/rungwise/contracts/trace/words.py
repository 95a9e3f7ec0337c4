"""A story in words: each fact in a form, a question, sentences around them; and where each number is mentioned.

What was told how is recorded: `times.A3` is the third active form of times, `ask.2` the second plain question.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from rungwise.contracts.trace.gold import Mentioned
from rungwise.contracts.trace.numbers import spelled
from rungwise.contracts.trace.numerals import OPEN, Speaker, spans
from rungwise.contracts.trace.phrases import FAMILIES, FORMS, HELD
from rungwise.contracts.trace.phrases.questions import ASKS, BOXES, CONTEXTS, HELD_ASKS
from rungwise.contracts.trace.relations import MEASURES, PHRASED, Fact
from rungwise.contracts.trace.stated import Stated
from rungwise.contracts.trace.story import Story

SHE = (
    "Mia", "Lena", "Nora", "Ada", "Ines", "Petra", "Tilda", "Greta", "Hanna", "Iris", "Selma", "Yara", "Zoe", "Freya",
    "Anja", "Bea", "Clara", "Dora", "Edith", "Fiona", "Gilda", "Helga", "Ilka", "Kaja", "Maren", "Odile", "Paula",
    "Rita", "Sonja", "Vera",
)  # fmt: skip
HE = (
    "Ben", "Tom", "Otto", "Emil", "Jonas", "Karl", "Levi", "Milo", "Nils", "Oskar", "Rafa", "Sven", "Timo", "Uwe",
    "Viktor", "Anton", "Bruno", "Cem", "Dario", "Egon", "Felix", "Gustav", "Hugo", "Ivo", "Jasper", "Kurt", "Lars",
    "Moritz", "Pavel", "Ruben",
)  # fmt: skip
PRONOUN: Mapping[str, str] = {**dict.fromkeys(SHE, "she"), **dict.fromkeys(HE, "he")}
CONTEXT_WEIGHTS = (10, 7, 1)  # none, one, two sentences around a story: so that it has the length of real ones
EMBEDDED = 0.6  # how often the last fact stands within the question
BY_PRONOUN = 0.5
NO_SUBJECT = ("gives ", "From ")  # of whom stands behind it: "he" and "she" would be wrong
PERCENTS = frozenset(("pct_of", "pct_off", "pct_up"))


class Form(NamedTuple):
    """`pieces` are texts, each with the slot behind it; "" where there is none."""

    name: str
    pieces: tuple[tuple[str, str], ...]
    around: bool  # another question stands in it
    asking: bool  # it is a question


class Wording(NamedTuple):
    """Which forms may be used: the first so many of each phrase, or those that are held out."""

    many: int
    held: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    prompt: str
    mentioned: Mentioned
    numbers: tuple[Stated, ...]
    forms: tuple[str, ...]


@lru_cache
def forms_of(phrase: str, wording: Wording) -> tuple[Form, ...]:
    """The families in turn."""
    listed = [
        Form(f"{phrase}.{family}{place}", _pieces(text), "{ask}" in text, family == "C")
        for place, row in enumerate(zip(*(FORMS[phrase][family] for family in FAMILIES), strict=True), start=1)
        for family, text in zip(FAMILIES, row, strict=True)
    ]
    held = HELD * len(FAMILIES)
    return tuple(listed[-held:] if wording.held else listed[:-held][: wording.many])


@lru_cache
def asks(wording: Wording) -> tuple[Form, ...]:
    listed = [Form(f"ask.{place}", _pieces(text), False, True) for place, text in enumerate(ASKS, start=1)]
    return tuple(listed[-HELD_ASKS:] if wording.held else listed[:-HELD_ASKS][: wording.many])


def _pieces(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((before, slot or "") for before, slot, _, _ in Formatter().parse(text))


def people(count: int, rng: random.Random) -> list[str]:
    return rng.sample(SHE + HE, count)


def tell(
    story: Story, order: Sequence[int], names: Sequence[str], rng: random.Random, speaker: Speaker, wording: Wording
) -> Told:
    """The facts in this order, then the question."""
    telling = _Telling(story, names, rng, speaker, wording)
    sentences = rng.sample(CONTEXTS, rng.choices((0, 1, 2), CONTEXT_WEIGHTS)[0])
    for at in order[:-1]:
        sentences.append(telling.statement(at))
    last = order[-1]
    inside = [form for form in _phrase(story.facts[last], wording) if _embeds(form, last == story.query)]
    if inside and rng.random() < EMBEDDED:
        sentences.append(telling.embedded(last, rng.choice(inside)))
    else:
        sentences += [telling.statement(last), telling.plain()]
    prompt, places = spans(" ".join(sentences))
    said = zip(telling.mentioned, places, strict=True)
    numbers = tuple(_stated(story.facts[at], number, place) for (at, number), place in said)
    mentioned = {key: place for place, key in enumerate(telling.mentioned, start=1)}
    return Told(prompt, mentioned, numbers, tuple(telling.forms))


def _stated(fact: Fact, number: int, place: tuple[int, int]) -> Stated:
    value = fact.numbers[number]
    text = str(value) if fact.relation == "fraction" else spelled((value.numerator, value.denominator))
    return Stated(text, *place, fact.relation in PERCENTS)


def _phrase(fact: Fact, wording: Wording) -> tuple[Form, ...]:
    return forms_of(PHRASED.get(fact.relation, fact.relation), wording)


def _embeds(form: Form, asked: bool) -> bool:
    return form.asking and (form.around or asked)


class _Telling:
    """What has been told so far: the numbers in their order, who was spoken of last."""

    def __init__(
        self, story: Story, names: Sequence[str], rng: random.Random, speaker: Speaker, wording: Wording
    ) -> None:
        self.story, self.names, self.rng, self.speaker, self.wording = story, names, rng, speaker, wording
        self.mentioned: list[tuple[int, int]] = []
        self.forms: list[str] = []
        self.before: set[str] = set()  # the people of the sentence before
        self.here: set[str] = set()

    def statement(self, at: int) -> str:
        form = self.rng.choice([one for one in _phrase(self.story.facts[at], self.wording) if not one.asking])
        return self._finished(self._said(form, at))

    def plain(self) -> str:
        form = self.rng.choice(asks(self.wording))
        return self._finished(self._said(form, self.story.query) + "?")

    def embedded(self, at: int, form: Form) -> str:
        """The question with a fact in it. Where it stands behind the fact, it may speak of its people by pronoun."""
        return self._finished(self._said(form, at, self.rng.choice(asks(self.wording))))

    def _finished(self, text: str) -> str:
        self.before, self.here = self.here, set()
        first = 1 if text[0] == OPEN else 0
        return text[:first] + text[first].upper() + text[first + 1 :]

    def _said(self, form: Form, at: int, ask: Form | None = None) -> str:
        self.forms.append(form.name)
        said = []
        for place, (text, slot) in enumerate(form.pieces):
            said.append(text)
            if slot == "ask":
                assert ask is not None
                said.append(self._asked(ask, behind=place > 0))
            elif slot:
                subject = place == 0 and not text.endswith(NO_SUBJECT)
                said.append(self._slot(slot, at, first=subject))
        return "".join(said)

    def _asked(self, ask: Form, behind: bool) -> str:
        before, self.before = self.before, set(self.here) if behind else set()
        text = self._said(ask, self.story.query)
        self.before = before
        return text

    # ---- slots ----

    def _slot(self, slot: str, at: int, first: bool) -> str:
        fact, facts = self.story.facts[at], self.story.facts
        measure = MEASURES[fact.measure]
        if slot in ("noun", "has", "have"):
            return str(getattr(measure, slot))
        if slot in ("new", "whom"):
            return self._name(fact.owner)
        if slot == "owner":
            return self._name(fact.owner, spoken=True)
        if slot == "now":
            return " now" if fact.bases and facts[fact.bases[0]].owner == fact.owner else ""
        if slot in ("other", "what2"):
            return self._amount(facts[fact.bases[1]], slot == "what2")
        if slot in ("base", "what"):
            spoken = first and len(self.forms) > 1 and fact.owner == facts[fact.bases[0]].owner
            return self._amount(facts[fact.bases[0]], slot == "what", spoken)
        if slot in ("bnoun", "bhas"):
            base = MEASURES[facts[fact.bases[0]].measure]
            return base.noun if slot == "bnoun" else base.has
        if slot == "box":
            return self.rng.choice(BOXES)
        return self._number(slot, at, fact)

    def _number(self, slot: str, at: int, fact: Fact) -> str:
        noun, say = MEASURES[fact.measure].noun, self.speaker
        if slot == "time" and fact.bases:
            base = self.story.facts[fact.bases[0]]
            return f"as many hours as {self._name(base.owner)} {MEASURES[base.measure].has}"
        place = 1 if slot in ("size", "time") else 0
        self.mentioned.append((at, place))
        number = fact.numbers[place]
        match slot:
            case "q" | "rate" | "size":
                return say.of(number, noun)
            case "qmore" | "qless":
                return say.of(number, noun, between=" more" if slot == "qmore" else " fewer")
            case "x":
                return say.times(number)
            case "share":
                return say.share(number)
            case "pct":
                return say.percent(number)
            case "speed":
                return say.of(number, MEASURES[self.story.facts[fact.bases[0]].measure].noun)
            case "hours" | "time":
                return say.of(number, "hours")
            case "price":
                return say.of(number, "dollars")
        return say.number(number)

    def _amount(self, fact: Fact, whole: bool, spoken: bool = False) -> str:
        name = self._name(fact.owner, spoken)
        measure = MEASURES[fact.measure]
        return f"the {measure.noun} {name} {measure.has}" if whole else name

    def _name(self, owner: int, spoken: bool = False) -> str:
        """The name, or now and then the pronoun where only one who was just spoken of has it."""
        name = self.names[owner]
        self.here.add(name)
        if spoken and self.rng.random() < BY_PRONOUN:
            alike = [one for one in self.before if PRONOUN[one] == PRONOUN[name]]
            if alike == [name]:
                return PRONOUN[name]
        return name
