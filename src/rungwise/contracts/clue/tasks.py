"""The tasks of clue: puzzles with one answer, each proved to have it, none with a clue to spare.

    train, dev, test   of one and the same shapes; no structure stands in two of them
    noisy              as test, with two to four clues more than are needed
    larger             more suspects, or houses, than training ever has; not of a shape of one's own
    published          puzzles of a file, where one is given, in their own words

A structure is a puzzle up to the names of things and of attributes, and the order of clues: a hash of it decides which
split may have it.
Item i depends on (split, seed, i) alone.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import get_args

import msgspec

from rungwise.contract import Json, Lazy, Task, task_id
from rungwise.contracts.clue import crime, grid, published
from rungwise.contracts.clue import names as naming
from rungwise.contracts.clue.asking import prompted
from rungwise.contracts.clue.isomorphism import relabelled
from rungwise.contracts.clue.language import write_formula, write_puzzle
from rungwise.contracts.clue.solver import Solved, Unique, fact, solve
from rungwise.contracts.clue.tiers import OWN, TIERS, Tier, own
from rungwise.contracts.clue.tree import Derivation, Formula, Kind, Puzzle, Shape
from rungwise.errors import InputError, nearest
from rungwise.seeds import stream

SPLITS = ("train", "dev", "test", "noisy", "larger")
PUBLISHED, PUBLISHED_TIER = "published", "C7"
BUCKETS = 20
OWNED: Mapping[str, range] = {
    "train": range(12), "dev": range(12, 14), "test": range(14, 18), "noisy": range(18, 20), "larger": range(BUCKETS),
}  # fmt: skip
NOISE = (2, 4)
AMONG = 5  # letters of each row that names are drawn from, or as many as are needed: those that are tokens
NO_LINES = Derivation(lines=(), rounds=0, splits=0, indirect=1.0, left=0)
TRIES = 20_000  # puzzles drawn for one task


def tasks(split: str, n: int, seed: int, name: str, version: str, settings: Mapping[str, Json], file: str) -> Lazy:
    """`file` is where the settings' source lies, in full."""
    tiers = (PUBLISHED_TIER,) if split == PUBLISHED else tuple(tiers_of(settings))
    return Lazy(
        range(n), lambda index: _task(split, index, seed, name, version, settings, file),
        lambda index: tiers[index % len(tiers)],
    )  # fmt: skip


def _task(
    split: str, index: int, seed: int, name: str, version: str, settings: Mapping[str, Json], file: str
) -> Task:  # fmt: skip
    chosen = tuple(sorted(settings.items()))
    made = _published(file, index, seed) if split == PUBLISHED else _made(split, index, seed, chosen)
    return Task(id=task_id(name, version, **{**made, "settings": dict(settings)}), contract=name, split=split, **made)


# ---- puzzles that are drawn ----


@lru_cache(maxsize=65536)
def _made(split: str, index: int, seed: int, chosen: tuple[tuple[str, Json], ...]) -> dict[str, Json]:
    """Everything of a task but its id. Pure, so remembered: examining, probing and training ask for the same again."""
    settings = dict(chosen)
    rng = stream(seed, "clue tasks", split, index)
    tiers = tiers_of(settings)
    label = list(tiers)[index % len(tiers)]
    puzzle, derivation = _drawn(split, tiers[label], settings, rng)
    drawn = settings["names"] == "drawn"
    names = naming.drawn(puzzle.shape, rng, AMONG) if drawn else naming.fixed(puzzle.shape)
    solved = solve(puzzle)
    assert isinstance(solved, Solved)
    return {
        "tier": label,
        "family": f"{puzzle.shape.kind} {_size(puzzle.shape)}",
        "prompt": prompted(puzzle, names, settings["surface"], settings["answer"]),
        "facts": {
            "puzzle": write_puzzle(puzzle, names, settings["surface"]),
            "answer": list(solved.answer),
            "lines": [write_formula(line, names, settings["surface"]) for line in _lines(derivation, settings)],
            "structure": relabelled(puzzle),
            "difficulty": _difficulty(puzzle, derivation),
        },
    }  # fmt: skip


def _lines(derivation: Derivation, settings: Mapping[str, Json]) -> Sequence[Formula]:
    return derivation.proof if settings["answer"] == "proof" else derivation.lines


def _difficulty(puzzle: Puzzle, derivation: Derivation) -> dict[str, Json]:
    """As it was measured. Of a night that took too many steps to derive no more is known than its clues."""
    clues = {"clues": len(puzzle.clues)}
    if derivation is NO_LINES:
        return clues
    return {name: getattr(derivation, name) for name in ("rounds", "splits", "indirect", "left")} | clues


def tiers_of(settings: Mapping[str, Json]) -> Mapping[str, Tier]:
    if settings["shape"]:
        return {OWN: own(settings["shape"], settings["kinds"], settings["redundant"])}
    return {label: TIERS[label] for label in settings["tiers"].split(",")}


def splits_of(settings: Mapping[str, Json]) -> tuple[str, ...]:
    """Nothing is larger than a shape of one's own."""
    return tuple(split for split in SPLITS if split != "larger" or not settings["shape"])


def kinds_of(settings: Mapping[str, Json]) -> tuple[Kind, ...]:
    """The kinds of puzzle that there are."""
    found = {shape.kind for tier in tiers_of(settings).values() for shape in tier.shapes}
    return tuple(kind for kind in get_args(Kind) if kind in found)


def _drawn(
    split: str, tier: Tier, settings: Mapping[str, Json], rng: random.Random
) -> tuple[Puzzle, Derivation]:  # fmt: skip
    shapes = tier.larger if split == "larger" else tier.shapes
    least, most = NOISE if split == "noisy" else tier.redundant
    for _ in range(TRIES):
        shape = rng.choice(shapes)
        redundant = rng.randint(least, most)
        puzzle = _any_puzzle(shape, tier, rng, settings["unique"], redundant)
        if puzzle is None or not _fits(split, tier, puzzle, settings["most_clues"]):
            continue
        derivation = derived(puzzle)
        if derivation is not None or not tier.lines:
            return puzzle, derivation or NO_LINES
    raise InputError(f"no puzzle of {shapes} was found in {TRIES} tries that the settings allow", field="shape")


def _any_puzzle(shape: Shape, tier: Tier, rng: random.Random, unique: Unique, redundant: int) -> Puzzle | None:
    if shape.kind == "moments":
        from rungwise.contracts.clue import night  # brings numba

        kinds = {"kinds": tier.kinds} if tier.kinds else {}
        return night.draw(shape, rng=rng, unique=unique, redundant=redundant, questions=tier.questions, **kinds)
    return crime.draw(shape, tier.kinds, rng, unique=unique, redundant=redundant)


def derived(puzzle: Puzzle) -> Derivation | None:
    """How the answer follows; None where that took too many steps."""
    if puzzle.shape.kind == "moments":
        from rungwise.contracts.clue import night

        return night.derive(puzzle)
    found = grid.derive(puzzle)
    return found if found.lines or _stated(puzzle) else None


def _stated(puzzle: Puzzle) -> bool:
    """Whether every answer is a clue, so that nothing is left to derive."""
    solved = solve(puzzle)
    return isinstance(solved, Solved) and set(map(fact, puzzle.slots, solved.answer)) <= set(puzzle.clues)


def _fits(split: str, tier: Tier, puzzle: Puzzle, most_clues: int) -> bool:
    return len(puzzle.clues) <= most_clues and asks(tier, puzzle) and _owned(split, puzzle)


def _owned(split: str, puzzle: Puzzle) -> bool:
    return int(relabelled(puzzle)[:8], 16) % BUCKETS in OWNED[split]


def asks(tier: Tier, puzzle: Puzzle) -> bool:
    """Whether the puzzle needs what the tier is about."""
    return tier.needs(puzzle) and (tier.assumes is None or grid.assumes(puzzle) == tier.assumes)


def _size(shape: Shape) -> str:
    if shape.kind != "moments":
        return f"{shape.size}x{shape.attributes}"
    return f"{shape.size}+{shape.weapons} {shape.columns}x{shape.rows} t{shape.times}"


# ---- puzzles of a file ----


def _published(file: str, index: int, seed: int) -> dict[str, Json]:
    """Each seed begins elsewhere, so that the first few of neighbouring seeds are others."""
    puzzles = published_in(file)
    if index >= len(puzzles):
        raise InputError(f"has {len(puzzles)} puzzles; number {index + 1} was asked for", file=Path(file))
    puzzle = puzzles[(index + seed * (len(puzzles) * 2 // 5)) % len(puzzles)]
    sheet = {key: value for key, value in msgspec.to_builtins(puzzle).items() if key != "prompt"}
    facts = {"sheet": sheet, "structure": puzzle.prompt, "difficulty": {"clues": puzzle.clues}}
    return {"tier": PUBLISHED_TIER, "family": "published", "prompt": puzzle.prompt, "facts": facts}


@lru_cache(maxsize=8)
def published_in(file: str) -> Sequence[published.Published]:
    return published.load(Path(file))


def require_tiers(text: str) -> str:
    """The tiers of a setting, "C1,C3" or "C0-C4", in their own order."""
    known, wanted = list(TIERS), set[str]()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        for label in (first, last or first):
            if label not in known:
                raise InputError(f"no tier {label!r}; {nearest(label, known)}", field="tiers")
        wanted |= set(known[known.index(first) : known.index(last or first) + 1])
    if not wanted:
        raise InputError(f"{text!r}; expected tiers, as in C0-C4", field="tiers")
    return ",".join(label for label in known if label in wanted)
