"""The tasks of scene: drafts drawn at random, told in one of three surfaces, with content that fits.

Splits, each disjoint from every other by prompt and by structure:

    train, dev       seen wording, seen packs of content, no held-out pair
    test             as dev, other structures: combinations never seen
    paraphrase       prose whose sentences take hidden forms wherever there is one
    recombination    a family in a look (theme and tone), or in a density and size, that training never has it in
    content          packs of content that training never has, also in the prompt's topic
    longer           more components than training ever has
    intent           topic, goal, audience, constraint; the pair of topic and goal never seen together
    anchors          the plainest explicit tasks: what must never be unlearned

A hash of the structure, not of its words, decides which split may have it. Item i depends on (split, seed, i) alone.
`wording` says how the tasks of most splits speak: one of the surfaces, or all of them in turn by chance; paraphrase is
always prose, intent always intent, anchors always explicit.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count

import msgspec

from rungwise.contract import Json, Lazy, Task, hash_of, task_id
from rungwise.contracts.scene import drawing, intent, words
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.draft import Clause, Draft, counts_of, items_of, scene_of_draft
from rungwise.contracts.scene.families import FAMILIES, PLAIN
from rungwise.contracts.scene.judge import Facts
from rungwise.contracts.scene.language import write
from rungwise.contracts.scene.packs import LENGTHS, PACKS, Pack, content_for, names_of, retitled
from rungwise.contracts.scene.tree import Scene
from rungwise.errors import InputError, nearest
from rungwise.seeds import stream

TIERS = ("s1", "s2", "s3", "s4")  # by the components of the body
SIZES: Mapping[str, tuple[int, int]] = {"s1": (1, 5), "s2": (6, 10), "s3": (11, 16), "s4": (17, 30)}
SPLITS = ("train", "dev", "test", "paraphrase", "recombination", "content", "longer", "intent", "anchors")
WORDINGS = ("all", "explicit", "prose", "intent")
BUCKETS = 20
OWNED: Mapping[str, range] = {
    "train": range(12), "dev": range(12, 14), "test": range(14, 16), "paraphrase": range(16, 17),
    "recombination": range(20), "content": range(17, 18), "longer": range(20), "intent": range(20),
    "anchors": range(18, 20),
}  # fmt: skip
TRIES = 300  # of one tier
RETITLED = 0.5  # of the tasks told about a seen pack
HELD_PAIRS = 6  # every sixth pair is recombination's alone


def tasks(split: str, n: int, seed: int, name: str, version: str, settings: Mapping[str, Json]) -> Lazy:
    if split not in SPLITS:
        raise InputError(f"no split {split!r}; {nearest(split, SPLITS)}", field="split")
    return Lazy(range(n), lambda index: _task(split, index, seed, name, version, settings))


def _task(split: str, index: int, seed: int, name: str, version: str, settings: Mapping[str, Json]) -> Task:
    made = _made(split, index, seed, tuple(settings["families"]), settings["wording"], settings["refs"])
    return Task(id=task_id(name, version, **{**made, "settings": dict(settings)}), contract=name, split=split, **made)


@lru_cache(maxsize=32768)
def _made(split: str, index: int, seed: int, families: tuple[str, ...], wording: str, refs: str) -> dict[str, Json]:
    """Everything of a task but its id. Pure, so remembered: examining, probing and training ask for the same again."""
    rng = stream(seed, "scene tasks", split, index)
    surface = _surface(split, wording, rng)
    for tries in count():
        tier = _tier(split, index + tries // TRIES)  # where few families leave a tier of a split without any, the next
        made = (_intent if surface == "intent" else _drafted)(split, tier, families, surface, refs, rng)
        if made is not None:
            return made
    raise AssertionError("count has no end")


def _surface(split: str, wording: str, rng: random.Random) -> str:
    fixed = {"paraphrase": "prose", "intent": "intent", "anchors": "explicit"}.get(split)
    drawn = rng.choice(("explicit", "prose") if split in ("recombination", "content", "longer") else WORDINGS[1:])
    if fixed or wording == "all":
        return fixed or drawn
    return drawn if wording == "intent" and split in ("recombination", "content", "longer") else wording


def _tier(split: str, index: int) -> str:
    if split == "longer":
        return TIERS[3]
    return TIERS[0] if split == "anchors" else TIERS[index % 3]


# ---- a draft in words ----


def _drafted(
    split: str, tier: str, families: tuple[str, ...], surface: str, refs: str, rng: random.Random
) -> dict[str, Json] | None:  # fmt: skip
    able = [layout for layout in families if drawing.sizes(layout)[1] >= SIZES[tier][0]]
    draft = drawing.draft(rng.choice(able or families), SIZES[tier], rng)
    found = tier_of(scene_of_draft(draft))
    if (able and found != tier) or _held(draft, found) != (split == "recombination") or not _owned(split, draft):
        return None
    pack = rng.choice([one for one in PACKS.values() if one.hidden == (split == "content")])
    pack = retitled(pack, rng) if not pack.hidden and rng.random() < RETITLED else pack
    named = refs == "names" or (refs == "mixed" and rng.random() < 0.5)
    draft = _keyed(draft, names_of(pack)) if named else draft
    content = _content(draft, pack, rng)
    if content is None:
        return None
    if surface == "explicit":
        prompt = words.explicit(draft, pack.title)
    else:
        prompt = words.prose(draft, pack.title, rng, hidden=split == "paraphrase")
    return _record(draft, content, surface, found, prompt)


def _owned(split: str, value: Draft | intent.Intent) -> bool:
    return int(hash_of(msgspec.to_builtins(value))[:8], 16) % BUCKETS in OWNED[split]


def _held(draft: Draft, tier: str) -> bool:
    """Whether the family stands in a look, or in a density at a size, that belongs to recombination."""
    given = draft.attributes
    pairs = ([draft.layout, given["theme"], given["tone"]], [draft.layout, given["density"], _main_count(draft)])
    return any(int(hash_of(pair)[:8], 16) % HELD_PAIRS == 0 for pair in pairs if tier != TIERS[3])


def _main_count(draft: Draft) -> int:
    tag = intent.main_part(FAMILIES[draft.layout]).tag
    return next((clause.count for clause in draft.clauses if clause.tag == tag), 0)


def _keyed(draft: Draft, names: Sequence[str]) -> Draft:
    """The same draft with content by name: what was an item's number is the name in that place."""
    family, keys, clauses = FAMILIES[draft.layout], dict[str, tuple[str, ...]](), list[Clause]()
    for clause in draft.clauses:
        part = family.part[clause.tag]
        numbers = items_of(clause) if "ref" in part.fields and not part.joins else ()
        if not numbers or max(numbers) > len(names) or part.content is None:
            clauses.append(clause)
            continue
        keys[part.content] = tuple(names)
        clauses.append(msgspec.structs.replace(clause, items="list", start=1, listed=tuple(numbers)))
    return msgspec.structs.replace(draft, clauses=tuple(clauses), keys=keys)


# ---- an intent ----


def _intent(
    split: str, tier: str, families: tuple[str, ...], surface: str, refs: str, rng: random.Random  # noqa: ARG001
) -> dict[str, Json] | None:  # fmt: skip
    able = intent.families(families)
    if not able:
        raise InputError(f"no family of {', '.join(families)} has intents; expected one of {', '.join(intent.TOPICS)}")
    wish = intent.draw(rng.choice(able), rng)
    if intent.held(wish) != (split == "intent") or not _owned(split, wish):
        return None
    draft = intent.draft_of(wish)
    pack = rng.choice([one for one in PACKS.values() if not one.hidden])
    content = _content(draft, pack, rng)
    if content is None:
        return None
    found = tier_of(scene_of_draft(draft))
    return _record(draft, content, surface, found, intent.prompt(wish), wish)


# ---- both ----


def tier_of(scene: Scene) -> str:
    body = sum(one.tag not in PLAIN for one in scene.components)
    return next((tier for tier, (_, most) in SIZES.items() if body <= most), TIERS[-1])


def _content(draft: Draft, pack: Pack, rng: random.Random) -> dict[str, Json] | None:
    """Content with which the scene compiles: the longest that was drawn or shorter; None where not even that fits."""
    scene, counts = scene_of_draft(draft), counts_of(draft)
    for length in list(LENGTHS)[rng.randrange(3) :: -1]:
        content = content_for(draft.layout, counts, pack, rng, length)
        for collection, names in draft.keys.items():
            content[collection] = dict(zip(names, content[collection], strict=False))
        if isinstance(compile_scene(scene, content), Drawing):
            return content
    return None


def _record(
    draft: Draft, content: dict[str, Json], surface: str, tier: str, prompt: str, wish: intent.Intent | None = None
) -> dict[str, Json]:  # fmt: skip
    facts = Facts(draft=draft, content=content, surface=surface, form=draft.layout, intent=wish)
    return {"tier": tier, "family": draft.layout, "prompt": prompt, "facts": msgspec.to_builtins(facts)}


def structure(task: Task) -> Json:
    """What makes it this problem: its rules, or the intent that they follow from; neither words nor content."""
    return task.facts["intent"] or task.facts["draft"]


def gold(task: Task, surface: str) -> str:
    return write(scene_of_draft(msgspec.convert(task.facts["draft"], Draft)), surface)
