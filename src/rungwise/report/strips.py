"""A figure and its interval on a line, beside the number that says the same: small SVGs that stretch as wide as they
stand, their lengths in percent, so that they stay sharp on a phone and in print.

    rate    a bar from 0 to the value, and whiskers around its end
    delta   whiskers around a dot, against a line at 0
    bound   whiskers around a dot, against the bound that a condition names
"""

import math
from dataclasses import dataclass

TALL, MIDDLE = 16, 8
FAR = 1e99  # beyond it nothing can be told apart


@dataclass(frozen=True, slots=True)
class Scale:
    low: float
    high: float

    def at(self, value: float) -> str:
        """Where a value stands; what is beyond an end stands there."""
        inside = min(max(value, self.low), self.high) if math.isfinite(value) else self.low
        return f"{2 + 96 * ((inside - self.low) / (self.high - self.low)):.2f}%"


SHARE = Scale(0.0, 1.0)


def around(values: list[float]) -> Scale:
    """From one round tenth to another, as far to the left of 0 as to the right."""
    most = min(FAR, max([abs(value) for value in values if math.isfinite(value)], default=0.0))
    if most > 1:
        return Scale(-most, most)
    tenths = max(1, math.ceil(10 * most - 1e-9))
    return Scale(-tenths / 10, tenths / 10)


def spanning(values: list[float]) -> Scale:
    """Of conditions: from 0 to 1 where all is within, else around 0."""
    inside = all(0 <= value <= 1 for value in values if math.isfinite(value))
    return SHARE if inside else around(values)


def rate(value: float, low: float, high: float, tone: str = "", scale: Scale = SHARE) -> str:
    start = scale.at(max(0.0, scale.low))
    body = (
        f'<line class="full" x1="{start}" x2="{scale.at(scale.high)}" y1="{MIDDLE}" y2="{MIDDLE}"/>'
        f'<line class="bar" x1="{start}" x2="{scale.at(value)}" y1="{MIDDLE}" y2="{MIDDLE}"/>'
    )
    return _strip(f"rate {tone}", body + _whiskers(low, high, scale))


def delta(value: float, low: float, high: float, scale: Scale, tone: str = "") -> str:
    return _strip(
        f"delta {tone}", _room() + _line("zero", 0.0, scale) + _whiskers(low, high, scale) + _dot(value, scale)
    )


def bound(value: float, low: float, high: float, at: float, scale: Scale, tone: str = "") -> str:
    return _strip(
        f"bound {tone}", _room() + _line("limit", at, scale) + _whiskers(low, high, scale) + _dot(value, scale)
    )


def _strip(kind: str, body: str) -> str:
    return f'<svg class="strip {kind.strip()}" height="{TALL}" aria-hidden="true" focusable="false">{body}</svg>'


def _room() -> str:
    return f'<line class="room" x1="2%" x2="98%" y1="{MIDDLE}" y2="{MIDDLE}"/>'


def _whiskers(low: float, high: float, scale: Scale) -> str:
    ends = "".join(
        f'<line class="end" x1="{scale.at(at)}" x2="{scale.at(at)}" y1="{MIDDLE - 4}" y2="{MIDDLE + 4}"/>'
        for at in (low, high)
    )
    return f'<line class="reach" x1="{scale.at(low)}" x2="{scale.at(high)}" y1="{MIDDLE}" y2="{MIDDLE}"/>{ends}'


def _dot(value: float, scale: Scale) -> str:
    return f'<circle class="dot" cx="{scale.at(value)}" cy="{MIDDLE}" r="4"/>'


def _line(kind: str, at: float, scale: Scale) -> str:
    return f'<line class="{kind}" x1="{scale.at(at)}" x2="{scale.at(at)}" y1="0" y2="{TALL}"/>'
