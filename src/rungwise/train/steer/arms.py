"""The arm that a rung asks for, by name."""

from collections.abc import Callable, Mapping

from rungwise.train.steer.advantage import Advantage
from rungwise.train.steer.arm import Arm, Ground
from rungwise.train.steer.detector import Detector
from rungwise.train.steer.labels import Labelled
from rungwise.train.steer.project import Project
from rungwise.train.steer.route import Route
from rungwise.train.steer.router import Router
from rungwise.train.steer.trusted import Trusted

NAMED: Mapping[str, Callable[[Ground], Arm]] = {
    "project": Project, "advantage": Advantage, "penalty": Labelled, "screen": Labelled, "detector": Detector,
    "route": Route, "absorb": Route, "router": Router, "trusted": Trusted,
}  # fmt: skip


def armed(ground: Ground) -> Arm:
    return NAMED[ground.own.arm](ground) if ground.settings.steer else Arm(ground)
