"""A curriculum written down before its rows are made: what is taught where, by which rows, and what will go wrong.

    families       what there is, with its forms and the fields that count something
    profiles       for rows that only say what is wanted: which intent stands for which form
    competencies   what is to be learned, and the stages it must appear in
    surfaces       kinds of rows: whole answers that are kept alive, hygiene, intent, bridges, contrasts
    frontiers      where learning is expected to fail, why, and the surfaces that are there for it
    stages         the mix of surfaces, in hundredths of the rows
    holdouts       what is measured and never learned from

1. Reading it checks its form alone; audit.py says what is wrong with what it says, rows_audit.py whether rows are what
   it says.
2. Which surface, form and family a row is of stands in the facts of its task, under the names in [keys].
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr, Strict

from rungwise.ladder.ledger import Ledger
from rungwise.ladder.phases import Shown, require_phase, result_of
from rungwise.ladder.rung import Conditions
from rungwise.probe.result import part
from rungwise.train.rungfile import Keys, Source, checked, parsed
from rungwise.train.settings import ContractSettings, Section

Names = Annotated[tuple[str, ...], Strict(False)]
TYPES = ("anchor", "hygiene", "intent", "bridge", "contrast")
BANNED_TYPES = ("repair_prose", "warning_language", "negative_only")
VERSION = 1
# Whoever learns from rows that warn of a mistake learns to write the warning, or the mistake.
WARNINGS = ("do not", "don't", "never", "avoid", "must not", "warning", "mistake", "incorrect", "instead of")


class KeySettings(Section):
    surface: str = "surface"
    form: str = "form"


class BannedSettings(Section):
    phrases: Names = WARNINGS  # whole words, in prompts and answers, capitals or not


class Family(Section):
    name: str
    forms: Names = ()
    counts: Names = ()


class Profile(Section):
    name: str
    family: str
    form: str
    intent: dict[str, str] = Field(default_factory=dict)  # topic, goal, audience, ...


class Competency(Section):
    name: str
    stages: Names = ()


class Surface(Section):
    name: str
    type: str
    families: Names = ()
    competencies: Names = ()


class Frontier(Section):
    name: str
    why: str = ""
    covered_by: Names = ()


class StageMix(Section):
    name: str
    mix: dict[str, float]  # by surface


class Holdout(Section):
    name: str
    per_family: int
    surfaces: Names = ()


class Evidence(Section):
    """The run that a phase was reached by."""

    phase: str
    run: str
    slice: str = ""  # of its probe
    conditions: Conditions = ()  # besides those of the phase
    choice: str = ""  # K5: the metric that says whether a right family was chosen


class Blueprint(Section):
    version: int
    name: str = ""
    objective: str
    contract: ContractSettings
    keys: KeySettings = KeySettings()
    banned: BannedSettings = BannedSettings()
    families: Annotated[tuple[Family, ...], Strict(False), Field(min_length=1)]
    profiles: Annotated[tuple[Profile, ...], Strict(False)] = ()
    competencies: Annotated[tuple[Competency, ...], Strict(False)] = ()
    surfaces: Annotated[tuple[Surface, ...], Strict(False), Field(min_length=1)]
    frontiers: Annotated[tuple[Frontier, ...], Strict(False)] = ()
    stages: Annotated[tuple[StageMix, ...], Strict(False), Field(min_length=1)]
    holdouts: Annotated[tuple[Holdout, ...], Strict(False)] = ()
    non_regression: Names = ()  # surfaces that no stage may be without
    phase: str = ""
    evidence: Annotated[tuple[Evidence, ...], Strict(False)] = ()
    _source: Source | None = PrivateAttr(default=None)

    def fault(self, keys: Keys, problem: str) -> str:
        return self._source.fault(keys, problem) if self._source else f"{'.'.join(map(str, keys))}: {problem}"


def read(path: Path) -> Blueprint:
    data, source = parsed(path, ())
    made = checked(Blueprint, {"name": path.stem, **data}, source, {})
    made._source = source
    return made


def require_in_phase(blueprint: Blueprint, ledger: Ledger) -> None:
    """Refuses a phase before the ladder holds what comes before it."""
    if blueprint.phase:
        require_phase(blueprint.phase, {one.phase: _shown(one, ledger) for one in blueprint.evidence})


def _shown(one: Evidence, ledger: Ledger) -> Shown:
    rows = result_of(one.run, ledger).rows
    return Shown(rows=part(rows, one.slice) if one.slice else rows, conditions=one.conditions, choice=one.choice)
