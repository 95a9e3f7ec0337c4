"""Packets, and the places of a canvas that hold them. What moves them is packet_run.py."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rungwise.contracts.canvas.language import MS_PER_TICK, PARAMS, Canvas, Component, param
from rungwise.contracts.canvas.tables import (
    RATES,
)

RAW, SERVED, HOSTILE = "raw", "served", "hostile"
WORKERS, ENDS = ("person", "step", "tool"), ("storage", "channel", "person")
CLOSED, OPEN, HALF = 0, 1, (0.1, 0.4, 0.7)
EPS = 1e-9


class Packet:
    """A sort of packet. Compared by identity, so it is quick as a key."""

    __slots__ = ("attempt", "credit", "kind")

    def __init__(self, kind: str, credit: float, attempt: int) -> None:
        self.kind, self.credit, self.attempt = kind, credit, attempt


Sort = tuple[str, float, int]


class Mint:
    def __init__(self) -> None:
        self.known: dict[Sort, Packet] = {}

    def of(self, kind: str, credit: float, attempt: int) -> Packet:
        found = self.known.get((kind, credit, attempt))
        if found is None:
            found = self.known[kind, credit, attempt] = Packet(kind, credit, attempt)
        return found


class Diffusion:
    """Whole packets out of a share: what is owed is carried over, for each sort of packet by itself."""

    def __init__(self) -> None:
        self.owed: dict[Packet, float] = {}

    def taken(self, packet: Packet, count: int, share: float) -> int:
        if share <= 0:
            return 0
        owed = self.owed.get(packet, 0.5) + count * min(share, 1.0)
        whole = min(count, int(owed + EPS))
        self.owed[packet] = owed - whole
        return whole


class Sharing:
    """Whole packets to one of several lines each, so that every line comes to its share."""

    def __init__(self) -> None:
        self.owed: dict[Packet, list[float]] = {}

    def parts(self, packet: Packet, count: int, shares: Sequence[float]) -> list[int]:
        owed = self.owed.setdefault(packet, [0.0] * len(shares))
        for j, share in enumerate(shares):
            owed[j] += count * share
        parts = [max(0, int(o + EPS)) if share > 0 else 0 for o, share in zip(owed, shares, strict=True)]
        open_lines = [j for j, share in enumerate(shares) if share > 0]
        while sum(parts) > count:
            parts[max([j for j, part in enumerate(parts) if part], key=lambda j: parts[j] - owed[j])] -= 1
        while sum(parts) < count:
            parts[max(open_lines, key=lambda j: owed[j] - parts[j])] += 1
        for j, part in enumerate(parts):
            owed[j] -= part
        return parts


@dataclass(frozen=True, slots=True)
class Line:
    target: int
    delay: int
    weight: int


@dataclass(slots=True, eq=False)
class Place:
    """A component: what it is, and where its work stands in this scenario."""

    type: str
    mode: str
    rate: int
    cap: int
    numbers: Mapping[str, float]
    lines: list[Line] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    guard: "Place | None" = None
    held: deque[Packet] = field(default_factory=deque)
    arriving: dict[int, list[Packet]] = field(default_factory=dict)
    waiting: int = 0
    budget: float = 0.0
    tokens: float = 0.0
    owed: float = 0.0  # the part of a packet that service is behind
    room: float = 1.0
    age: int = 0
    state: int = CLOSED
    until: int = 0
    failing: float = 0.0
    tried: float = 0.0
    failed: float = 0.0
    carried: float = 0.0
    admission: Diffusion = field(default_factory=Diffusion)
    sharing: Sharing = field(default_factory=Sharing)
    losing: dict[int, Diffusion] = field(default_factory=dict)

    @property
    def entry(self) -> bool:
        return not self.sources

    def half(self) -> float:
        return HALF[self.state - 2] if self.state >= 2 else 1.0


# ---- from canvas to places ----


def places_of(canvas: Canvas, grain: int) -> list[Place]:
    index = {component.id: i for i, component in enumerate(canvas.components)}
    places = [_place(component, grain) for component in canvas.components]
    for connection in canvas.connections:
        source, target = index[connection.source], index[connection.target]
        delay = 1 + int(connection.latency) // MS_PER_TICK
        places[source].lines.append(Line(target, delay, min(int(connection.weight * 1000), 1_000_000)))
        places[target].sources.append(source)
    for place in places:
        place.guard = _guard(place, places)
    return places


def _place(component: Component, grain: int) -> Place:
    mode = component.behavior.mode
    numbers = {name: param(component, name) for name in PARAMS.get(mode, ())}
    rate = RATES[component.type] * component.scale * grain
    cap = rate if component.type == "trigger" else 2 * rate  # kernel: two ticks of its rate, a trigger one
    if mode == "queue":
        cap, rate = max(cap, int(numbers["capacity"]) * grain), min(rate, int(numbers["rate"]) * grain)
    if mode == "batch":
        cap = max(cap, 2 * int(numbers["size"]) * grain)
    tokens = numbers["burst"] * grain if mode == "ratelimit" else 0.0
    return Place(type=component.type, mode=mode, rate=rate, cap=cap, numbers=numbers, tokens=tokens)


def _guard(place: Place, places: Sequence[Place]) -> Place | None:
    """Itself where it is a retry, or the retry that is a breaker's only source."""
    if place.mode == "retry":
        return place
    if place.mode == "circuitbreaker" and len(place.sources) == 1 and places[place.sources[0]].mode == "retry":
        return places[place.sources[0]]
    return None
