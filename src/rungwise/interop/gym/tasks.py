"""Tasks of a data set: its items in the order of a stream, each question once, each in one split alone.

1. A stream is made of chunks, each a data set object of its own whose seed is a hash of (seed, split, data set, level,
   chunk). The library seeds item i with seed + i: neighbouring seeds would be the same items, shifted by one.
2. A hash of the question says which split may have it, so no two share one, whatever the seeds. Items of other splits,
   questions that were there, and items whose own answer does not pass are passed over.
3. Item i is the stream's i-th: a function of (split, seed, i) alone. Levels take turns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from rungwise.contract import Json, hash_of
from rungwise.errors import InputError
from rungwise.interop.gym.theirs import ITEM_SECONDS, Failed, library
from rungwise.seeds import derive

SPLITS = ("train", "dev", "test")
SHARES = {"train": range(7), "dev": range(7, 8), "test": range(8, 10)}  # tenths of all questions
CHUNK = 64  # items of one data set object: some take a second to set up
MISSES = 256  # in a row; where a tenth of endlessly many questions is the split's own, one in 10^11 streams ends so
FAULTS = 8  # in a row that raised: the next ones will as well
FULL = 0.99  # of what a scorer gives; below it an answer is not right

Level = int | None  # None: the library's own defaults


@dataclass(frozen=True, slots=True)
class Source:
    """A data set at some levels."""

    dataset: str
    levels: tuple[Level, ...]
    config: str


def tier_of(level: Level) -> str:
    return "default" if level is None else f"level{level}"


def normal(question: str) -> str:
    """What two questions that read alike have in common."""
    return " ".join(question.casefold().split())


def split_of(question: str) -> str:
    tenth = int(hash_of(normal(question))[:8], 16) % 10
    return next(split for split, own in SHARES.items() if tenth in own)


def made(
    source: Source, level: Level, seed: int, index: int, size: int = CHUNK, seconds: float = ITEM_SECONDS
) -> Json:  # fmt: skip
    """An item, or why there is none."""
    return library().ask(
        "make", seconds, dataset=source.dataset, level=level, config=source.config, seed=seed, size=size, index=index
    )


class Stream:
    """The tasks of one split and seed, made as far as they were asked for."""

    def __init__(self, source: Source, split: str, seed: int) -> None:
        self.source, self.split = source, split
        self.told: list[dict[str, Json]] = []
        self._questions: set[str] = set()
        self._last: str | None = None  # answer of an item before
        self._candidates = [_candidates(source, level, split, seed) for level in source.levels]

    def first(self, n: int) -> Sequence[dict[str, Json]]:
        while len(self.told) < n:
            self.told.append(self._next(len(self.told) % len(self.source.levels)))
        return self.told[:n]

    def _next(self, turn: int) -> dict[str, Json]:
        level, faults = self.source.levels[turn], 0
        for _ in range(MISSES):
            seed, index = next(self._candidates[turn])
            item = made(self.source, level, seed, index)
            if isinstance(item, Failed):
                faults += 1
                if faults == FAULTS or item.late:  # passing over what is late would hang on the machine
                    raise InputError(f"{_named(self.source, level)}: seed {seed}, item {index}: {item.why}")
                continue
            faults, other, self._last = 0, self._last, item["gold"]
            if self._wanted(item):
                return _task(self.source, level, item, other, seed, index)
        raise InputError(
            f"{_named(self.source, level)} has too few distinct questions: {len(self.told)} for {self.split}, then "
            f"none among {MISSES}; ask for fewer tasks, or take another level or config"
        )

    def _wanted(self, item: Json) -> bool:
        key = normal(item["question"])
        if split_of(key) != self.split or key in self._questions or not fair(item):
            return False
        self._questions.add(key)
        return True


def fair(item: Json) -> bool:
    """It has an answer, and its own scorer takes it."""
    return bool(item["gold"]) and item["full"] >= FULL


def _candidates(source: Source, level: Level, split: str, seed: int) -> Iterator[tuple[int, int]]:
    for chunk in count():
        hashed = derive(seed, "gym", split, source.dataset, level, source.config, chunk) % 2**32
        yield from ((hashed, index) for index in range(CHUNK))


def _named(source: Source, level: Level) -> str:
    return f"{source.dataset} at {tier_of(level)}"


def _task(source: Source, level: Level, item: Json, other: str | None, seed: int, index: int) -> dict[str, Json]:
    return {
        "tier": tier_of(level), "family": source.dataset, "prompt": item["question"],
        "facts": {"level": level, "gold": item["gold"], "entry": item["entry"], "difficulty": item["difficulty"],
                  "other": other if other != item["gold"] else None, "seed": seed, "index": index},
    }  # fmt: skip
