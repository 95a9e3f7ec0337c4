"""The pen of the picture: SVG elements as text, one palette for light and dark, and the only door for words.

Nothing here knows what a canvas is. Words written by others pass through `text` and `safe` alone, which cut, clean and
escape them. Styles and names hang on the picture's root id, so that several pictures can stand on one page; colours are
plain rules rather than variables, since not every renderer of SVG knows those.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

Point = tuple[float, float]

SIZES = {
    "eyebrow": 12, "name": 21, "score": 34, "heading": 14, "label": 12.5, "value": 12.5, "body": 13, "small": 11,
    "chip-text": 12, "pill-text": 11, "note": 10,
}  # fmt: skip
BOLD = ("name", "score", "heading", "label", "value", "pill-text")
FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
INK = ("#1a222d", "#e8edf3")

# What each class paints, in the light and in the dark.
PAINT: tuple[tuple[str, str, str, str], ...] = (
    ("paper", "fill", "#ffffff", "#10151c"),
    ("panel", "fill", "#f5f7f9", "#161c25"),
    ("panel", "stroke", "#e3e8ee", "#242d39"),
    ("dot", "fill", "#d7dde4", "#28313d"),
    ("card", "fill", "#ffffff", "#1d2530"),
    ("card", "stroke", "#c6ced8", "#3a4553"),
    ("struck", "stroke", "#8250df", "#a884f7"),
    ("row", "fill", "#f5f7f9", "#161c25"),
    ("shade", "fill", "#dfe4ea", "#2b3542"),
    ("track", "fill", "#e4e9ee", "#313c4a"),
    ("mark", "stroke", "#7d8896", "#8b98a8"),
    ("rule", "stroke", "#c9d1da", "#3a4553"),
    ("wire", "stroke", "#7f9cc4", "#5b7fb3"),
    ("head", "fill", "#6c8bb8", "#6f93c7"),
    ("idle", "stroke", "#c3cad3", "#414c5b"),
    ("idle-head", "fill", "#b4bdc8", "#4d596a"),
    ("strike", "fill", "#8250df", "#a884f7"),
    ("bolt", "fill", "#ffffff", "#10151c"),
    ("icon", "stroke", "#2e5fb3", "#8fb7f5"),
    ("worker", "fill", "#e3edfb", "#20344f"),
    ("store", "fill", "#dcf1ec", "#1a3b37"),
    ("router", "fill", "#eceff3", "#2b3441"),
    ("chip", "fill", "#ffffff", "#161c25"),
    ("chip", "stroke", "#d3dae2", "#343f4d"),
    ("good", "fill", "#1f8a55", "#3fb97f"),
    ("warn", "fill", "#e09a1c", "#e3a63d"),
    ("bad", "fill", "#cf3b34", "#f0716a"),
    ("calm", "fill", "#4a7dd0", "#6b9ce8"),
    ("lint", "fill", "#fdf1d8", "#3d3117"),
    ("lint", "stroke", "#e5bd6a", "#7d642b"),
    ("bad-pale", "fill", "#fdeceb", "#3a1d1f"),
    ("calm-pale", "fill", "#e9f0fb", "#1b2a41"),
    ("good-line", "stroke", "#1f8a55", "#3fb97f"),
    ("warn-line", "stroke", "#c98305", "#e3a63d"),
    ("bad-line", "stroke", "#cf3b34", "#f0716a"),
    ("calm-line", "stroke", "#4a7dd0", "#6b9ce8"),
    ("soft", "fill", "#5d6978", "#99a6b5"),
    ("warn-ink", "fill", "#a86500", "#e8b45a"),
    ("bad-ink", "fill", "#bf2f29", "#f58a84"),
    ("good-text", "fill", "#ffffff", "#0d1a13"),
    ("warn-text", "fill", "#3a2500", "#2a1b00"),
    ("bad-text", "fill", "#ffffff", "#2a0b0a"),
    ("calm-text", "fill", "#ffffff", "#0c1626"),
    ("lint-text", "fill", "#7a5300", "#eec673"),
    ("note", "fill", "#5d6978", "#99a6b5"),
    ("note", "stroke", "#f5f7f9", "#161c25"),
)
SHAPE = {
    "wire": "fill:none;stroke-linejoin:round",
    "back": "stroke-dasharray:6 4",
    "spark": "fill:none;stroke-width:1.6;stroke-linejoin:round",
    "area": "opacity:.16",
    "icon": "fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round",
    "tick": "fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round",
    "struck": "stroke-width:2.2",
    "mark": "stroke-width:1.2",
    "end": "text-anchor:end",
    "mid": "text-anchor:middle",
    "value": "font-variant-numeric:tabular-nums",
    "score": "font-variant-numeric:tabular-nums;letter-spacing:-.02em",
    "note": "stroke-width:3;stroke-linejoin:round;paint-order:stroke",
}


# ---- the frame ----


def svg(root: str, width: float, height: float, title: str, told: str, body: Iterable[str]) -> str:
    """The whole picture, with its name and its summary for those who do not see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{root}" role="img" aria-labelledby="{root}-title {root}-told" '
        f'viewBox="0 0 {num(width)} {num(height)}" width="{num(width)}" height="{num(height)}">'
        f'<title id="{root}-title">{safe(title)}</title><desc id="{root}-told">{safe(told)}</desc>'
        f"<style>{_style(root)}</style>{rect('paper', 0, 0, width, height, 12)}{''.join(body)}</svg>"
    )


def _style(root: str) -> str:
    rules = [f"#{root} text{{fill:{INK[0]};font-family:{FONTS}}}"]
    rules += [
        f"#{root} .{name}{{font-size:{size}px;font-weight:{600 if name in BOLD else 400}}}"
        for name, size in SIZES.items()
    ]
    rules += [f"#{root} .{name}{{{shape}}}" for name, shape in SHAPE.items()]
    rules += [f"#{root} .{name}{{{what}:{day}}}" for name, what, day, _ in PAINT]
    dark = [f"#{root} .{name}{{{what}:{night}}}" for name, what, _, night in PAINT]
    return "".join([*rules, "@media (prefers-color-scheme:dark){", f"#{root} text{{fill:{INK[1]}}}", *dark, "}"])


# ---- shapes ----


def num(value: float) -> str:
    short = f"{value:.1f}".removesuffix(".0")
    return "0" if short == "-0" else short


def at(point: Point) -> str:
    return f"{num(point[0])} {num(point[1])}"


def rect(style: str, x: float, y: float, width: float, height: float, round_by: float) -> str:
    size = f'width="{num(width)}" height="{num(height)}" rx="{num(round_by)}"'
    place = (f' x="{num(x)}"' if x else "") + (f' y="{num(y)}"' if y else "")
    return f'<rect class="{style}"{place} {size}/>'


def path(style: str, way: str, more: str = "") -> str:
    return f'<path class="{style}" d="{way}"{more}/>'


def moved(x: float, y: float, inner: Iterable[str]) -> list[str]:
    return [f'<g transform="translate({num(x)} {num(y)})">', *inner, "</g>"]


def bar(x: float, y: float, width: float, tall: float, share: float, tone: str, mark: float | None = None) -> list[str]:
    """A filled share of a track, perhaps with a mark on it."""
    fill = width * min(1.0, max(0.0, share))
    drawn = [rect("track", x, y, width, tall, tall / 2)]
    if fill >= 0.5:
        drawn.append(rect(tone, x, y, max(fill, tall), tall, tall / 2))
    if mark is not None:
        drawn.append(path("mark", f"M{num(x + width * mark)} {num(y - 2)}v{num(tall + 4)}"))
    return drawn


def pill(x: float, y: float, words: str, tone: str) -> list[str]:
    wide = pill_width(words)
    return [
        rect(tone, x, y, wide, 17, 8.5),
        text(x + wide / 2, y + 12.2, words, f"pill-text {tone}-text mid"),
    ]


def pill_width(words: str) -> float:
    return length(words, 11) * 1.13 + 16


def curve(points: Sequence[Point]) -> str:
    """Smooth to the right, straight where it keeps its height or turns into another row."""
    way = f"M{at(points[0])}"
    for (x, y), (u, v) in pairwise(points):
        if u - x < 8 or abs(v - y) < 0.5:
            way += f"L{num(u)} {num(v)}"
        else:
            way += f"C{num((x + u) / 2)} {num(y)} {num((x + u) / 2)} {num(v)} {num(u)} {num(v)}"
    return way


# ---- words ----

# What XML forbids, what cannot be seen, and what turns the direction of the words after it.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")


def text(x: float, y: float, words: str, style: str, room: float | None = None) -> str:
    """Words on one line, no wider than `room`; nothing where there are none."""
    words = _plain(words)
    if room is not None:
        words = _fitting(words, room / SIZES[style.split()[0]])
    return f'<text class="{style}" x="{num(x)}" y="{num(y)}">{escape(words)}</text>' if words else ""


def safe(words: str) -> str:
    return escape(_plain(words))


def wrapped(words: str, size: int, most: int) -> list[str]:
    """Lines of about `size` characters, broken at spaces where there are any; the last says where more was left."""
    rest, lines = _plain(words[:2000]), list[str]()
    while rest and len(lines) < most:
        cut = len(rest) if len(rest) <= size else max(rest.rfind(" ", 0, size), size // 2)
        lines.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*lines[:-1], f"{lines[-1]}…"] if rest else lines


def length(words: str, size: float) -> float:
    return size * sum([_em(letter) for letter in words])


def _plain(words: str) -> str:
    return _UNSEEN.sub("\ufffd", " ".join(words.split()))


def _fitting(words: str, ems: float) -> str:
    """As much from the start as fits, with a mark where something was left out."""
    used, fits = 0.0, 0
    for place, letter in enumerate(words, 1):
        used += _em(letter)
        if used > ems:
            return f"{words[:fits].rstrip()}…"
        if used + 0.8 <= ems:
            fits = place
    return words


def _em(letter: str) -> float:
    """About how wide a letter is: no font is known here, so rather too much than too little."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if unicodedata.combining(letter):
        return 0.1
    if letter in "mwMW@%":
        return 0.86
    return 0.34 if letter in "fijlrtI.,:;'|!()[] " else 0.7 if letter.isupper() else 0.58
