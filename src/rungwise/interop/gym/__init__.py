"""Any data set of reasoning-gym as a contract, and ours as its data sets.

theirs.py       the library, asked by its own process; child.py that process
tasks.py        items as tasks: hashed seeds, each question once and in one split
survey.py       what all of its data sets are like: `python -m rungwise.interop.gym`
register.py     our contracts as data sets of the library
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rungwise.contract import Grammar, Json, Repair, Sabotage, Task, Verdict, task_id
from rungwise.errors import ContractError, InputError, nearest
from rungwise.interop.gym.child import MOST_CHARS
from rungwise.interop.gym.tasks import FULL, SPLITS, Level, Source, Stream, fair, made, normal, tier_of
from rungwise.interop.gym.theirs import SCORE_SECONDS, Failed, is_installed, library, library_version

if TYPE_CHECKING:
    from rungwise.contract import Contract

HEDGE = " or something else"
TOO_LONG = "x" * (MOST_CHARS + 1)
TRIED = 3  # items by which a data set is taken or refused
STREAMS = 8  # that are remembered: three splits of two seeds, and the two that an examination draws besides
FAILURES = {
    "wrong": "solve what is asked, and write the answer alone: the data set's own scorer compares all of the text",
    "raised": "write what the data set's scorer can read: it raised, took too long, or the text is too long for it",
}
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
FENCED = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)


class Gym:
    name = "gym"
    splits = SPLITS
    failures: Mapping[str, str] = FAILURES
    gold_floor = 1.0

    def __init__(self, source: Source, own: bool, strict: bool) -> None:
        self.source, self.own, self.strict = source, own, strict
        self.version = f"1+{library_version()}"
        self.tiers = tuple(map(tier_of, source.levels))
        levels = ",".join("default" if level is None else str(level) for level in source.levels)
        self.settings: Mapping[str, Json] = {
            "dataset": source.dataset, "level": levels, "config": source.config, "strict": strict,
        }  # fmt: skip
        self._stream = lru_cache(maxsize=STREAMS)(lambda split, seed: Stream(source, split, seed))

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        if split not in SPLITS:
            raise InputError(f"no split {split!r}; {nearest(split, SPLITS)}", field="split")
        return [self._task(split, told) for told in self._stream(split, seed).first(n)]

    def _task(self, split: str, told: Mapping[str, Json]) -> Task:
        content = {"tier": told["tier"], "prompt": told["prompt"], "settings": dict(self.settings)}
        return Task(id=task_id(self.name, self.version, **content), contract=self.name, split=split, **told)

    def gold(self, task: Task) -> str | None:
        return str(task.facts["gold"])

    def judge(self, task: Task, answer: str) -> Verdict:
        credit = self.credit(task, answer)
        if isinstance(credit, Failed):
            return Verdict(
                score=0.0, passed=False, failure="raised", measures={"raised": 1.0, "credit": 0.0},
                notes=(f"{self.source.dataset}: {credit.why}",),
            )  # fmt: skip
        passed = credit >= FULL
        score = 1.0 if passed else 0.0 if self.strict else credit
        padded = 0 < score < 1 and task.facts["gold"] in answer
        return Verdict(
            score=score, passed=passed, failure=None if passed else "wrong",
            measures={"raised": 0.0, "credit": credit}, exploit="contains_the_answer" if padded else None,
        )  # fmt: skip

    def credit(self, task: Task, answer: str) -> float | Failed:
        """What the library gives, 0 to 1."""
        found = library().ask(
            "score", SCORE_SECONDS, dataset=self.source.dataset, level=task.facts["level"], config=self.source.config,
            question=task.prompt, entry=task.facts["entry"], answer=answer,
        )  # fmt: skip
        if isinstance(found, Failed):
            return found
        credit = float(found)
        return min(1.0, max(0.0, credit)) if math.isfinite(credit) else Failed(f"it scored {credit}")

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:  # noqa: ARG002 - the breaks are the same for every seed
        gold, other = str(task.facts["gold"]), task.facts["other"]
        if other is not None and (not self.own or _numbers(gold, other)):
            yield self._failing(task, other, "another item's answer")
        yield self._failing(task, gold + HEDGE, "the answer or something else")
        yield Sabotage(answer=TOO_LONG, label="raised", why="more text than a scorer is given")

    def _failing(self, task: Task, answer: str, why: str) -> Sabotage:
        """Some scorers raise on what is wrong; that one must not pass is said whatever they do."""
        label = "raised" if isinstance(self.credit(task, answer), Failed) else "wrong"
        return Sabotage(answer=answer, label=label, why=why)

    def repair(self, answer: str) -> Repair:
        return _repaired(answer)

    def grammar(self) -> Grammar | None:
        return None

    def picture(self, task: Task, answer: str) -> str | None:  # noqa: ARG002 - questions and answers are texts
        return None

    # What a contract may also offer.

    def structure(self, task: Task) -> Json:
        return normal(task.prompt)


def gym(
    dataset: str = "leg_counting",
    level: int | str | Sequence[int | str] = "default",
    config: str | Mapping[str, Json] = "",
    strict: bool = True,
) -> "Contract":
    """`level` is one of the data set's curriculum, several with commas between them, or "default": the library's own
    settings. `config` is a JSON object of settings instead of those. `strict` pays full marks or nothing."""
    if not is_installed():  # it is listed all the same, and says on use what is missing
        return Gym(Source(dataset, (None,), ""), False, strict)
    known = [name for name in library().ask("names") if name != "composite"]
    if dataset not in known:
        raise ContractError(f"no data set {dataset!r}; {nearest(str(dataset), known)}", field="dataset")
    if not isinstance(strict, bool):
        raise ContractError(f"{strict!r}; expected true or false", field="strict")
    about = library().ask("about", dataset=dataset)
    source = Source(dataset, _levels(dataset, level, about["levels"]), _config(dataset, config, about["fields"]))
    for one in source.levels:
        if fault := _fault(source, one):
            raise ContractError(f"{dataset} at {tier_of(one)} cannot be had: {fault}", field="dataset")
    return Gym(source, about["own"], strict)


def _levels(dataset: str, level: Json, many: int) -> tuple[Level, ...]:
    listed = level.split(",") if isinstance(level, str) else level if isinstance(level, list | tuple) else [level]
    told = [str(one).strip() for one in listed]
    allowed = ["default", *map(str, range(many))]
    for one in told:
        if one not in allowed:
            has = f"default, or 0 to {many - 1}" if many else "default: it has no curriculum"
            raise ContractError(f"{dataset} has no level {one!r}; expected {has}", field="level")
    if len(set(told)) < len(told):
        raise ContractError(f"{level!r}; expected each level once", field="level")
    return tuple(None if one == "default" else int(one) for one in told)


def _config(dataset: str, config: Json, known: Sequence[str]) -> str:
    """The one spelling of it, empty where nothing is set."""
    try:
        read = json.loads(config or "{}") if isinstance(config, str) else dict(config)
    except (ValueError, TypeError):
        read = None
    if not isinstance(read, dict):
        raise ContractError(f"{config!r:.60}; expected a JSON object", field="config")
    for name in read:
        if name in ("seed", "size"):
            raise ContractError(f"{name!r} is not set here: split, seed and index decide", field="config")
        if name not in known:
            raise ContractError(f"{dataset} has no setting {name!r}; {nearest(name, known)}", field="config")
    return json.dumps(read, sort_keys=True, separators=(",", ":")) if read else ""


@lru_cache(maxsize=256)
def _fault(source: Source, level: Level) -> str | None:
    """Why a data set is not taken: its first items cannot be made, have no answer, or fail by their own scorer."""
    for index in range(TRIED):
        item = made(source, level, 0, index, TRIED)
        if isinstance(item, Failed):
            return item.why
        if item["gold"] is None:
            return "its items come without an answer, so nothing shows that its scorer can be satisfied"
        if fair(item):
            return None
    return f"its scorer gives {item['full']:g} to its own answer"


def _numbers(one: str, other: str) -> bool:
    """Both are plain numbers, and clearly apart: of an item that has one of them as its answer, the other is none."""
    plain = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
    if not (plain.fullmatch(one) and plain.fullmatch(other)):
        return False
    return abs(float(one) - float(other)) > 0.01 * max(abs(float(one)), abs(float(other)))


def _repaired(answer: str) -> Repair:
    """What stands between answer tags, or in a fence, where there is one of it. Bare text stays as it is: in some data
    sets spaces are part of the answer."""
    for pattern, edit in ((TAGGED, "what stands between the answer tags"), (FENCED, "what stands in the fence")):
        found = pattern.findall(answer)
        if len(found) == 1 and not any(other.search(found[0]) for other in (TAGGED, FENCED)):
            return Repair(answer=found[0].strip(), edits=(edit,))
    return Repair(answer=answer)


def register() -> list[str]:
    """Our contracts as data sets of the library, in this process."""
    from rungwise.interop.gym.register import register as registered

    return registered()
