"""How far a language with a compiler has come, in five phases. None is skipped: each asks for what the one before gave.

1. A phase is reached where a run that was ruled on is measured as its gate asks, on tasks enough and, where it says so,
   on families enough. Gates ask for the estimate: three tasks have no narrow interval.
2. What a phase that fails means stands beside it, since that is what to look at before the next one is tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.ladder import gates
from rungwise.ladder.artifacts import sha256_of
from rungwise.ladder.ledger import Ledger
from rungwise.probe.measure import Result
from rungwise.probe.measure import read as read_result
from rungwise.probe.result import Row, estimate, part


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    name: str
    title: str
    tasks: int  # the fewest that it is measured on
    conditions: tuple[str, ...]
    means: str  # what a failure is a sign of
    families: int = 1  # the fewest of them
    each_family: float = 0.0  # the least pass rate of every one
    choice: float | None = None  # above it the metric of choice must be, where the language leaves one


PHASES: tuple[Phase, ...] = (
    Phase(name="K1", title="three golds by heart", tasks=3, conditions=("exact >= 100%", "parsed >= 100%"),
          means="the language, its tokens or the context are wrong"),
    Phase(name="K2", title="what was held out", tasks=6, conditions=("greedy > 70%",),
          means="rows are too alike: more kinds of edits"),
    Phase(name="K3", title="more families", tasks=7, conditions=("greedy > 70%",), families=5, each_family=0.5,
          means="too little of what was learned before is kept alive"),
    Phase(name="K4", title="new combinations", tasks=10, conditions=("greedy > 60%",),
          means="tokens stand for too much at once"),
    Phase(name="K5", title="open planning", tasks=20, conditions=("parsed > 90%",), choice=0.8,
          means="prompts are too alike, or the model is too small"),
)  # fmt: skip
NAMES = tuple(phase.name for phase in PHASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What stands for a phase: the rows of a measured run, what else is asked of them, and the metric of choice."""

    rows: Sequence[Row]
    conditions: Sequence[str] = ()
    choice: str = ""


def phase_reached(shown: Mapping[str, Shown]) -> str | None:
    """The last phase whose gate holds, with all before it; None where not even the first one's does."""
    require_known(shown)
    reached = None
    for phase in PHASES:
        if phase.name not in shown or faults(phase, shown[phase.name]):
            break
        reached = phase.name
    return reached


def require_phase(name: str, shown: Mapping[str, Shown]) -> None:
    """Refuses to enter a phase before all that come before it are reached; what is missing is named."""
    require_known([name, *shown])
    told = []
    for phase in PHASES[: NAMES.index(name)]:
        lacking = faults(phase, shown[phase.name]) if phase.name in shown else ["no run stands for it"]
        told += [f"{phase.name} ({phase.title}): {one}" for one in lacking]
    if told:
        raise RungwiseError(f"{name} cannot begin: {'; '.join(told)}")


def require_known(names: Mapping[str, Shown] | Sequence[str]) -> None:
    for name in names:
        if name not in NAMES:
            raise InputError(f"no phase {name!r}; {nearest(name, NAMES)}", field="phase")


def faults(phase: Phase, shown: Shown) -> list[str]:
    rows = shown.rows
    families = sorted({row.family for row in rows})
    told = []
    if len(rows) < phase.tasks:
        told.append(f"{len(rows)} tasks; expected at least {phase.tasks}")
    if len(families) < phase.families:
        told.append(f"{len(families)} families; expected at least {phase.families}")
    told += [f"{text} does not hold: {estimate(rows, gates.parsed(text).metric)}; {phase.means}"
             for text in (*phase.conditions, *shown.conditions) if not _holds(text, rows)]  # fmt: skip
    for family in families if phase.each_family else ():
        value = estimate(part(rows, f"family={family}"), "greedy").value
        if value < phase.each_family:
            told.append(f"family {family} is at {value:.0%}; expected {phase.each_family:.0%}; {phase.means}")
    return told + _choice(phase, shown)


def _holds(text: str, rows: Sequence[Row]) -> bool:
    asked = gates.parsed(text)
    if asked.against is not None:
        raise InputError(f"compares with the {asked.against}; expected a figure of the run itself", field=text)
    found = estimate(part(rows, asked.part) if asked.part else rows, asked.metric)
    return found.n > 0 and gates.HOW[asked.how](found.value, asked.bound)


def _choice(phase: Phase, shown: Shown) -> list[str]:
    if phase.choice is None:
        return []
    if not shown.choice:
        return [f"no metric of choice is named; expected one such as part.family above {phase.choice:.0%}"]
    found = estimate(shown.rows, shown.choice)
    return (
        []
        if found.n and found.value > phase.choice
        else [f"{shown.choice} is {found}; expected above {phase.choice:.0%}"]
    )


def result_of(run: str, ledger: Ledger) -> Result:
    """A run's result, where the ladder has ruled on it and the files are what it has recorded."""
    measured, ruled = ledger.last(run, "measured"), ledger.last(run, "ruled")
    if measured is None or ruled is None or ruled.number < measured.number:
        raise InputError(f"is not ruled on in {ledger.path}; expected a run that is", file=run)
    if sha256_of(Path(run) / "probe" / "result.json") != measured.body["result"]:
        raise RungwiseError(f"{run}/probe/result.json is not what the ladder has recorded (entry {measured.number})")
    return read_result(Path(run) / "probe")
