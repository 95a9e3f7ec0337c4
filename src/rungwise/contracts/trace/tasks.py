"""The tasks of trace: stories with a question, told in words.

Splits, each disjoint from every other by prompt and by structure (facts and numbers):

    train, dev, iid  up to four computes, two experts' blocks, seen forms of sentences
    phrase           every sentence in a form that training never has
    graph            one relation takes what another computes, a pair that training never has
    composition      one expert takes another's result, a pair that training never has; or three blocks
    length           five to eight computes
    numbers          large with commas, decimals, all in words
    order            an amount is spoken of before it is told
    distractors      facts that lead nowhere
    real             problems of a file, where one is given (real.py), which may train as well

A hash of the structure decides which split may have it. Item i depends on (split, seed, i) alone.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import msgspec

from rungwise.contract import Json, Lazy, Task, hash_of, task_id
from rungwise.contracts.trace.gold import cut, gold_trace, joints
from rungwise.contracts.trace.language import write
from rungwise.contracts.trace.numerals import Speaker
from rungwise.contracts.trace.phrases import EACH, FAMILIES, HELD
from rungwise.contracts.trace.real import SPLIT, real
from rungwise.contracts.trace.relations import Fact
from rungwise.contracts.trace.shapes import EXPERTS, Shape, neighbours, shape
from rungwise.contracts.trace.story import PLAIN, Story, Style, numbered, structure
from rungwise.contracts.trace.transforms import distracted, in_order, scrambled
from rungwise.contracts.trace.words import Told, Wording, people, tell
from rungwise.seeds import stream

TIERS = ("t1", "t2", "t3", "t4", "t5", "t6")  # by computes; t6 has six or more
SPLITS = ("train", "dev", "iid", "phrase", "graph", "composition", "length", "numbers", "order", "distractors")
BUCKETS = 20
OWNED: Mapping[str, range] = {
    "train": range(11), **{split: range(11 + place, 12 + place) for place, split in enumerate(SPLITS[1:])}
}  # fmt: skip
TURNS: Mapping[str, tuple[int, ...]] = {  # computes, in turn
    **dict.fromkeys(SPLITS, (2, 3, 4, 1, 3, 2, 4)),
    "graph": (2, 3, 4), "composition": (2, 3, 4, 3), "length": (5, 6, 5, 7, 6, 8), "order": (2, 3, 4, 1, 3, 2, 4),
}  # fmt: skip
HELD_PAIRS = 8  # every eighth pair of relations is graph's alone
HELD_JOINTS = frozenset(  # every expert still stands first and second in some pair of training
    (("percentage", "comparison"), ("comparison", "entity_track"), ("rate_equation", "percentage"),
     ("entity_track", "arithmetic"))
)  # fmt: skip
IMPOSSIBLE = frozenset((("entity_track", "rate_equation"), ("rate_equation", "entity_track")))  # no measure fits both
TWO_BLOCKS = 0.6  # where there are two computes or more
NUMBERINGS = 24  # of one shape, until one is the split's own: of one bucket in twenty, two shapes in three have one
BLOCKS = ("experts", "facts")  # where gold is cut: where the expert changes, or behind every fact
STYLES = (Style("large", 10**7, 10**7), Style("decimal"), Style("words"))
ALL_FORMS = (EACH - HELD) * len(FAMILIES)  # that training has


def tasks(
    split: str, n: int, seed: int, name: str, version: str, settings: Mapping[str, Json], file: str = ""
) -> Lazy:  # fmt: skip
    """`file` is where the settings' source lies, in full."""
    return Lazy(range(n), lambda index: _task(split, index, seed, name, version, settings, file))


def _task(
    split: str, index: int, seed: int, name: str, version: str, settings: Mapping[str, Json], file: str
) -> Task:  # fmt: skip
    mix = settings["mix"]
    if split == SPLIT or (split == "train" and stream(seed, "trace mix", index).random() < mix):
        made = real(file, split, index, seed, settings["numbers"], mixed=mix > 0, tiers=TIERS)
    else:
        made = _made(split, index, seed, settings["forms"], settings["blocks"])
    return Task(id=task_id(name, version, **{**made, "settings": dict(settings)}), contract=name, split=split, **made)


@lru_cache(maxsize=32768)
def _made(split: str, index: int, seed: int, forms: int, blocks: str) -> dict[str, Json]:
    """Everything of a task but its id. Pure, so remembered: examining, probing and training ask for the same again."""
    rng = stream(seed, "trace tasks", split, index)
    turns = TURNS[split]
    while True:
        made = _told(split, turns[index % len(turns)], forms, blocks, rng)
        if made is not None:
            return made


def _told(split: str, computes: int, forms: int, blocks: str, rng: random.Random) -> dict[str, Json] | None:
    drawn = _shape(split, computes, rng)
    style = rng.choice(STYLES) if split == "numbers" else PLAIN
    story = _owned(split, drawn, rng, style) if drawn is not None else None
    if story is not None and split == "distractors":
        story = distracted(story, rng)
    if story is None:
        return None
    grown = 0.0 if split == "distractors" else None
    order = scrambled(story.facts, rng) if split == "order" else in_order(story.facts, rng, grown=grown)
    if order is None:
        return None
    names = people(1 + max(fact.owner for fact in story.facts), rng)
    speaker = Speaker(rng, words=style.name == "words")
    told = tell(story, order, names, rng, speaker, Wording(forms, held=split == "phrase"))
    return _record(story, names, told, blocks)


# ---- what a split may have ----


def _shape(split: str, computes: int, rng: random.Random) -> Shape | None:
    found = shape(_experts(split, computes, rng), computes, rng)
    return found if found is not None and _fits(split, found.facts, found.query) else None


def _experts(split: str, computes: int, rng: random.Random) -> list[str]:
    """The experts of the blocks, no two neighbours alike, in pairs that the split may have."""
    blocks = 2 if computes > 1 and rng.random() < TWO_BLOCKS else 1
    if split == "composition":
        blocks = 3 if computes > 2 and rng.random() < 0.5 else 2
        if blocks == 2:
            return list(rng.choice(sorted(HELD_JOINTS)))
    if blocks == 1 and split == "graph" and computes > 1 and rng.random() < 0.5:
        blocks = 2
    while True:
        experts = rng.choices(list(EXPERTS), list(EXPERTS.values()), k=blocks)
        pairs = list(pairwise(experts))
        kept = split == "composition" or not HELD_JOINTS.intersection(pairs)
        if kept and all(a != b and (a, b) not in IMPOSSIBLE for a, b in pairs):
            return experts


def _fits(split: str, facts: tuple[Fact, ...], query: int) -> bool:
    """Whether the split's new thing is there, and no other split's."""
    own = cut(facts, query)
    joined = len(set(own.values())) > 2 or bool(HELD_JOINTS & joints(facts, own))
    paired = any(held(*pair) for pair in neighbours(facts))
    return joined == (split == "composition") and paired == (split == "graph")


@lru_cache
def held(first: str, second: str) -> bool:
    """Whether a pair of relations, of which the second takes the first's amount, is never seen in training."""
    return int(hash_of([first, second])[:8], 16) % HELD_PAIRS == 0


def _owned(split: str, drawn: Shape, rng: random.Random, style: Style) -> Story | None:
    """The shape with numbers by which it is this split's."""
    for _ in range(NUMBERINGS):
        story = numbered(drawn, rng, style)
        if story is None:
            return None
        if bucket(story) in OWNED[split] and (style is PLAIN or _styled(story, style)):
            return story
    return None


def bucket(story: Story) -> int:
    return int(hash_of(structure(story))[:8], 16) % BUCKETS


def _styled(story: Story, style: Style) -> bool:
    """Whether some number is one that training never has."""
    said = [number for fact in story.facts if fact.relation not in ("convert", "fraction") for number in fact.numbers]
    if style.name == "large":
        return max(said) >= 1000
    if style.name == "words":
        return any(number > 12 and number.denominator == 1 for number in said)
    return any(100 % number.denominator == 0 and number.denominator > 4 for number in said)


# ---- what a task says ----


def _record(story: Story, names: Sequence[str], told: Told, blocks: str) -> dict[str, Json]:
    trace = gold_trace(story.facts, story.query, names, told.mentioned, blocks == "facts")
    computes = len(cut(story.facts, story.query))
    return {
        "tier": TIERS[min(computes, len(TIERS)) - 1],
        "family": ">".join(block.expert for block in trace.blocks),
        "prompt": told.prompt,
        "facts": {
            "question": told.prompt, "answer": str(story.amounts[story.query]), "gold": write(trace),
            "numbers": msgspec.to_builtins(list(told.numbers)), "structure": structure(story),
            "forms": list(told.forms),
        },
    }  # fmt: skip
