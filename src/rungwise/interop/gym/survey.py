"""What all data sets of reasoning-gym are like, seen from outside: which work, and what their scorers pay for.

Each is tried at the library's own defaults and, where it has a curriculum, at its lowest level, on a few items and for
a bounded time.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rungwise.interop.gym.tasks import FULL, Level, Source, made, normal
from rungwise.interop.gym.theirs import SCORE_SECONDS, Failed, library

ITEMS = 20  # of each of two neighbouring seeds
SECONDS = 20.0  # on the clock for all items of one data set
ITEM = 10.0  # of processor time for one
SEED = 11
JUNK = ("", "no idea", "0", "[[", "{}", "\0", "(" * 50, "None")
HEDGE = "{} or something else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One data set; None where it could not be tried."""

    name: str
    levels: int
    fault: str | None = None  # why no item could be made at its defaults
    level0: str | None = None  # the same of its lowest level
    items: int = 0
    faulty: int = 0  # items that raised, though others could be made
    seconds: float | None = None  # an item
    distinct: int = 0  # questions
    answered: int = 0  # items that have an answer, or an example of one in their metadata
    own: float | None = None  # the least that the scorer gives to an item's own answer
    hedged: float | None = None  # the mean that it gives to "answer or something else"
    hedged_full: int = 0  # how often that is full marks
    raised: int = 0  # of the junk texts
    paid: float | None = None  # the most that it gives to junk
    repeated: int = 0  # items of the next seed that this seed has too

    @property
    def works(self) -> bool:
        return self.fault is None and self.answered > 0 and (self.own or 0) >= FULL


def names() -> list[str]:
    return [name for name in library().ask("names") if name != "composite"]  # that one is made of others


def seen(name: str) -> Seen:
    about = library().ask("about", dataset=name)
    source = Source(name, (None,), "")
    items, faults, took = _items(source, None, SEED)
    lowest = made(source, 0, SEED, 0, 1, ITEM) if about["levels"] else None
    found = Seen(
        name=name, levels=about["levels"], level0=lowest.why if isinstance(lowest, Failed) else None,
        fault=None if items else faults[-1], items=len(items), faulty=len(faults) if items else 0,
    )  # fmt: skip
    return _scored(found, source, items, took) if items else found


def _items(source: Source, level: Level, seed: int) -> tuple[dict[int, dict[str, object]], list[str], float]:
    """By index, what could be made in time; why the others could not; and the seconds."""
    began, items, faults = time.monotonic(), {}, []
    for index in range(ITEMS):
        item = made(source, level, seed, index, ITEMS, ITEM)
        if isinstance(item, Failed):
            faults.append(item.why)
        else:
            items[index] = item
        if time.monotonic() - began > SECONDS or len(faults) == 3:
            break
    return items, faults, time.monotonic() - began


def _scored(found: Seen, source: Source, items: dict[int, dict[str, object]], took: float) -> Seen:
    answered = {at: item for at, item in items.items() if item["gold"] is not None}
    hedges = [_credit(source, item, HEDGE.format(item["gold"])) for item in answered.values()]
    first = next(iter(items.values()))
    junk = [_credit(source, first, text) for text in JUNK if text != first["gold"]]
    paid = [credit for credit in junk if credit is not None]
    numbers = [credit for credit in hedges if credit is not None]
    return replace(
        found, seconds=took / len(items), answered=len(answered),
        distinct=len({normal(str(item["question"])) for item in items.values()}),
        own=min((float(str(item["full"])) for item in answered.values()), default=None),
        hedged=sum(numbers) / len(numbers) if numbers else None, hedged_full=sum(one >= FULL for one in numbers),
        raised=sum(credit is None for credit in (*junk, *hedges)), paid=max(paid, default=None),
        repeated=_repeated(source, items),
    )  # fmt: skip


def _credit(source: Source, item: dict[str, object], answer: str) -> float | None:
    found = library().ask(
        "score", SCORE_SECONDS, dataset=source.dataset, level=None, config=source.config, question=item["question"],
        entry=item["entry"], answer=answer,
    )  # fmt: skip
    return None if isinstance(found, Failed) else found


def _repeated(source: Source, items: dict[int, dict[str, object]]) -> int:
    """How many of the next seed's items, one place further, are this seed's."""
    few = [at for at in items if at][:5]
    after = [made(source, None, SEED + 1, at - 1, ITEMS, ITEM) for at in few]
    return sum(
        not isinstance(item, Failed) and item["question"] == items[at]["question"]
        for at, item in zip(few, after, strict=True)
    )


# ---- told ----


def table(found: Sequence[Seen]) -> Iterator[str]:
    heads = ("data set", "levels", "s/item", "distinct", "own", "or else", "junk", "raised", "next seed", "")
    yield "  ".join([f"{heads[0]:<26}", *[f"{head:>9}" for head in heads[1:-1]]])
    for one in found:
        cells = [
            str(one.levels), _told(one.seconds, ".3f"), f"{one.distinct}/{one.items}", _told(one.own, ".2f"),
            _told(one.hedged, ".2f"), _told(one.paid, ".2f"), str(one.raised), f"{one.repeated}/5",
        ]  # fmt: skip
        yield f"{one.name:<26}  " + "  ".join(f"{cell:>9}" for cell in cells) + _remark(one)


def _told(value: float | None, how: str) -> str:
    return "" if value is None else format(value, how)


def _remark(one: Seen) -> str:
    told = [f"cannot be made: {one.fault}"] if one.fault else []
    told += ["no answer"] if not one.fault and not one.answered else []
    told += [f"level 0: {one.level0}"] if one.level0 and not one.fault else []
    told += [f"{one.faulty} items raised"] if one.faulty else []
    return "  " + "; ".join(told) if told else ""


def summary(found: Sequence[Seen]) -> Iterator[str]:
    """What matters to whoever trains on them, by name."""
    whole = len(found)
    claims = {
        "work: an item has an answer, and its scorer takes it": [one for one in found if one.works],
        "do not": [one for one in found if not one.works],
        "cannot be made at their lowest level": [one for one in found if one.level0],
        "give credit to 'answer or something else'": [one for one in found if (one.hedged or 0) > 0],
        "give it full marks": [one for one in found if one.hedged_full],
        "give credit to junk": [one for one in found if (one.paid or 0) > 0],
        "have a scorer that raises": [one for one in found if one.raised],
        "repeat between neighbouring seeds": [one for one in found if one.repeated],
    }
    for claim, those in claims.items():
        listed = "" if len(those) > whole / 4 else f": {', '.join(one.name for one in those)}"
        yield f"{len(those)} of {whole} {claim}{listed if those else ''}"
