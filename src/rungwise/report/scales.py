"""The numbers behind a chart: lines made smooth and thin, axes made round."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, isclose, log10
from statistics import fmean

Curve = Mapping[int, float]  # finite values by step, in the order of steps
MINUS = "\u2212"

# ---- lines ----


def smoothed(line: Curve) -> Curve:
    """The moving mean over about a twentieth of the values. It narrows towards the start, where lines are steep, and is
    cut off at the end: the first value stays as it is, the last is the mean of the last fortieth."""
    values = list(line.values())
    half = len(values) // 40
    parts = (values[at - min(half, at) : at + min(half, at) + 1] for at in range(len(values)))
    return {step: sum(part) / len(part) for step, part in zip(line, parts, strict=True)}


def mean(lines: Sequence[Curve]) -> Curve:
    """Over several lines, at the steps that all of them have."""
    first = lines[0] if lines else {}
    return {step: fmean(line[step] for line in lines) for step in first if all(step in line for line in lines)}


def thinned(line: Curve, most: int) -> Curve:
    """At most two values a portion, its lowest and its highest: what an eye could tell apart on `most` pixels."""
    values = list(line.items())
    if len(values) <= 2 * most:
        return line
    size = ceil(len(values) / most)
    portions = [values[at : at + size] for at in range(0, len(values), size)]
    ends = [{min(portion, key=_value), max(portion, key=_value)} for portion in portions]
    return dict(sorted({values[0], *(value for pair in ends for value in pair), values[-1]}))


def _value(point: tuple[int, float]) -> float:
    return point[1]


# ---- axes ----


def span(lines: Sequence[Curve]) -> tuple[float, float]:
    """From where to where the values go, but for a few that are far off; from zero where that is near. The end of every
    line is within."""
    values = sorted(value for line in lines for value in line.values())
    ends = [list(line.values())[-1] for line in lines if line]
    few = len(values) // 50
    near = min(values[few], *ends), max(values[-1 - few], *ends)
    whole = values[0], values[-1]
    low, high = whole if whole[1] - whole[0] <= 1.5 * (near[1] - near[0]) else near
    if high - low <= 1e-9 * max(abs(low), abs(high)) or high - low < 1e-99:
        room = max(abs(low), abs(high)) / 10 or 0.5
        return (low - room, high + room) if abs(low) > 1e-99 else (0.0, 1.0)
    return (0.0 if 0 < low < 0.4 * high else low), (0.0 if 0.4 * low < high < 0 else high)


def ticks(low: float, high: float, parts: int = 4) -> list[float]:
    """Round numbers, evenly spaced, of which the first is not over `low` and the last not under `high`."""
    size = 10.0 ** floor(log10((high - low) / parts))
    step = next(size * by for by in (1, 2, 2.5, 5, 10, 20) if size * by * parts >= (high - low) * (1 - 1e-9))
    return [at * step for at in range(floor(low / step + 1e-6), ceil(high / step - 1e-6) + 1)]


def labels(at: Sequence[float]) -> list[str]:
    """All with as many digits as the finest needs; thousands and millions in short."""
    step, most = at[1] - at[0], max(map(abs, at))
    if not 1e-3 <= most < 1e9:
        return [_signed(f"{value:.{2 + floor(log10(most / step))}g}") if value else "0" for value in at]
    unit, size = ("M", 1e6) if most >= 1e6 else ("k", 1e3) if most >= 1e4 else ("", 1.0)
    digits = next((d for d in range(12) if isclose(round(step / size, d), step / size, rel_tol=1e-6)), 12)
    return [_signed(f"{value / size:,.{digits}f}") + unit if value else "0" for value in at]


def figure(value: float) -> str:
    """Three digits that count; small numbers are told with two, or they would be long."""
    if value == 0 or 0.001 <= abs(value) < 1e7:
        return _signed(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{2 if abs(value) < 0.01 else 3}g}")
    return _signed(f"{value:.1e}")


def _signed(number: str) -> str:
    """With a true minus, and without the noughts and the plus of an exponent."""
    digits, e, power = number.partition("e")
    return (digits + (f"e{int(power)}" if e else "")).replace("-", MINUS)
