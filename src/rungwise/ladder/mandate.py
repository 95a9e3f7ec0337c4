"""The mandate of a climb: what may be done without a person, written down before the first rung.

1. Of each class of failure that the diagnosis knows it may say one intervention: one axis, and what becomes of which
   settings. Classes of the judge, the measuring and the machine have none: no training mends them.
2. Every change ends somewhere: a value is its own end, a factor has a bound.
3. Contract, tokens and model are never an intervention's axis. Changing them is a decision.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PrivateAttr, Strict, model_validator

from rungwise.contract import Json, hash_of
from rungwise.errors import InputError, nearest
from rungwise.ladder import gates
from rungwise.ladder.rung import Conditions, Rung, axis_of
from rungwise.ladder.rung import read as read_rung
from rungwise.probe.failures import CLASSES
from rungwise.train.rungfile import Keys, Source, checked, crossed, parsed
from rungwise.train.settings import Above, ContractSettings, Count, Natural, Section

Free = Literal["data", "budget", "reward", "repair"]
UNTRAINABLE = ("eval", "infra", "judge")  # layers that are mended by hand
MENDABLE = {one.name: one for one in CLASSES if one.layer not in UNTRAINABLE}


class Change(Section):
    """What becomes of one setting: a value, or a factor up to a bound."""

    setting: str
    value: Any = None
    times: Above | None = None
    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Change":
        faults = {}
        if (self.value is None) == (self.times is None):
            faults["setting"] = (
                f"{self.setting!r}: {'neither' if self.value is None else 'both'}; expected value or times"
            )
        if self.value is not None and (self.least, self.most) != (None, None):
            faults["value"] = "given with a bound; expected one with times only"
        if self.times == 1:
            faults["times"] = "1; expected a factor that changes something"
        bound = "most" if (self.times or 1) > 1 else "least"
        if self.times not in (None, 1) and getattr(self, bound) is None:
            faults[bound] = f"missing; expected where multiplying by {self.times:g} ends"
        crossed(faults)
        return self

    @property
    def bound(self) -> float | None:
        return self.most if (self.times or 1) > 1 else self.least


class Intervention(Section):
    mends: str  # a class of failure
    axis: Free
    why: Annotated[str, Field(min_length=1)]  # the rung's hypothesis
    changes: Annotated[tuple[Change, ...], Strict(False), Field(min_length=1)]
    expectations: Conditions = ()  # of its rung; a rise of the target where none is given

    @model_validator(mode="after")
    def _fits(self) -> "Intervention":
        settings = [change.setting for change in self.changes]
        faults = {}
        for at, setting in enumerate(settings):
            place, axis = f"changes.{at}.setting", axis_of(setting)
            if instead := _unknown(setting):
                faults[place] = f"no such setting {setting!r}; {instead}"
            elif axis != self.axis:
                faults[place] = f"{setting!r} is of axis {axis or 'none'!r}; expected one of {self.axis!r}"
            elif setting in settings[:at]:
                faults[place] = f"{setting!r} stands twice"
        if self.mends not in MENDABLE:
            known = next((one.layer for one in CLASSES if one.name == self.mends), None)
            told = f"is of the {known}, which no training mends; {nearest('', MENDABLE)}" if known else None
            faults["mends"] = f"{self.mends!r}: {told or nearest(self.mends, MENDABLE)}"
        crossed(faults)
        return self


class Budget(Section):
    """Seconds are those of training and measuring, as a run's cost.json tells them."""

    rungs: Count
    seconds_a_rung: Above
    seconds_in_all: Above
    clock: Literal["wall", "cpu"] = "wall"


class Mandate(Section):
    name: Annotated[str, Field(pattern=r"^[\w.-]+$")] = ""
    contract: ContractSettings
    probe: str  # its folder
    probe_hash: str = ""  # what it must be; where not given, what the first rung was measured on
    start: str  # a rung file
    seed: Natural | None = None  # the start's own where not given
    goal: Annotated[Conditions, Field(min_length=1)]  # reached where each is surely held
    patience: Count = 2  # rungs in a row without a sure gain, after which the climb ends
    canary: Natural = 0  # steps of a trial before each rung; failed once it is tried with twice as many
    budget: Budget
    interventions: Annotated[tuple[Intervention, ...], Strict(False)] = ()
    _source: Source | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _fits(self) -> "Mandate":
        named = [one.mends for one in self.interventions]
        faults = {
            f"interventions.{at}.mends": f"{name!r} has two interventions; expected one"
            for at, name in enumerate(named) if name in named[:at]
        }  # fmt: skip
        for text in self.goal:
            if gates.parsed(text).against == "baseline":
                faults["goal"] = f"{text!r} moves with the baseline; expected a number to be reached"
        if self.budget.seconds_a_rung > self.budget.seconds_in_all:
            faults["budget.seconds_a_rung"] = "is above seconds_in_all"
        crossed(faults)
        return self

    def hash(self) -> str:
        return hash_of(self.model_dump(mode="json"))

    def fault(self, field: str, problem: str) -> InputError:
        assert self._source is not None
        return InputError(self._source.fault((field,), problem))


def read(path: Path) -> tuple[Mandate, Rung]:
    """With the rung it starts from, as that stands in its file; all faults in one InputError, a line each."""
    data, source = parsed(path, ())
    mandate = checked(Mandate, {"name": path.parent.name or path.stem, **data}, source, {})
    mandate._source = source
    start = read_rung(Path(mandate.start), seed=mandate.seed)
    if faults := list(_misfits(mandate, start)):
        raise InputError("\n".join(source.fault(keys, problem) for keys, problem in faults))
    return mandate, start


def _misfits(mandate: Mandate, start: Rung) -> Iterator[tuple[Keys, str]]:
    if not start.asks:
        yield ("start",), f"{mandate.start} asks no question; expected a rung that is measured"
    if start.contract != mandate.contract:
        yield ("contract",), f"is not that of {mandate.start}: {start.contract.name} {start.contract.settings}"
    if start.probe and Path(start.probe.path) != Path(mandate.probe):
        yield ("probe",), f"{mandate.probe!r} is not that of {mandate.start}: {start.probe.path!r}"


def _unknown(setting: str) -> str:
    """What a rung has instead, where there is no such setting; nothing where there is."""
    model: type[BaseModel] = Rung
    for key in setting.split("."):
        if key not in model.model_fields:
            return nearest(key, model.model_fields)
        inner = _section(model.model_fields[key].annotation)
        if inner is None:  # a value, a list or a table: what is below is looked at when it is changed
            return ""
        model = inner
    return "expected a setting in it, not a whole section"


def _section(annotation: Json) -> type[BaseModel] | None:
    branches = [annotation, *getattr(annotation, "__args__", ())] if _union(annotation) else [annotation]
    return next((one for one in branches if isinstance(one, type) and issubclass(one, BaseModel)), None)


def _union(annotation: Json) -> bool:
    return type(None) in getattr(annotation, "__args__", ())
