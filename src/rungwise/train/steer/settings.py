"""[rl.steer] of a rung file: one arm, and the fields that are that arm's own."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SerializerFunctionWrapHandler, Strict, model_serializer, model_validator

from rungwise.train.rungfile import crossed
from rungwise.train.section import STRICT, Above, Count, Decay, Natural, Share

ArmName = Literal["project", "advantage", "penalty", "screen", "detector", "route", "absorb", "router", "trusted"]
Direction = Literal["pairs", "random", "shuffled", "clean", "shrink"]

# Of [rl.steer] what each arm has beside its name; see docs/steering.md.
ARMS: Mapping[str, tuple[str, ...]] = {
    "project": ("known", "pairs", "apart", "direction", "axes", "cut", "noise", "side", "overshoot", "rescale", "on",
                "refresh", "overlap", "scored", "scored_every"),
    "advantage": ("known", "pairs", "direction", "depth", "refresh", "form", "strength"),
    "penalty": ("known", "strict", "penalty", "recall", "false_alarm"),
    "screen": ("known", "strict", "recall", "false_alarm"),
    "detector": ("known", "pairs", "apart", "depth", "refresh", "ridge", "alarms", "act", "penalty"),
    "route": ("known", "strict", "rank", "scale", "off", "labels", "recall", "false_alarm", "reset", "seeded", "pairs"),
    "absorb": ("known", "rank", "scale", "off", "reset", "seeded", "pairs"),
    "router": ("known", "rank", "scale", "pairs", "depth", "pin", "speed"),
    "trusted": ("clean", "axes"),
}  # fmt: skip


class SteerSettings(BaseModel):
    """What is done about exploits while RL runs: one arm, and of the fields below that arm's own, see ARMS."""

    model_config = STRICT

    arm: ArmName
    known: Annotated[tuple[str, ...], Strict(False)] = ()  # kinds that labels, pairs and detectors may know of
    pairs: Annotated[int, Field(ge=2)] = 48  # that directions are read from
    direction: Direction = "pairs"  # the others are controls
    refresh: Natural = 0  # steps from one reading of the pairs to the next; 0: at the start alone
    # project
    apart: Natural = 8  # pairs that nothing is read from: whether a direction holds for others; a detector's threshold
    axes: Count = 4  # the most that are kept of a matrix; trusted too
    cut: Decay = 0.0  # axes under this share of their matrix's first are dropped
    noise: Decay = 0.25  # and this share of all matrices' axes, the weakest
    side: Literal["positive", "both", "reverse"] = "positive"  # reverse: both, past 0 as far again
    overshoot: Above = 1.0  # of what is taken away
    rescale: bool = False  # what is left gets the length it had
    on: Literal["gradient", "update", "both"] = "both"
    overlap: Share = 0.2  # under it a refreshed basis has turned away, and the old one stays
    scored: Natural = 16  # answers of a step that are held against the truth, for the metrics alone
    scored_every: Count = 10  # steps
    # advantage, detector, router
    depth: Share = 0.65  # of the model, where its states are read
    form: Literal["additive", "multiplicative"] = "additive"
    strength: Above = 0.57  # in rewards for each deviation within the group: 2 beside 3.5, for a score of 0..1
    ridge: Above = 1.0  # detector: as many answers' worth of doubt
    alarms: Share = 0.05  # detector: of clean answers that it was not fitted to, at its threshold
    act: Literal["penalty", "screen"] = "penalty"  # detector
    # penalty, screen, detector, route
    penalty: Above = 1.2  # in rewards: more than the most that is paid, for at 1 an exploit is worth just nothing
    strict: bool = True  # labels are on exploits that do not pass; else also on those beside an answer that does
    recall: Share = 1.0  # of labels on what is exploited
    false_alarm: Share = 0.0  # of labels on what is not
    # route, absorb, router
    rank: Count = 8
    scale: Above = 4.0  # of the quarantine's part; at 4 about half of the gradient is its own, see docs/steering.md
    off: Share = 0.25  # of a step's groups: the quarantine takes no part
    labels: Literal["exploits", "random"] = "exploits"  # random: as many, on any answers
    reset: Literal["quarantine", "twin"] = "quarantine"  # twin: a block beside it that learned like all other weights
    seeded: bool = False  # begins along what tells the pairs' sides apart
    # router
    pin: Above = 1.0  # of the loss that ties the router to the pairs
    speed: Above = 10.0  # times as fast does the router learn as the weights: it is one direction, they are many
    # trusted
    clean: str = ""  # the folder of a clean run that began with the same weights; {seed} stands for this run's own

    @model_validator(mode="after")
    def _fits(self) -> "SteerSettings":
        faults = {}
        for field in sorted(self.model_fields_set - {"arm", *ARMS[self.arm]}):
            arms = " or ".join(name for name, fields in ARMS.items() if field in fields)
            faults[field] = f"given for arm {self.arm!r}; expected it with {arms} only"
        if "known" in ARMS[self.arm] and not self.known and (self.arm != "absorb" or self.seeded):
            faults["known"] = "missing; expected the kinds of exploit that the arm may know of"
        if self.arm == "detector" and not self.apart:
            faults["apart"] = "0; expected some, for its threshold"
        if self.arm == "trusted" and not self.clean:
            faults["clean"] = "missing; expected the folder of a clean run"
        if "pairs" in self.model_fields_set and self.arm in ("route", "absorb") and not self.seeded:
            faults["pairs"] = "given; expected it with seeded = true only"
        crossed(faults)
        return self

    @model_serializer(mode="wrap")
    def _own(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The arm's own fields, so that what is written down can be read again."""
        left_out = {"pairs"} if self.arm in ("route", "absorb") and not self.seeded else set()
        return {key: value for key, value in dump(self).items() if key in {"arm", *ARMS[self.arm]} - left_out}
