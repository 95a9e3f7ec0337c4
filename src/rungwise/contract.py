"""What a contract is: a language, its judge and its tasks, under one name and version. And how one is found by name.

A user's contract looks exactly like ours: a factory with keyword settings that returns an object with the members of
`Contract`. It is found through the entry-point group `rungwise.contracts`, as `package.module:attr`, or as
`path/to/file.py:attr`.
"""

import hashlib
import importlib
import importlib.util
import inspect
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, overload

import msgspec

from rungwise.errors import ContractError, JudgeUnavailable, nearest

Json = Any

GROUP = "rungwise.contracts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One problem. `facts` are the judge's and are never shown to a policy."""

    id: str
    contract: str
    split: str
    tier: str
    family: str
    prompt: str
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge says of an answer."""

    score: float
    passed: bool
    failure: str | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    measures: Mapping[str, float] = field(default_factory=dict)
    shape: str | None = None
    exploit: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """A deliberately wrong answer, with the failure label that the judge must give it."""

    answer: str
    label: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to one task: one is paid by an exploit of this kind, the other does without and is like it else."""

    task: Task
    exploit: str
    clean: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """An answer after the deterministic mend, and what was done to it."""

    answer: str
    edits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """The language as data: named regular expressions that refer to each other as <name>, without recursion.

    Only literals, classes, groups, alternatives and repetition, so that the rules compile to a finite automaton. A line
    end is written as itself. `reserved` are the words of structure, never of payload: tokens worth an id of their own.
    """

    start: str
    rules: Mapping[str, str]
    reserved: tuple[str, ...]

    def regex(self) -> str:
        return _expanded(self.rules, self.start, ())


def _expanded(rules: Mapping[str, str], name: str, above: tuple[str, ...]) -> str:
    if name in above:
        raise ContractError(f"grammar rule <{name}> refers to itself by way of {' > '.join(above)}")
    body = rules[name]
    for inner in rules:
        if f"<{inner}>" in body:
            body = body.replace(f"<{inner}>", _expanded(rules, inner, (*above, name)))
    return f"(?:{body})"


class Contract(Protocol):
    """The members every contract has; the first six are plain attributes. Optional ones: see `OPTIONAL`."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def tiers(self) -> tuple[str, ...]: ...
    @property
    def splits(self) -> tuple[str, ...]: ...
    @property
    def failures(self) -> Mapping[str, str]: ...
    @property
    def gold_floor(self) -> float: ...

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]: ...
    def gold(self, task: Task) -> str | None: ...
    def judge(self, task: Task, answer: str) -> Verdict: ...
    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]: ...
    def repair(self, answer: str) -> Repair: ...
    def grammar(self) -> Grammar | None: ...
    def picture(self, task: Task, answer: str) -> str | None: ...


MEMBERS: Mapping[str, tuple[str, ...] | type] = {
    "name": str,
    "version": str,
    "tiers": tuple,
    "splits": tuple,
    "failures": Mapping,
    "gold_floor": float,
    "tasks": ("split", "n", "seed"),
    "gold": ("task",),
    "judge": ("task", "answer"),
    "sabotage": ("task", "seed"),
    "repair": ("answer",),
    "grammar": (),
    "picture": ("task", "answer"),
}
OPTIONAL: Mapping[str, str] = {
    "settings": "Mapping: all its keyword settings, defaults included; part of its identity",
    "judge_batch": "(pairs) -> list of verdicts, where judging many at once is cheaper",
    "canonical": "(answer) -> the one spelling of it, or None where it does not parse",
    "structure": "(task) -> what makes two tasks the same problem in other words; the facts where absent",
    "feedback": "(task, answer) -> what a policy may be told before a second try; never the solution",
    "attempt": "(task, seed) -> a plausible unskilled answer, by which the tiers' difficulty is measured",
    "pick": "(task, answers) -> index of the best of k, without the judge",
    "reslot": "(task, known task, its gold) -> that gold with this task's payload: what a lookup table would write",
    "pairs": "(n, seed) -> pairs of an exploiting and a clean answer to one task, by which RL is steered",
    "cased": "whether capitals tell one prompt from another; without it prompts that differ in them alone are the same",
    "shallow": "Mapping: name -> (task) -> what a policy writes that reads the prompt and works nothing out",
    "public": "(task) -> what may be shown of a task besides its prompt",
}


class Lazy(Sequence[Task]):
    """Tasks that are made when they are looked at, so that processes can share the making: no two depend on each
    other. Where an item's tier is known beforehand, `tier` saves making those that nobody wants."""

    def __init__(self, indices: range, make: Callable[[int], Task], tier: Callable[[int], str] | None = None) -> None:
        self._indices, self._make, self._tier = indices, make, tier

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, at: int) -> Task: ...
    @overload
    def __getitem__(self, at: slice) -> "Lazy": ...
    def __getitem__(self, at: int | slice) -> "Task | Lazy":
        if isinstance(at, slice):
            return Lazy(self._indices[at], self._make, self._tier)
        return self._make(self._indices[at])

    def tier(self, at: int) -> str | None:
        return self._tier(self._indices[at]) if self._tier else None


def task_id(contract: str, version: str, **content: Json) -> str:
    """Equal tasks have equal ids: the split is left out on purpose, so that a leak between splits shows."""
    return hash_of([contract, version, content])[:16]


def hash_of(value: Json) -> str:
    """sha256 over the canonical JSON of a value."""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def identity(contract: Contract) -> str:
    """name@version with the settings that were given, as every hash and table names it."""
    settings = getattr(contract, "settings", {})
    inner = ",".join(f"{key}={settings[key]}" for key in sorted(settings))
    return f"{contract.name}@{contract.version}" + (f"[{inner}]" if inner else "")


def structure_of(contract: Contract, task: Task) -> str:
    """The hash of what makes the task this problem, whatever its words."""
    own = getattr(contract, "structure", None)
    return hash_of(own(task) if own else task.facts)


def judge_all(contract: Contract, pairs: Sequence[tuple[Task, str]], *, attempts: int = 3) -> list[Verdict]:
    """The verdicts in order; a judge that cannot run is tried again, then the run stops."""
    for attempt in range(attempts):
        try:
            batch: Callable[..., list[Verdict]] | None = getattr(contract, "judge_batch", None)
            return batch(pairs) if batch else [contract.judge(task, answer) for task, answer in pairs]
        except JudgeUnavailable:
            if attempt == attempts - 1:
                raise
            time.sleep(0.1 * 2**attempt)
    raise AssertionError("attempts must be at least 1")


# ---- finding a contract ----


def installed() -> dict[str, str]:
    """Name -> "package.module:attr" of every contract that an installed package offers."""
    return {entry.name: entry.value for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name)}


def load_contract(spec: str, settings: Mapping[str, Json] | None = None) -> Contract:
    """The contract that `spec` names, made with `settings`, its members checked."""
    place, attribute = _place(spec)
    made = _attribute(_module(place), place, attribute)
    if inspect.isclass(made) or not hasattr(made, "judge"):
        made = _made(made, spec, dict(settings or {}))
    elif settings:
        raise ContractError(f"{spec} is a contract already made; settings need a factory: {', '.join(settings)}")
    return checked(made, spec)


def factory_module(spec: str) -> ModuleType:
    """Where the contract that `spec` names is made."""
    return _module(_place(spec)[0])


def _place(spec: str) -> tuple[str, str]:
    names = installed()
    if ":" not in spec and spec not in names:
        raise ContractError(
            f"no contract {spec!r}; {nearest(spec, names)} (or name one as package.module:attr or path/file.py:attr)"
        )
    place, _, attribute = names.get(spec, spec).rpartition(":")
    return place, attribute


def _module(place: str) -> ModuleType:
    try:
        return _file_module(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except Exception as error:
        raise ContractError(f"cannot import {place}: {_first_own_line(error)}") from error


def _file_module(path: Path) -> ModuleType:
    if not path.is_file():
        raise ContractError("no such file", file=path)
    name = f"rungwise_user_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(path.parent)])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _first_own_line(error: Exception) -> str:
    """Where in the user's own code an import failed: the last frame that is not the import machinery's."""
    kind = f"{type(error).__name__}: {error}"
    if isinstance(error, ContractError | ModuleNotFoundError):
        return str(error)
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {kind}"
    own = [
        f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename and f.filename != __file__
    ]
    return f"{own[0].filename}:{own[0].lineno}: {kind}" if own else kind


def _attribute(module: ModuleType, place: str, attribute: str) -> Any:
    if not hasattr(module, attribute):
        own = [name for name in vars(module) if not name.startswith("_")]
        raise ContractError(f"{place} has no {attribute!r}; {nearest(attribute, own)}")
    return getattr(module, attribute)


def _made(factory: Any, spec: str, settings: dict[str, Json]) -> Any:
    if not callable(factory):
        raise ContractError(f"{spec} is a {type(factory).__name__}; expected a contract or a factory that returns one")
    known = inspect.signature(factory).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        for name in settings:
            if name not in known:
                raise ContractError(f"{spec} has no setting {name!r}; {nearest(name, known)}")
    try:
        return factory(**settings)
    except ContractError:
        raise
    except Exception as error:
        raise ContractError(f"{spec} could not be made: {_first_own_line(error)}") from error


def checked(made: Any, spec: str) -> Contract:
    """The object itself, where it has every member of the protocol; one line that names the fault otherwise."""
    for member, expected in MEMBERS.items():
        if not hasattr(made, member):
            raise ContractError(f"{spec} lacks the member {_declared(member)}")
        value = getattr(made, member)
        if isinstance(expected, tuple):
            _require_signature(value, spec, member, expected)
        elif not isinstance(value, (int, float) if expected is float else expected):
            raise ContractError(
                f"{spec}.{member} is a {type(value).__name__} ({value!r:.60}); expected {_declared(member)}"
            )
    for member in ("tiers", "splits", "failures"):
        if not getattr(made, member):
            raise ContractError(f"{spec}.{member} is empty; expected at least one entry")
    contract: Contract = made
    return contract


def _declared(member: str) -> str:
    expected = MEMBERS[member]
    if isinstance(expected, tuple):
        return f"{member}({', '.join(expected)})"
    return f"{member}: {expected.__name__}"


def _require_signature(value: Any, spec: str, member: str, expected: tuple[str, ...]) -> None:
    if not callable(value):
        raise ContractError(f"{spec}.{member} is a {type(value).__name__}; expected a method {_declared(member)}")
    try:
        inspect.signature(value).bind(*[None] * len(expected))
    except TypeError as error:
        raise ContractError(f"{spec}.{member} cannot be called as {_declared(member)}: {error}") from error
