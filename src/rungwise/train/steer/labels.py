"""Arms "penalty" and "screen": what is done with answers that are labelled as exploits.

1. A label is the judge's word on an exploit of a known kind, as a noisy monitor would have it: `recall` of those, and
   `false_alarm` of all others. A `strict` one is on those alone that do not pass; what passes beside a loophole is
   then none. The noise of an answer depends on (seed, step, task, index) and nothing else.
2. A screened answer is as if it had not been written: it is neither in its group's mean nor in the gradient, nor in
   what the loss divides by. A penalised one is worth less, and stays.
"""

import numpy as np

from rungwise.contract import Verdict
from rungwise.seeds import stream
from rungwise.train.advantages import Bools, Floats
from rungwise.train.steer import figures
from rungwise.train.steer.arm import Arm, Judged
from rungwise.train.steer.settings import SteerSettings


def labels(judged: Judged, own: SteerSettings, seed: int) -> Bools:
    """[groups, k]"""

    def labelled(task: str, index: int, verdict: Verdict) -> bool:
        chance = own.recall if _known(verdict, own) else own.false_alarm
        return stream(seed, "label", judged.number, task, index).random() < chance

    return np.array([
        [labelled(group.task.id, i, verdict) for i, verdict in enumerate(row)]
        for group, row in zip(judged.groups, judged.verdicts, strict=True)
    ])  # fmt: skip


def _known(verdict: Verdict, own: SteerSettings) -> bool:
    return verdict.exploit in own.known and not (own.strict and verdict.passed)


def dealt_out(found: Bools, judged: Judged, seed: int) -> Bools:
    """As many labels, on any answers of the step."""
    order = stream(seed, "labels at random", judged.number).sample(range(found.size), int(found.sum()))
    dealt = np.zeros(found.size, dtype=np.bool_)
    dealt[order] = True
    return dealt.reshape(found.shape)


def exploits(judged: Judged) -> list[bool]:
    return [verdict.exploit is not None for row in judged.verdicts for verdict in row]


def acted(act: str, penalty: float, flagged: Bools, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
    return (rewards, kept & ~flagged) if act == "screen" else (rewards - penalty * flagged, kept)


class Labelled(Arm):
    def paid(self, judged: Judged, rewards: Floats, kept: Bools) -> tuple[Floats, Bools]:
        own = self.ground.own
        found = labels(judged, own, self.ground.seed)
        self.told = {"labelled": float(found.mean())} | figures.against(
            "label", found.ravel().tolist(), exploits(judged)
        )
        return acted(own.arm, own.penalty, found, rewards, kept)
