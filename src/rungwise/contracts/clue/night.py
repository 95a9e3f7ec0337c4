"""Puzzles of moments: a night is played at random, then told in as few clues as leave one answer (telling.py)."""

import random
from collections.abc import Mapping, Sequence

from rungwise.contracts.clue.deduction import derive
from rungwise.contracts.clue.hints import KINDS, OF_TWO, scene
from rungwise.contracts.clue.moments import crimes, within_reach
from rungwise.contracts.clue.solver import Unique
from rungwise.contracts.clue.telling import Telling
from rungwise.contracts.clue.tree import Puzzle, Shape, World
from rungwise.errors import InputError, nearest

__all__ = ["derive", "draw"]

NIGHTS = 200  # played until one has one crime
STAYS, CARRIES = 0.5, 0.8  # how often a piece stays where it is; how often a weapon goes with a suspect of its room


def draw(
    shape: Shape, kinds: Mapping[str, float] = KINDS, rng: random.Random | None = None, *,
    unique: Unique = "answer", redundant: int = 0, questions: int = 0,
) -> Puzzle | None:  # fmt: skip
    """`questions`: asked in all, those beyond the crime's being where something was at a time.

    None where no night came out, or a search gave up. Without `rng` it is always the same puzzle.
    """
    _require(kinds)
    rng = rng or random.Random(0)
    world = play(shape, rng)
    return Telling(scene(shape, world), kinds, rng).puzzle(unique, redundant, questions) if world else None


def _require(kinds: Mapping[str, float]) -> None:
    known = {**KINDS, **OF_TWO}
    for kind in kinds:
        if kind not in known:
            raise InputError(f"no kind {kind!r} of clue; {nearest(kind, known)}", field="kinds")
    if not any(weight > 0 for kind, weight in kinds.items() if kind != "is"):
        raise InputError("nothing but the answer would be told; expected another kind beside 'is'", field="kinds")


# ---- a night ----


def play(shape: Shape, rng: random.Random) -> World | None:
    """Random walks with exactly one crime, after which the victim lies still."""
    for _ in range(NIGHTS):
        paths = _walks(shape, rng)
        if sum(1 for _ in crimes(paths, shape)) == 1:
            motives = rng.sample(range(shape.size), shape.size) if shape.motives else ()
            return World(paths=paths, motives=tuple(motives))
    return None


def _walks(shape: Shape, rng: random.Random) -> tuple[tuple[int, ...], ...]:
    now = [rng.randrange(shape.rooms) for _ in range(1 + shape.size + shape.weapons)]
    nights, dead = [now], False
    for _ in range(shape.times - 1):
        dead = dead or any(True for _ in crimes(tuple((room,) for room in now), shape))
        now = _step(shape, now, dead, rng)
        nights.append(now)
    return tuple(zip(*nights, strict=True))


def _step(shape: Shape, now: Sequence[int], dead: bool, rng: random.Random) -> list[int]:
    reach, walkers = within_reach(shape), 1 + shape.size
    then = [room if rng.random() < STAYS else rng.choice(reach[room][1:] or (room,)) for room in now[:walkers]]
    if dead:
        then[0] = now[0]
    for room in now[walkers:]:
        near = [there for here, there in zip(now[1:walkers], then[1:], strict=False) if here == room]
        then.append(rng.choice(near) if shape.carried and near and rng.random() < CARRIES else room)
    return then
