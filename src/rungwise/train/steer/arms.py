"""The arm that a rung asks for, by name."""

from collections.abc import Callable, Mapping

from rungwise.train.steer.advantage import Advantage
from rungwise.train.steer.arm import Arm, Ground
from rungwise.train.steer.expert import Expert
from rungwise.train.steer.labels import Labelled
from rungwise.train.steer.probe import Probe
from rungwise.train.steer.project import Project
from rungwise.train.steer.route import Route
from rungwise.train.steer.trusted import Trusted

NAMED: Mapping[str, Callable[[Ground], Arm]] = {
    "project": Project, "advantage": Advantage, "penalty": Labelled, "screen": Labelled, "probe": Probe,
    "route": Route, "absorb": Route, "expert": Expert, "trusted": Trusted,
}  # fmt: skip


def armed(ground: Ground) -> Arm:
    return NAMED[ground.own.arm](ground) if ground.settings.steer else Arm(ground)
