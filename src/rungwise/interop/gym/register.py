"""Our contracts as data sets of reasoning-gym: `rungwise_NAME`, each with a config, a curriculum over its tiers, and
our judge as its scorer.

An item is our task of (split, seed, index), so neighbouring seeds share none. Its entry holds all that scoring needs:
the library may score with a data set made by default.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from reasoning_gym.coaching import BaseCurriculum, ScalarAttributeDefinition
from reasoning_gym.dataset import ProceduralDataset
from reasoning_gym.factory import DATASETS, register_dataset

from rungwise.contract import Contract, Json, Task, installed, judge_all, load_contract
from rungwise.errors import InputError
from rungwise.records import line_of

OWN = "rungwise.interop."  # contracts of this room are the library's data sets themselves
LOOKED_AT = 256  # tasks in a row for one of a tier
FIRST = 8  # tasks that are asked for at first: some contracts make all of a list at once


@dataclass
class Config:
    """`split` and `tier` of the contract; no tier: all, as they come. `settings` are the contract's own."""

    contract: str
    split: str = ""  # the contract's first
    tier: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    size: int = 500

    def validate(self) -> None:
        assert self.size > 0, "size must be positive"
        contract = loaded(self.contract, line_of(self.settings))
        assert self.split in ("", *contract.splits), f"split must be one of {', '.join(contract.splits)}"
        assert self.tier in ("", *contract.tiers), f"tier must be one of {', '.join(contract.tiers)}"


@lru_cache(maxsize=64)
def loaded(name: str, settings: str) -> Contract:
    return load_contract(name, msgspec.json.decode(settings))


class Tasks(ProceduralDataset):  # type: ignore[misc]
    """A contract's tasks as entries."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__(config=config, seed=config.seed, size=config.size)
        self.contract = loaded(config.contract, line_of(config.settings))
        self._found: list[Task] = []  # of the tier, so far
        self._of_tier = self._wanted()

    @property
    def category(self) -> str:
        return "rungwise"

    def __getitem__(self, idx: int) -> dict[str, Any]:
        if not 0 <= idx < self.size:
            raise IndexError(f"item {idx} of {self.size}")
        task, split = self._task(idx), self.config.split or self.contract.splits[0]
        return {
            "question": task.prompt,
            "answer": self.contract.gold(task),
            "metadata": {
                "source_dataset": f"rungwise_{self.config.contract}", "source_index": idx, "split": split,
                "difficulty": {"tier": self.contract.tiers.index(task.tier)},
                "contract": self.config.contract, "settings": self.config.settings, "task": asdict(task),
            },
        }  # fmt: skip

    def _task(self, idx: int) -> Task:
        if not self.config.tier:
            return self._tasks(idx + 1)[idx]
        while len(self._found) <= idx:
            self._found.append(next(self._of_tier))
        return self._found[idx]

    def _wanted(self) -> Iterator[Task]:
        """The tasks of the tier, in order: each is looked at once, and no more are made than that."""
        start, stop, since = 0, FIRST, 0
        while True:
            tasks = self._tasks(stop)
            for at in range(start, stop):
                task = tasks[at]
                since = 0 if task.tier == self.config.tier else since + 1
                if not since:
                    yield task
                if since == LOOKED_AT:
                    raise InputError(f"none of {LOOKED_AT} tasks in a row is of tier {self.config.tier}")
            start, stop = stop, 2 * stop

    def _tasks(self, n: int) -> Sequence[Task]:
        return self.contract.tasks(self.config.split or self.contract.splits[0], n, self.seed)

    def score_answer(self, answer: str | None, entry: Mapping[str, Json]) -> float:
        """By our judge, as good as gold being 1; nothing is raised, which the library counts on."""
        if not isinstance(answer, str):
            return 0.0
        try:
            told = entry["metadata"]
            contract = loaded(told["contract"], line_of(told["settings"]))
            verdict = judge_all(contract, [(Task(**told["task"]), answer)])[0]
            return 1.0 if verdict.passed and verdict.score >= contract.gold_floor else float(verdict.score)
        except Exception as error:
            warnings.warn(f"{self.config.contract}: not scored: {error}", RuntimeWarning, stacklevel=2)
            return 0.0


def register() -> list[str]:
    """Every installed contract; the names that they now have in the library."""
    made = []
    for name, place in installed().items():
        if place.startswith(OWN):
            continue
        own = f"rungwise_{name}"
        if own not in DATASETS:
            register_dataset(own, Tasks, *_of(name))
        made.append(own)
    return made


def _of(name: str) -> tuple[type[Config], type]:
    """The config and the curriculum of one contract."""

    @dataclass
    class Own(Config):
        contract: str = name

    class Tiers(BaseCurriculum):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(f"rungwise_{name}", Own)
            tiers = list(loaded(name, "{}").tiers)
            self._define_attributes(
                ScalarAttributeDefinition(
                    name="tier", levels=tiers, field_name="tier", description="The contract's own"
                )
            )

    return Own, Tiers
