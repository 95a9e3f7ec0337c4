"""The one intervention of a mandate, done to a rung: the next rung, which differs from it by nothing else."""

from collections.abc import Mapping
from typing import Any

from rungwise.contract import Json
from rungwise.errors import InputError
from rungwise.ladder.mandate import Change, Intervention, Mandate
from rungwise.ladder.rung import Rung, changed


def intervened(mandate: Mandate, was: Rung, file: str, chosen: Intervention, number: int) -> Rung | None:
    """None where a factor is at its bound, or where nothing is left to change."""
    data = was.record()
    moved = [_put(data, change) for change in chosen.changes]
    if not any(moved) or any(change.times and not new for change, new in zip(chosen.changes, moved, strict=True)):
        return None
    rung = Rung.model_validate(data)
    return rung.model_copy(update=own(mandate, rung, number) | {
        "axis": chosen.axis, "baseline": file, "hypothesis": chosen.why,
        "expectations": chosen.expectations or (f"{rung.target} - baseline > 0",),
        "question": f"Does this mend {chosen.mends}: {told(rung, was)}?",
    })  # fmt: skip


def own(mandate: Mandate, rung: Rung, number: int) -> dict[str, Any]:
    """What every rung of a climb has: nothing is promoted by itself."""
    preflight = rung.preflight.model_copy(update={"canary": mandate.canary, "pilot": None})
    return {"name": f"{mandate.name}-{number:02d}", "signed": True, "preflight": preflight}


def told(rung: Rung, was: Rung) -> str:
    return "; ".join(line for lines in changed(rung, was).values() for line in lines)


def bounds(chosen: Intervention) -> str:
    return ", ".join(f"{one.setting} = {one.bound if one.times else one.value}" for one in chosen.changes)


def _put(data: Json, change: Change) -> bool:
    """Whether it was another value before."""
    *above, name = [int(key) if key.isdigit() else key for key in change.setting.split(".")]
    place = data
    for key in above:
        if change.times is None and isinstance(place, dict) and place.get(key) is None:
            place[key] = {}  # a section that the rung has not had
        place = _below(place, key, change.setting)
    if change.times is None:
        old, new = place.get(name) if isinstance(place, Mapping) else _below(place, name, change.setting), change.value
    else:
        old = _below(place, name, change.setting)
        new = _times(old, change)
    place[name] = new
    return bool(new != old)


def _below(place: Json, key: str | int, setting: str) -> Json:
    there = key in place if isinstance(place, dict) else isinstance(place, list) and key in range(len(place))
    if not there or place[key] is None:
        raise InputError("is not set there", field=setting)
    return place[key]


def _times(old: Json, change: Change) -> float:
    assert change.times is not None and change.bound is not None
    if isinstance(old, bool) or not isinstance(old, int | float):
        raise InputError(f"{old!r}; expected a number to multiply", field=change.setting)
    nearer, past = (min, old >= change.bound) if change.times > 1 else (max, old <= change.bound)
    new = old if past else nearer(old * change.times, change.bound)
    return round(new) if isinstance(old, int) else float(new)
