"""A slow simulator of canvas that moves single packets: the second opinion on the fast one. Plain Python.

It shares no code with the kernel in simulator.py, only its constants, and follows the numbered note at the top of that
file. Where the note is silent it does what the kernel does; those places are marked `kernel:`. What differs by design:

- Work is whole packets of 1/grain request in first-in-first-out lists, not shares of a mixed pool: what waits longest
  is served first, and overflow drops the oldest. With `mixed`, the lists are shuffled evenly by sort every tick, which
  is the kernel's proportional pool, in packets.
- Where the kernel takes a fraction (a filter's share, 5% lost, a third of a split, 40% of a rate) whole packets are
  taken by error diffusion: every place keeps, for each sort of packet, what it still owes. There is no chance in it.
- What arrives in one tick is mixed evenly by sort, so that the order of components decides nothing.
- A breaker's gauge reads the failure rate of the lines that its packets took, not the packets: 5% must not look like 0%
  in one tick and like 12% in the next because a packet cannot be divided.

One object stands for all packets of its sort (kind, credit, attempt), and a run of equal packets is moved at once; the
lists hold one entry a packet all the same.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rungwise.contracts.canvas.judge import Scenario
from rungwise.contracts.canvas.language import Canvas
from rungwise.contracts.canvas.tables import (
    BURST,
    INJECT,
    PATIENCE,
    STALL_SHARE,
    TICKS,
    WINDOW,
)
from tests.contracts.packets import (
    CLOSED,
    ENDS,
    EPS,
    HOSTILE,
    OPEN,
    RAW,
    SERVED,
    WORKERS,
    Diffusion,
    Line,
    Mint,
    Packet,
    Place,
    places_of,
)


@dataclass(slots=True)
class Seen:
    """One scenario, in requests."""

    offered: float = 0.0
    delivered: float = 0.0
    dropped: float = 0.0
    errored: float = 0.0
    pending: float = 0.0
    hostile: float = 0.0
    leaked: float = 0.0
    blocked: float = 0.0
    health: list[float] = field(default_factory=list)
    carried: list[float] = field(default_factory=list)

    def shares(self) -> tuple[float, float, float, float]:
        whole = self.offered or 1.0
        return self.delivered / whole, self.dropped / whole, self.errored / whole, self.pending / whole

    def leak(self) -> float:
        return self.leaked / self.hostile if self.hostile else 0.0

    def stability(self) -> float:
        mean = sum(self.health) / len(self.health)
        return min(1.0, max(0.0, 0.7 * mean - 0.3 * (max(self.health) - min(self.health)) + 0.3))


@dataclass(slots=True)
class Fault:
    kind: str
    first: int
    last: int
    size: int
    target: int
    followers: frozenset[int]

    def on(self, t: int) -> bool:
        return self.first <= t < self.last

    def loss(self, t: int, target: int) -> float:
        """The share of what is sent there that fails on the way."""
        if not self.on(t):
            return 0.0
        if self.kind == "outage":
            return 1.0 if target == self.target else 0.0
        if self.kind == "cascade":  # kernel: 5% on every line, 20% more of what is left before the target's successors
            return 0.24 if target in self.followers else 0.05
        return 0.0

    def slowed(self, t: int, place: int) -> float:
        """The share of its rate that a place has left."""
        if place != self.target or not self.on(t):
            return 1.0
        return {"outage": 0.0, "latency": 4 / (4 + self.size), "cascade": 0.4}.get(self.kind, 1.0)

    def longer(self, t: int, target: int) -> int:
        return self.size if self.kind == "latency" and target == self.target and self.on(t) else 0


def _fault(scenario: Scenario, target: int, places: Sequence[Place]) -> Fault:
    kind = scenario.kind
    if target < 0 and kind not in ("spike", "adversarial"):
        kind = "baseline"
    followers = frozenset(line.target for line in places[target].lines) - {target} if target >= 0 else frozenset()
    return Fault(kind, scenario.start, scenario.start + scenario.ticks, scenario.size, target, followers)


class Run:
    """A canvas under one scenario, tick by tick."""

    def __init__(self, canvas: Canvas, scenario: Scenario, load: int, target: int, grain: int, mixed: bool) -> None:
        self.places = places_of(canvas, grain)
        self.fault = _fault(scenario, target, self.places)
        self.load, self.grain, self.mixed = load, grain, mixed
        self.entries = [place for place in self.places if place.entry]
        self.mint = Mint()
        self.owed = {RAW: 0.0, HOSTILE: 0.0}
        self.seen = Seen()
        self.time = 0

    def watched(self) -> Seen:
        lost_in_window = 0.0
        for self.time in range(TICKS):
            lost = self.seen.dropped + self.seen.errored
            self._arrivals()
            for place in self.places:
                self._admit(place)
            for number, place in enumerate(self.places):
                self._serve(number, place)
            for place in self.places:
                self._judge_lines(place)
            lost_in_window += self.seen.dropped + self.seen.errored - lost + self._stalled()
            if (self.time + 1) % WINDOW == 0:
                self.seen.health.append(1.0 - min(1.0, lost_in_window / self.grain / (WINDOW * self.load)))
                lost_in_window = 0.0
        return self._counted()

    def _counted(self) -> Seen:
        """Packets become requests, and what is still inside is pending."""
        seen = self.seen
        inside = sum(_clean(place.held) + sum(map(_clean, place.arriving.values())) for place in self.places)
        for name in ("offered", "delivered", "dropped", "errored", "hostile", "leaked", "blocked"):
            setattr(seen, name, getattr(seen, name) / self.grain)
        seen.pending = inside / self.grain
        seen.carried = [place.carried / self.grain for place in self.places]
        return seen

    def _arrivals(self) -> None:
        """Notes 1 and 3. kernel: bursts of a fifth around the load; hostile work comes on top of it."""
        if self.time >= INJECT or not self.entries:
            return
        clean = self.load * (1.2 if (self.time // BURST) % 2 == 0 else 0.8) * self.grain / len(self.entries)
        hostile = 0.0
        if self.fault.on(self.time):
            if self.fault.kind == "spike":
                clean *= self.fault.size / 100
            elif self.fault.kind == "adversarial":
                hostile = clean * self.fault.size / 100
        self._injected(RAW, clean)
        self._injected(HOSTILE, hostile)

    def _injected(self, kind: str, amount: float) -> None:
        """The same whole number of packets at every entry."""
        self.owed[kind] += amount
        count = int(self.owed[kind] + EPS)
        self.owed[kind] -= count
        packet = self.mint.of(kind, 1.0, 0)
        for place in self.entries:
            place.arriving.setdefault(self.time, []).extend([packet] * count)
        if kind == HOSTILE:
            self.seen.hostile += count * len(self.entries)
        else:
            self.seen.offered += count * len(self.entries)

    # -- what arrives --

    def _admit(self, place: Place) -> None:
        arrived = place.arriving.pop(self.time, [])
        if arrived:
            self._let_in(place, arrived)
        if place.mode == "ratelimit":
            place.tokens = min(place.tokens + place.numbers["rate"] * self.grain, place.numbers["burst"] * self.grain)
        if self.mixed and place.held:
            place.held = deque(_mixed(place.held))
        over = len(place.held) - max(0, place.cap - place.waiting)
        for _ in range(over):
            self._drop(place.held.popleft(), 1)
        place.room = self._room(place)

    def _let_in(self, place: Place, arrived: list[Packet]) -> None:
        share = min(1.0, max(0.0, place.tokens) / len(arrived)) if place.mode == "ratelimit" else 1.0
        for packet, count in _runs(_mixed(arrived)):
            if packet.attempt and place.mode == "retry":
                place.waiting -= count
            if place.mode == "filter":
                share = 1.0 - _filtered(place.numbers["strictness"], packet.kind)
            kept = count if share >= 1.0 else place.admission.taken(packet, count, share)
            self._drop(packet, count - kept)
            place.held.extend([packet] * kept)
            if place.mode == "ratelimit":
                place.tokens -= kept

    def _room(self, place: Place) -> float:
        """Note 5: 1 up to 80% full, then falling to 0; none before an open breaker, little before a half-open one."""
        full = (len(place.held) + place.waiting) / place.cap
        room = min(1.0, max(0.0, 5 * (1 - full)))
        if place.state == OPEN:
            if self.time < place.until:
                return 0.0
            place.state = 2
        return min(room, place.half())

    # -- what is served --

    def _serve(self, number: int, place: Place) -> None:
        if not place.held and place.mode != "batch":
            return
        rate = 0.0 if place.state == OPEN else place.rate * self.fault.slowed(self.time, number) * place.half()
        if place.mode == "batch":
            if not self._released(place, rate):
                return
        else:
            place.budget = rate
        factor, matters = self._opening(place)
        amount = min(len(place.held), place.budget) * factor
        if amount <= EPS:
            return
        place.owed += amount
        count = int(place.owed + EPS)
        place.owed -= count
        place.budget -= count
        served = [place.held.popleft() for _ in range(min(count, len(place.held)))]
        for packet, equal in _runs(served):
            self._send(place, packet, equal, matters)

    def _released(self, place: Place, rate: float) -> bool:
        """A batch saves its rate up while it collects. kernel: for as long as it may wait."""
        place.budget = min(place.budget + rate, rate * (place.numbers["maxWait"] + 1))
        place.age = place.age + 1 if place.held else 0
        if len(place.held) < place.numbers["size"] * self.grain and place.age <= place.numbers["maxWait"]:
            return False
        place.age = 0
        return True

    def _opening(self, place: Place) -> tuple[float, Mapping[str, Sequence[float]]]:
        """How much of the rate goes out, and for split and condition how each kind is shared over the lines."""
        rooms = [self.places[line.target].room for line in place.lines]
        if not rooms:
            return 1.0, {}
        if place.mode == "split":
            weighted = place.numbers["policy"] and any(line.weight for line in place.lines)
            weights = [line.weight if weighted else 1000 for line in place.lines]
            shares = _normal([w * r for w, r in zip(weights, rooms, strict=True)])
            widest = max(r for w, r in zip(weights, rooms, strict=True) if w)
            return (widest if sum(shares) > 0 else 0.0), dict.fromkeys((RAW, SERVED, HOSTILE), shares)
        if place.mode == "condition":
            return self._condition(place, rooms)
        return min(rooms), {}

    def _condition(self, place: Place, rooms: Sequence[float]) -> tuple[float, Mapping[str, Sequence[float]]]:
        """The heaviest lines take what matches, the others the rest."""
        heaviest = max(line.weight for line in place.lines)
        matched = [line.weight == heaviest for line in place.lines]
        kinds = (RAW, SERVED, HOSTILE)
        chosen = _normal([r * m for r, m in zip(rooms, matched, strict=True)])
        if all(matched):
            return max(rooms), dict.fromkeys(kinds, chosen)
        other = _normal([r * (not m) for r, m in zip(rooms, matched, strict=True)])
        best = max(r for r, m in zip(rooms, matched, strict=True) if m)
        rest = max(r for r, m in zip(rooms, matched, strict=True) if not m)
        part = {kind: _matching(place, kind) for kind in kinds}
        factor = best if part[RAW] == 1 else rest if part[RAW] == 0 else min(best, rest)
        return factor, {
            kind: [part[kind] * a + (1 - part[kind]) * b for a, b in zip(chosen, other, strict=True)] for kind in kinds
        }

    def _send(self, place: Place, packet: Packet, count: int, shares: Mapping[str, Sequence[float]]) -> None:
        worked = packet.kind == RAW and place.type in WORKERS and not place.entry
        kind = SERVED if worked else packet.kind
        if kind != HOSTILE:
            place.carried += count * packet.credit
        if not place.lines:
            self._finish(place, packet, kind, count)
        elif shares:
            parts = place.sharing.parts(packet, count, shares[packet.kind])
            for line, part in zip(place.lines, parts, strict=True):
                self._sent(place, packet, kind, packet.credit, part, line)
        else:
            for line in place.lines:
                self._sent(place, packet, kind, packet.credit / len(place.lines), count, line)

    def _finish(self, place: Place, packet: Packet, kind: str, count: int) -> None:
        """Note 8."""
        if place.type in ENDS and kind == SERVED:
            self.seen.delivered += count * packet.credit
        elif place.type in ENDS and kind == HOSTILE:
            self.seen.leaked += count * packet.credit
        else:
            self._fail(packet, packet.credit, count)

    def _sent(self, place: Place, packet: Packet, kind: str, credit: float, count: int, line: Line) -> None:
        """Down one line: some of it fails (note 7), the rest is there a tick or more later."""
        if not count:
            return
        share = self.fault.loss(self.time, line.target)
        lost = place.losing.setdefault(line.target, Diffusion()).taken(packet, count, share)
        place.tried += count
        place.failed += count * share
        if lost:
            self._failed(place, packet, kind, credit, lost)
        other = self.places[line.target]
        travel = line.delay + self.fault.longer(self.time, line.target)
        if place.mode == "delay":
            travel += int(place.numbers["ticks"])
        through = place.mode == "retry" and other.mode == "circuitbreaker" and other.guard is place
        arrives = self.mint.of(kind, credit, packet.attempt if through else 0)
        other.arriving.setdefault(self.time + travel, []).extend([arrives] * (count - lost))

    def _failed(self, place: Place, packet: Packet, kind: str, credit: float, count: int) -> None:
        back = place.guard
        if back is None or packet.attempt >= back.numbers["maxRetries"]:
            self._fail(packet, credit, count)
            return
        again = self.mint.of(kind, credit, packet.attempt + 1)
        wait = max(1, int(back.numbers["backoff"]) * (packet.attempt + 1))  # kernel: longer each time
        back.arriving.setdefault(self.time + wait, []).extend([again] * count)
        back.waiting += count

    # -- the rest of a tick --

    def _judge_lines(self, place: Place) -> None:
        """A breaker's gauge. kernel: a smoothed rate opens it; one bad tick is enough while it is half open."""
        if place.mode == "circuitbreaker" and place.tried > 0:
            now = place.failed / place.tried
            place.failing += (now - place.failing) / 4
            threshold = place.numbers["threshold"] + 1e-4  # a rate that is equal to the threshold does not open it
            if (place.failing if place.state == CLOSED else now) > threshold:
                place.state, place.until = OPEN, self.time + 1 + int(place.numbers["cooldown"])
            elif place.state >= 2:
                place.state = place.state + 1 if place.state < 4 else CLOSED
                place.failing = 0.0
        place.tried = place.failed = 0.0

    def _stalled(self) -> float:
        seen = self.seen
        inside = seen.offered - seen.delivered - seen.dropped - seen.errored
        return max(0.0, inside - PATIENCE * self.load * self.grain) / (STALL_SHARE * WINDOW)

    def _drop(self, packet: Packet, count: int) -> None:
        if packet.kind == HOSTILE:
            self.seen.blocked += count * packet.credit
        else:
            self.seen.dropped += count * packet.credit

    def _fail(self, packet: Packet, credit: float, count: int) -> None:
        if packet.kind == HOSTILE:
            self.seen.blocked += count * credit
        else:
            self.seen.errored += count * credit


def _clean(packets: Iterable[Packet]) -> float:
    return sum(packet.credit for packet in packets if packet.kind != HOSTILE)


def _filtered(strictness: float, kind: str) -> float:
    return 1 - (1 - strictness) ** 2 if kind == HOSTILE else strictness**3 / 2


def _matching(place: Place, kind: str) -> float:
    """kernel: three quarters of what is hostile is told apart, and a sixteenth of what is clean is taken for it."""
    if place.numbers["match"] == 2:
        return place.numbers["fraction"]
    hostile = 0.75 if kind == HOSTILE else 0.0625
    return hostile if place.numbers["match"] == 1 else 1 - hostile


def _normal(values: Sequence[float]) -> list[float]:
    whole = sum(values)
    return [value / whole for value in values] if whole > 0 else list(values)


def _runs(packets: Iterable[Packet]) -> list[tuple[Packet, int]]:
    return [(packet, len(list(equal))) for packet, equal in groupby(packets)]


def _mixed(packets: Sequence[Packet]) -> Sequence[Packet]:
    """Every sort of packet spread evenly over the whole."""
    counts = Counter(packets)
    if len(counts) == 1:
        return packets
    sorts = sorted(counts, key=lambda sort: (sort.kind, sort.credit, sort.attempt))
    spread = sorted([((i + 0.5) / counts[sort], rank) for rank, sort in enumerate(sorts) for i in range(counts[sort])])
    return [sorts[rank] for _, rank in spread]
