"""A whole rung: one question, what is expected, what is changed against which baseline, and the training sections.

1. What may differ from the baseline is one axis. Every setting belongs to one; those that change no result (where it
   runs, how often it writes) and what is asked belong to none. A section that only one of the two has is a change of
   its own axis: adding [rl] pays a reward that was not paid before.
2. Expectations and gates are conditions, see gates.py: both are written before the run. A rung is promoted only where
   its gates hold.
3. A rung without a question can be trained, and that is all.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, model_validator

from rungwise.contract import Json, hash_of
from rungwise.errors import InputError
from rungwise.ladder import gates
from rungwise.train import settings
from rungwise.train.rungfile import crossed
from rungwise.train.settings import Natural, NonNegative, Section, Share

Axis = Literal["contract", "data", "tokens", "model", "budget", "reward", "repair"]

# The longest beginning of a setting's name says what it belongs to; "" is none.
AXES: Mapping[str, str] = {
    "contract": "contract", "tokens": "tokens", "model": "model", "model.context": "tokens",
    "model.add_tokens": "tokens", "model.chat": "tokens", "model.device": "", "model.workers": "",
    "sft": "budget", "sft.tasks": "data", "sft.split": "data", "sft.tiers": "data", "sft.mixture": "data",
    "sft.expert": "data", "sft.heldout": "", "sft.heldout_split": "", "sft.every": "",
    "rl": "reward", "rl.tasks": "data", "rl.split": "data", "rl.draw": "data", "rl.curriculum": "data",
    "rl.tiers": "data", "rl.threshold": "data", "rl.difficulty": "data", "rl.start": "model", "rl.prompts": "budget",
    "rl.k": "budget", "rl.steps": "budget", "rl.steps_per_batch": "budget", "rl.temperature": "budget",
    "rl.max_new_tokens": "budget",
    "rl.lr": "budget", "rl.warmup": "budget", "rl.optimiser": "budget", "rl.weight_decay": "budget",
    "rl.betas": "budget", "rl.clip": "budget", "rl.grammar": "repair", "rl.floor": "repair", "rl.answer": "repair",
    "rl.watch": "", "rl.drift": "", "rl.every": "",
}  # fmt: skip
ASKED = ("name", "seed", "question", "hypothesis", "axis", "baseline", "target", "expectations", "gates", "signed",
         "probe", "blueprint", "preflight", "cost")  # fmt: skip


def _condition(text: str) -> str:
    gates.parsed(text)
    return text


Condition = Annotated[str, AfterValidator(_condition)]
Conditions = Annotated[tuple[Condition, ...], Strict(False)]


class ProbeSettings(Section):
    path: str  # the probe's folder
    learned: bool = True  # tell what was seen in training from what was not


class BlueprintSettings(Section):
    path: str
    stage: str = ""  # whose mix SFT's rows must have; not needed where there is one stage


class PreflightSettings(Section):
    examined: Annotated[int, Field(ge=4)] = 8  # tasks of each split that the judge is examined on
    repair_share: Share = 0.15  # the most rows of a source named repair
    anchor_share: Share = 0.0  # the fewest rows of a source named anchor
    canary: Natural = 0  # steps of a trial run whose answers must be readable
    pilot: str | None = None  # a rung file that must have been measured, with nothing worse than the baseline


class CostSettings(Section):
    price: NonNegative = 0.0  # of an hour of this machine
    currency: str = "USD"


class Rung(settings.Rung):
    question: str = ""
    hypothesis: str = ""
    axis: Axis | None = None
    baseline: str | None = None  # a rung file
    target: str = "greedy"  # the metric that must rise
    expectations: Conditions = ()
    gates: Conditions = ()
    signed: bool = False  # a promotion waits for a person's name
    probe: ProbeSettings | None = None
    blueprint: BlueprintSettings | None = None
    preflight: PreflightSettings = PreflightSettings()
    cost: CostSettings = CostSettings()

    @property
    def asks(self) -> bool:
        return bool(self.question)

    @model_validator(mode="after")
    def _asked(self) -> "Rung":
        faults = {}
        if self.question:
            needed = {
                "hypothesis": (self.hypothesis, "what you expect, and why"),
                "probe": (self.probe, "[probe] with the path of one: results are compared on nothing else"),
                "expectations": (self.expectations, "at least one condition, such as 'greedy >= 0.5'"),
            }
            faults = {name: f"missing; expected {what}" for name, (given, what) in needed.items() if not given}
        if self.baseline and not self.axis:
            faults["axis"] = "missing; expected the one thing that differs from the baseline"
        against = [text for text in (*self.expectations, *self.gates) if gates.parsed(text).against == "baseline"]
        if against and not self.baseline:
            faults["baseline"] = f"missing; {against[0]!r} compares with it"
        crossed(faults)
        return self


def read(path: Path, overrides: Sequence[str] = (), seed: int | None = None) -> Rung:
    return settings.read_as(Rung, path, overrides, seed)


def training(rung: Rung) -> dict[str, Json]:
    """The settings that a result can depend on, the seed left out."""
    return {key: value for key, value in rung.record().items() if key not in ASKED}


def settings_hash(rung: Rung) -> str:
    return hash_of(training(rung))


# ---- against the baseline ----


def changed(rung: Rung, baseline: Rung) -> dict[str, list[str]]:
    """By axis, each setting that is not the baseline's."""
    found = defaultdict(list)
    was, now = training(baseline), training(rung)
    if rung.sft is None and _goes_on(rung, baseline):  # its SFT is the baseline's own
        now["sft"] = was["sft"]
        now["rl"], was["rl"] = _without_start(now["rl"]), _without_start(was["rl"])
    for key, old, new in _compared(was, now):
        if axis := axis_of(key):
            found[axis].append(f"{key}: {_told(old)} -> {_told(new)}")
    return dict(found)


def _goes_on(rung: Rung, baseline: Rung) -> bool:
    """Whether RL begins with what the baseline has learned, or with what it began with."""
    start = rung.rl.start if rung.rl else ""
    theirs = baseline.rl.start if baseline.rl else ""
    return start == theirs or Path(start).parent.name == baseline.name


def _without_start(rl: Json) -> Json:
    return {key: value for key, value in rl.items() if key != "start"} if rl else rl


def axis_of(key: str) -> str:
    ways = [name for name in AXES if key == name or key.startswith(f"{name}.")]
    return AXES[max(ways, key=len)] if ways else ""


def _compared(was: Json, now: Json, place: str = "") -> Iterator[tuple[str, Json, Json]]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted({*was, *now}):
            yield from _compared(was.get(key), now.get(key), f"{place}.{key}" if place else key)
    elif _tables(was) and _tables(now) and len(was) == len(now):
        for number, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _compared(one, other, f"{place}.{number}")
    elif was != now:
        yield place, was, now


def _tables(value: Json) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, dict) for one in value)


def flattened(value: Json, place: str = "") -> Iterator[tuple[str, Json]]:
    """Every setting by its whole name."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from flattened(value[key], f"{place}.{key}" if place else key)
    else:
        yield place, value


def _told(value: Json) -> str:
    if isinstance(value, dict):
        return "a section" if value else "nothing"
    return "nothing" if value is None else f"{value!r:.60}"


def require_one_axis(rung: Rung, baseline: Rung) -> None:
    """A rung answers one question only where one thing differs."""
    found = changed(rung, baseline)
    others = {axis: told for axis, told in found.items() if axis != rung.axis}
    if others:
        told = "; ".join(f"{axis}: {', '.join(lines)}" for axis, lines in others.items())
        raise InputError(rung.fault(("axis",), f"is {rung.axis!r}, but it differs from {rung.baseline} by {told} too"))
    if not found:
        raise InputError(rung.fault(("axis",), f"is {rung.axis!r}, but nothing differs from {rung.baseline}"))
