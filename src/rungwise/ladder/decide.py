"""What comes after a rung: a pure function of the mandate and of what the ladder says. It never guesses.

    run, resume   the next rung, or the one that was begun
    a stop        by name; KNOWN are ends that the mandate has foreseen, every other one asks for a person

1. A next rung is the last one with the one intervention that the mandate has for its class of failure, and nothing
   else. It is held against the last one, and its promotion waits for a person's name.
2. What cannot be compared, is edited or not green is told before anything else; then the goal; then the bounds; then
   the class of failure.
3. The diagnosis' order decides between classes of different layers: measuring comes before budget, budget before data.
   Within one layer it does not: where another class stands as far beyond its threshold as the first one and the mandate
   has another intervention for it, that is a tie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from rungwise.errors import InputError
from rungwise.ladder.intervene import bounds, intervened, own, told
from rungwise.ladder.mandate import Intervention, Mandate
from rungwise.ladder.rung import Rung, require_one_axis, settings_hash
from rungwise.probe.failures import CLASSES
from rungwise.probe.stats import ALPHA

KNOWN = ("goal", "rungs_spent", "seconds_spent", "rung_too_long", "bound_reached", "no_gain")
LAYERS = {one.name: one.layer for one in CLASSES}
SAME = {"contract": "contract_changed", "tokens": "tokenizer_changed", "model": "model_changed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A rung of the climb that was ruled on."""

    file: str
    rung: Rung
    settings: str  # the hash that the ladder has of them
    probe: str  # the hash of what it was measured on
    seconds: float
    verb: str
    failing: tuple[str, ...] = ()  # gates of its own that do not hold
    goal: tuple[str, ...] = ()  # each condition, as far as it is held
    reached: bool = False
    gain: float | None = None  # of the target over the baseline's, with its p
    p: float = 1.0
    classes: tuple[tuple[str, float], ...] = ()  # of failure, the primary one first; by how many times the threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    start: Rung
    probe: str = ""  # the hash of what lies there now
    probe_fault: str = ""  # why it cannot be measured on
    ran: tuple[Ran, ...] = ()
    begun: Rung | None = None  # the rung after those, where its file is written
    refused: tuple[str, ...] = ()  # gates that have just refused it


@dataclass(frozen=True, slots=True)
class Next:
    """A rung to be written and run: one more, or the begun one with a longer canary."""

    number: int
    rung: Rung
    sentence: str
    status: str = "run"


@dataclass(frozen=True, slots=True)
class Resume:
    number: int
    sentence: str
    status: str = "resume"


@dataclass(frozen=True, slots=True)
class Stop:
    status: str
    sentence: str

    @property
    def exit_code(self) -> int:
        return 0 if self.status in KNOWN else 1


Decision = Next | Resume | Stop


def decide(mandate: Mandate, standing: Standing) -> Decision:
    if stop := _not_comparable(mandate, standing):
        return stop
    if standing.begun is not None:
        return _begun(mandate, standing, standing.begun)
    if not standing.ran:
        return Next(1, _first(mandate, standing.start), f"{mandate.start} has not run yet")
    last = standing.ran[-1]
    return next(filter(None, (look(mandate, standing, last) for look in LOOKS)), None) or _next(mandate, standing, last)


# ---- whether all is still what it was ----


def _not_comparable(mandate: Mandate, standing: Standing) -> Stop | None:
    if standing.probe_fault:
        return Stop("probe_changed", standing.probe_fault)
    wanted = mandate.probe_hash or (standing.ran[0].probe if standing.ran else standing.probe)
    found = [("the probe that lies there", standing.probe), *((ran.file, ran.probe) for ran in standing.ran)]
    for what, probe in found:
        if probe != wanted:
            return Stop(
                "probe_changed", f"{what} is {probe[:12]}; expected {wanted[:12]}: tasks, judge or decoding differ"
            )
    for ran in standing.ran:
        if settings_hash(ran.rung) != ran.settings:
            return Stop("rung_edited", f"{ran.file} is not what was run")
    rungs = [
        *((ran.file, ran.rung) for ran in standing.ran),
        *([("the rung begun", standing.begun)] if standing.begun else []),
    ]
    return next(filter(None, (_another(mandate, standing.start, *one) for one in rungs)), None)


def _another(mandate: Mandate, start: Rung, file: str, rung: Rung) -> Stop | None:
    """A rung that is of another contract, tokenizer or model than the climb's."""
    for section, status in SAME.items():
        wanted = mandate.contract if section == "contract" else getattr(start, section)
        if getattr(rung, section) != wanted:
            return Stop(status, f"{file}: [{section}] is not that of {mandate.start}")
    return None


def _begun(mandate: Mandate, standing: Standing, rung: Rung) -> Decision:
    number = len(standing.ran) + 1
    if not standing.refused:
        return Resume(number, f"rung {number} was begun")
    if standing.refused != ("canary",):
        return Stop("preflight_failed", f"rung {number} is refused by {', '.join(standing.refused)}")
    tried = rung.preflight.canary
    if tried >= 2 * mandate.canary:
        return Stop(
            "canary_failed", f"no answer of rung {number} can be read after {tried} steps, nor after half of them"
        )
    longer = rung.preflight.model_copy(update={"canary": 2 * mandate.canary})
    return Next(
        number, rung.model_copy(update={"preflight": longer}), "its canary failed: once more with twice the steps"
    )


def _first(mandate: Mandate, start: Rung) -> Rung:
    return start.model_copy(update=own(mandate, start, 1))


# ---- whether to go on ----


def _gates(_mandate: Mandate, _standing: Standing, last: Ran) -> Stop | None:
    return Stop("gates_failed", f"{last.file}: {'; '.join(last.failing)}") if last.failing else None


def _goal(_mandate: Mandate, _standing: Standing, last: Ran) -> Stop | None:
    return Stop("goal", f"{last.file}: {'; '.join(last.goal)}") if last.reached else None


def _worse(_mandate: Mandate, _standing: Standing, last: Ran) -> Stop | None:
    if last.gain is None or last.gain >= 0 or last.p >= ALPHA:
        return None
    return Stop("worse", f"{last.file} is surely worse than what it changes ({last.gain:+.1%}, p={last.p:.2g})")


def _branch(_mandate: Mandate, _standing: Standing, last: Ran) -> Stop | None:
    return (
        Stop("ceiling", f"{last.file} was ruled branch: what is left is not of this mandate")
        if last.verb == "branch"
        else None
    )


def _gain(mandate: Mandate, standing: Standing, _last: Ran) -> Stop | None:
    later = standing.ran[1:][-mandate.patience :]
    if len(later) < mandate.patience or any((ran.gain or 0) > 0 and ran.p < ALPHA for ran in later):
        return None
    return Stop("no_gain", f"{mandate.patience} rungs in a row without a sure gain over what they change")


def _rungs(mandate: Mandate, standing: Standing, _last: Ran) -> Stop | None:
    spent = len(standing.ran) >= mandate.budget.rungs
    return Stop("rungs_spent", f"{len(standing.ran)} of {mandate.budget.rungs} rungs have run") if spent else None


def _seconds(mandate: Mandate, standing: Standing, last: Ran) -> Stop | None:
    budget, spent = mandate.budget, sum(ran.seconds for ran in standing.ran)
    if last.seconds > budget.seconds_a_rung:
        return Stop("rung_too_long", f"{last.file} took {last.seconds:.0f} s of {budget.seconds_a_rung:g}")
    if spent + budget.seconds_a_rung > budget.seconds_in_all:
        told = f"{spent:.0f} of {budget.seconds_in_all:g} s are spent: no room for a rung of {budget.seconds_a_rung:g}"
        return Stop("seconds_spent", told)
    return None


LOOKS: Sequence[Callable[[Mandate, Standing, Ran], Stop | None]] = (
    _gates, _goal, _worse, _branch, _gain, _rungs, _seconds
)  # fmt: skip


# ---- what to do ----


def _next(mandate: Mandate, standing: Standing, last: Ran) -> Decision:
    chosen = _chosen(mandate, last)
    return chosen if isinstance(chosen, Stop) else _changed(mandate, standing, last, chosen)


def _chosen(mandate: Mandate, last: Ran) -> Intervention | Stop:
    if not last.classes:
        return Stop("class_none", f"{last.file}: the goal is not reached, and no class of failure is found")
    encoded = {one.mends: one for one in mandate.interventions}
    primary, strength = last.classes[0]
    if primary not in LAYERS:
        return Stop("class_unknown", f"{last.file}: there is no class of failure {primary!r}")
    if primary not in encoded:
        return Stop("class_not_in_mandate", f"{last.file}: the mandate has no intervention for {primary}")
    for name, other in last.classes[1:]:
        rival = encoded.get(name)
        if rival and LAYERS.get(name) == LAYERS[primary] and other >= strength and not _alike(rival, encoded[primary]):
            return Stop(
                "tie", f"{last.file}: {name} is as strong as {primary}, and the mandate does another thing for each"
            )
    return encoded[primary]


def _alike(one: Intervention, other: Intervention) -> bool:
    return (one.axis, one.changes) == (other.axis, other.changes)


def _changed(mandate: Mandate, standing: Standing, last: Ran, chosen: Intervention) -> Decision:
    number = len(standing.ran) + 1
    try:
        rung = intervened(mandate, last.rung, last.file, chosen, number)
        if rung is None:
            return Stop("bound_reached", f"{chosen.mends}: {bounds(chosen)} is reached in {last.file}")
        require_one_axis(rung, last.rung)
    except (InputError, ValidationError, TypeError) as error:
        return Stop(
            "not_applicable", f"{last.file}: what the mandate has for {chosen.mends} does not fit: {_line(error)}"
        )
    if before := next((ran.file for ran in standing.ran if settings_hash(ran.rung) == settings_hash(rung)), None):
        return Stop("tried", f"what the mandate has for {chosen.mends} leads back to {before}")
    return Next(number, rung, f"{chosen.mends} in {last.file}: {told(rung, last.rung)}")


def _line(error: Exception) -> str:
    return error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
