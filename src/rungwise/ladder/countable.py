"""Whether what a condition asks for is there to be had on a probe, before it costs a run to find out."""

from collections.abc import Iterable, Sequence

from rungwise.contract import Contract, Task
from rungwise.errors import InputError, nearest
from rungwise.ladder import gates
from rungwise.probe.result import metric
from rungwise.probe.shallow import names

WAYS = ("split", "tier", "family")
SEEN = {"seen", "unseen"}


def require_countable(conditions: Iterable[str], contract: Contract, tasks: Sequence[Task], k: int) -> None:
    others = (*gates.RUNS, *names(contract))
    of = [{name for way in WAYS for name in (getattr(task, way), f"{way}={getattr(task, way)}")} for task in tasks]
    slices = set[str]().union(*of)
    for text in conditions:
        asked = gates.parsed(text)
        metric(asked.metric, k)
        if asked.against is not None and asked.against not in others:
            raise InputError(f"nothing is called {asked.against!r}; {nearest(asked.against, others)}", field=text)
        if asked.part is None or asked.part in {*slices, *SEEN}:
            continue
        parts = {one.strip() for one in asked.part.split(",")}
        for one in parts - slices - SEEN:
            raise InputError(f"no slice {one!r} in the probe; {nearest(one, slices)}", field=text)
        if not any(parts - SEEN <= names for names in of):
            raise InputError(f"no task of the probe is in all of {asked.part!r}", field=text)
