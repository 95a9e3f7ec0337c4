"""Pairs of answers that differ by an exploit, as token rows, and the controls that look like them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rungwise.contract import Pair, Task
from rungwise.errors import InputError
from rungwise.policy.packed import Packed, Row, pack
from rungwise.policy.policy import Policy
from rungwise.seeds import derive, stream
from rungwise.train.steer.arm import Ground

MORE = 16  # times as many pairs are asked for, where most are of kinds that may not be known


@dataclass(frozen=True, slots=True)
class Side:
    prompt: tuple[int, ...]
    answer: tuple[int, ...]


Contrast = tuple[Side, Side]  # towards, away from


def drawn(ground: Ground, n: int) -> list[Pair]:
    """Pairs of the known kinds alone."""
    ask = getattr(ground.contract, "pairs", None)
    if ask is None:
        raise InputError(
            f"{ground.own.arm!r} reads pairs, and {ground.contract.name} offers none; expected a contract with "
            "pairs(n, seed)", field="rl.steer.arm",
        )  # fmt: skip
    asked, found = n, list[Pair]()
    while len(found) < n and asked <= MORE * n:
        found = [pair for pair in ask(asked, derive(ground.seed, "pairs")) if pair.kind in ground.own.known]
        asked *= 2
    if len(found) < n:
        raise InputError(
            f"{list(ground.own.known)}; {ground.contract.name} has {len(found)} pairs of these kinds, expected {n}",
            field="rl.steer.known",
        )
    return found[:n]


def contrasts(pairs: Sequence[Pair], policy: Policy, direction: str, seed: int) -> list[Contrast]:
    """What a direction is read from: "pairs" and "random" as they are, "shuffled" with the sides of each swapped by a
    coin, "clean" a clean answer against that of another pair of its kind."""
    exploit, clean = ([side(policy, pair.task, text) for pair, text in zip(pairs, texts, strict=True)]
                      for texts in ([p.exploit for p in pairs], [p.clean for p in pairs]))  # fmt: skip
    if direction == "clean":
        other = _others(pairs, seed)
        return [(clean[i], clean[other[i]]) for i in range(len(pairs))]
    draw = stream(seed, "steer", "shuffled")
    swapped = [direction == "shuffled" and draw.random() < 0.5 for _ in pairs]
    return [(c, e) if swap else (e, c) for e, c, swap in zip(exploit, clean, swapped, strict=True)]


def side(policy: Policy, task: Task, text: str) -> Side:
    return Side(tuple(policy.tokens.prompt(task.prompt)), tuple(policy.tokens.answer(text)))


def _others(pairs: Sequence[Pair], seed: int) -> dict[int, int]:
    """Of each pair another one of its kind; of any kind where it is the only one."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for i, pair in enumerate(pairs):
        kinds[pair.kind].append(i)
    found: dict[int, int] = {}
    for kind, own in kinds.items():
        ring = own if len(own) > 1 else list(range(len(pairs)))
        ring = stream(seed, "steer", "clean", kind).sample(ring, len(ring))
        found |= {i: ring[(ring.index(i) + 1) % len(ring)] for i in own}
    return found


def packed(sides: Sequence[Side]) -> Packed:
    """One answer a side, in order; two that follow each other share their prompt where it is the same."""
    rows: list[Row] = []
    for side in sides:
        if rows and tuple(rows[-1][0]) == side.prompt:
            rows[-1] = (side.prompt, [*rows[-1][1], side.answer])
        else:
            rows.append((side.prompt, [side.answer]))
    return pack(rows)
