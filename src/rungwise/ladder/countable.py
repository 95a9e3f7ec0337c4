"""Whether what a condition asks for is there to be had on a probe, before it costs a run to find out."""

from collections.abc import Iterable, Sequence

from rungwise.contract import Contract, Task
from rungwise.errors import InputError, nearest
from rungwise.ladder import gates
from rungwise.probe.result import metric
from rungwise.probe.shallow import names

WAYS = ("split", "tier", "family")


def require_countable(conditions: Iterable[str], contract: Contract, tasks: Sequence[Task], k: int) -> None:
    others = (*gates.RUNS, *names(contract))
    slices = {getattr(task, way) for task in tasks for way in WAYS}
    slices |= {f"{way}={getattr(task, way)}" for task in tasks for way in WAYS}
    for text in conditions:
        asked = gates.parsed(text)
        metric(asked.metric, k)
        if asked.against is not None and asked.against not in others:
            raise InputError(f"nothing is called {asked.against!r}; {nearest(asked.against, others)}", field=text)
        if asked.part is not None and asked.part not in {*slices, "seen", "unseen"}:
            raise InputError(f"no slice {asked.part!r} in the probe; {nearest(asked.part, slices)}", field=text)
