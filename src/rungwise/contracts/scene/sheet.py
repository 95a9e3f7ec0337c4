"""One attempt at a picture: what is to be drawn, at which scale and in which colours, text set to widths, and the room.

Words here: a *font* is a face at a size, a *stack* is text set to a width, an *overflow* says that it did not fit. What
layouts use of all this stands in kit.py, which is where to read on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, TypeVar

from rungwise.contracts.scene.metrics import Face, face, wrapped
from rungwise.contracts.scene.palette import FONTS, STATES, THEMES, Theme, hue_of, tint
from rungwise.contracts.scene.tree import Scene

SCALES = (1, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6)
CANVAS = {"wide": (1200, 780), "tall": (960, 1420), "square": (1024, 1024)}
GAP = {"sm": 14, "md": 22, "lg": 32}
PAD = {"compact": 12, "balanced": 16, "airy": 22}
RADIUS = {"compact": 7, "balanced": 11, "airy": 16}
LEAD = {"compact": 1.24, "balanced": 1.32, "airy": 1.42}
GROWTH = (2.3, 1.9, 1.5, 1.25, 1)  # a picture of little text is set larger; the first that fits
LEAST_SIZE = 0.65  # of the usual size of type, for a narrow card
AIR, MOST_AIR = 0.6, 30  # of the spare height, and in pixels, what pieces of text take between them
SHRINKS = 3  # text at half the size takes a quarter of the room, or less where lines break better
LETTER, FULLEST = 138, 0.6  # pixels that a letter takes with its share of the leading; the most of a body that is text
FEW, MANY = 16, 26  # components that are worth trying all of it, and the smaller half of it
BOLD = ("head", "bold")
FONTS_KEPT = 4096  # sizes are tenths of a pixel, so there are fewer
BASELINE = 0.36  # of the size, below the middle of a line: where capitals and small letters together look centred
ROOT = "\0"  # stands for the picture's own id until its bytes are known; no content can hold it
Point = tuple[float, float]
T = TypeVar("T")
C = TypeVar("C")


class Rect(NamedTuple):
    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle that a component takes, and what is drawn in it. Solid boxes may not overlap each other."""

    component: int
    x: float
    y: float
    w: float
    h: float
    body: list[str]
    solid: bool = True


@dataclass(frozen=True, slots=True)
class Font:
    """A size of a face. `tag` is how it is written, without colour."""

    face: Face
    size: float
    lead: float  # from one baseline to the next
    base: float  # from the top of a line to its baseline
    tag: str


class Row(NamedTuple):
    dx: float
    dy: float  # of the baseline, from the top of the stack
    text: str
    font: Font
    fill: str


class Stack(NamedTuple):
    """Text set to a width, one piece under the other."""

    rows: list[Row]
    h: float
    starts: list[int]  # the rows with which a piece begins: a field, or one text of a list


@dataclass(slots=True)
class Sheet:
    """One attempt at a picture: what is to be drawn, at which scale, and the room for it."""

    scene: Scene
    items: Sequence[Any]  # by component; checked against the family's table, so a field is what its kind says
    content: Mapping[str, Any]  # the whole that the items are from
    letters: int  # of all items
    scale: float
    theme: Theme
    tone: str
    width: int
    height: int
    gap: int
    pad: int
    radius: int
    lead: float
    connector: str
    emphasis: str
    body: Rect = field(default=Rect(0, 0, 0, 0))
    under: list[str] = field(default_factory=list)


class Overflow(Exception):
    """Text does not fit at this size: which component's, which field where one is to blame, and how many times the room
    it needs, where that is known."""

    def __init__(self, at: int, name: str, excess: float = 1) -> None:
        self.at, self.name, self.excess = at, name, excess


def overflow(at: int, name: str = "", excess: float = 1) -> NoReturn:
    raise Overflow(at, name, excess)


def in_vain(found: Overflow | None, before: float, size: float) -> bool:
    """Whether what did not fit at the size before cannot fit at this one either: so much less room text never takes."""
    return found is not None and found.excess * (size / before) ** SHRINKS > 1


def letters_of(items: Sequence[Mapping[str, Any]]) -> int:
    """How much text there is, so that what is sure not to fit need not be tried."""
    found = 0
    for item in items:
        for value in item.values():
            if isinstance(value, str):
                found += len(value)
            elif isinstance(value, list):
                found += sum([len(text) for text in value if isinstance(text, str)])
    return found


def crowded(sheet: Sheet, size: float) -> bool:
    """Whether the text would fill more of the body at this size than any layout can."""
    return sheet.letters * LETTER * size * size > FULLEST * sheet.body.w * sheet.body.h


def sheet_of(scene: Scene, items: Sequence[Any], content: Mapping[str, Any], letters: int, scale: float) -> Sheet:
    density, canvas = scene.attribute("density"), CANVAS[scene.attribute("canvas")]
    return Sheet(
        scene, items, content, letters, scale, THEMES[scene.attribute("theme")], scene.attribute("tone"), *canvas,
        gap=GAP[scene.attribute("gap")], pad=PAD[density], radius=RADIUS[density], lead=LEAD[density],
        connector=scene.attribute("connector"), emphasis=scene.attribute("emphasis"),
    )  # fmt: skip


def at_of(sheet: Sheet, *tags: str) -> list[int]:
    """Which components have one of these tags, in order."""
    return [at for at, one in enumerate(sheet.scene.components) if one.tag in tags]


def number_of(sheet: Sheet, at: int) -> int:
    """Which item of its collection a component refers to, from 0."""
    name, _, key = sheet.scene.components[at].fields["ref"].partition(".")
    return int(key) - 1 if key.isdigit() else list(sheet.content[name]).index(key)


def hue(sheet: Sheet, at: int, order: int) -> str:
    """The hue of a component, the `order`-th of its kind, by its accent and the scene's tone."""
    return hue_of(sheet.theme, sheet.tone, sheet.scene.components[at].fields.get("accent", "tone"), order)


class Look(NamedTuple):
    """What accent, state and variant come to on a card."""

    hue: str
    strip: str  # the hue, or all of them
    edge: str | None  # the border's colour, where it says something
    ground: str
    dashed: bool
    sign: str | None


def look(sheet: Sheet, at: int, order: int) -> Look:
    fields, theme = sheet.scene.components[at].fields, sheet.theme
    colour = hue(sheet, at, order)
    strip = f"url(#{ROOT}-mix)" if fields.get("accent") == "mixed" else colour
    says = fields.get("state") or fields.get("variant", "")
    if says in STATES:
        told = hue_of(theme, sheet.tone, STATES[says], 0)
        return Look(colour, strip, told, theme.card, False, says)
    if says == "hero":
        return Look(colour, strip, colour, tint(theme, colour), False, None)
    if says == "metric":
        return Look(colour, strip, None, theme.well, False, None)
    return Look(colour, strip, None, theme.panel if says == "note" else theme.card, says == "note", None)


def state_hue(sheet: Sheet, at: int) -> str | None:
    """The hue of a component's state; None where it is normal."""
    state = sheet.scene.components[at].fields.get("state")
    return hue_of(sheet.theme, sheet.tone, STATES[state], 0) if state else None


# ---- text ----


def font_of(sheet: Sheet, kind: str, size: float) -> Font:
    """A face by what it is for. Rounded to what is written, so that what is measured is what is drawn."""
    serif = kind == "head" and sheet.theme.headline == "serif"
    family = "mono" if kind == "mono" else "serif" if serif else "sans"
    return _font(family, kind in BOLD, round(size * sheet.scale, 1), sheet.lead)


@lru_cache(FONTS_KEPT)
def _font(family: str, bold: bool, size: float, lead: float) -> Font:
    tag = f'font-size="{size}"'
    if family != "sans":  # the root has sans
        tag += f' font-family="{FONTS[family]}"'
    if bold:
        tag += ' font-weight="700"'
    lead = round(size * lead, 1)
    return Font(face(f"{family}_bold" if bold else family), size, lead, lead / 2 + size * BASELINE, tag)


def lines_of(at: int, name: str, text: str, font: Font, width: float) -> list[str]:
    """The text in lines no wider than `width`."""
    lines = wrapped(text, font.face, width / font.size)
    if lines is None:
        _too_wide(at, name, text, font, width)
    return lines


def _too_wide(at: int, name: str, text: str, font: Font, width: float) -> NoReturn:
    overflow(at, name, max([font.face[word] for word in text.split()]) * font.size / max(1.0, width))


def one_line(at: int, name: str, text: str, font: Font, width: float) -> str:
    """The text where it goes on one line of this width."""
    wide = font.face.width(text) * font.size
    if wide > width:
        overflow(at, name, wide / max(1.0, width))
    return text


def stack(sheet: Sheet, at: int, width: float, *runs: tuple[str, Font, str, float]) -> Stack:
    """The fields of a component's item under each other: name, font, colour, space above. What is absent is left out;
    a list of texts is bulleted."""
    item, rows, starts, y = sheet.items[at], list[Row](), list[int](), 0.0
    for name, font, fill, space in runs:
        value = item.get(name)
        if value is None:
            continue
        y += space if rows else 0
        bulleted = isinstance(value, list)
        indent = font.size * 0.85 if bulleted else 0.0
        for text in value if bulleted else (str(value),):
            lines = wrapped(text, font.face, (width - indent) / font.size)
            if lines is None:
                _too_wide(at, name, text, font, width - indent)
            starts.append(len(rows))
            if bulleted:
                rows.append(Row(0, y + font.base, "•", font, fill))
            for line in lines:
                rows.append(Row(indent, y + font.base, line, font, fill))
                y += font.lead
    return Stack(rows, y, starts)


def air_for(texts: Sequence[Stack], room: float) -> float:
    """The space to put between the pieces of stacks beside each other, so that they take some of a height that is more
    than they need; one figure for all, so that their lines stay level."""
    pieces = max([len(text.starts) for text in texts])
    return max(0.0, min((room - max([text.h for text in texts])) * AIR / pieces, MOST_AIR)) if pieces else 0.0


def written(text: Stack, x: float, y: float, anchor: str = "start", air: float = 0) -> list[str]:
    """The stack with its top at y; x is its left, middle or end as the anchor says."""
    tag = "" if anchor == "start" else f' text-anchor="{anchor}"'
    starts = text.starts if air else ()
    drawn, down = list[str](), y
    for at, (dx, dy, line, font, fill) in enumerate(text.rows):
        if at and at in starts:
            down += air
        drawn.append(f'<text x="{x + dx:.1f}" y="{down + dy:.1f}" fill="{fill}" {font.tag}{tag}>{safe(line)}</text>')
    return drawn


def line_at(x: float, y: float, text: str, font: Font, fill: str, anchor: str = "start") -> str:
    """One line, its middle at y."""
    tag = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y + font.size * BASELINE:.1f}" fill="{fill}" {font.tag}{tag}>{safe(text)}</text>'


def safe(text: str) -> str:
    if "&" in text or "<" in text or ">" in text or '"' in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text


# ---- room ----


def grown(sheet: Sheet, measure: Callable[[float], T]) -> T:
    """What `measure` gives for the largest growth of the type at which it does not overflow."""
    found, before, size = None, 1.0, len(sheet.scene.components)
    worth = GROWTH[:-1] if size <= FEW else GROWTH[2:-1] if size <= MANY else ()
    for growth in worth if sheet.scale == 1 else ():
        if crowded(sheet, growth) or in_vain(found, before, growth):
            continue
        try:
            return measure(growth)
        except Overflow as overflow:
            found, before = overflow, growth
    return measure(GROWTH[-1])


def first_fit(choices: Sequence[C], measure: Callable[[C], T]) -> T:
    """What `measure` gives for the first choice that does not overflow."""
    least: Overflow | None = None
    for choice in choices:
        try:
            return measure(choice)
        except Overflow as found:
            least = found if least is None or found.excess < least.excess else least
    raise least or Overflow(0, "")


def spread(natural: Sequence[float], room: float, gap: float, at: int, most: float = 99) -> list[float]:
    """Heights (or widths) that fill the room: each its natural one and the same share of what is left, but at most
    `most` times its own, the rest going to the first. Overflows, on behalf of component `at`, where they do not fit."""
    left = room - sum(natural) - gap * (len(natural) - 1)
    if left < -0.01:
        overflow(at, excess=sum(natural) / max(1.0, sum(natural) + left))
    share = left / len(natural)
    sizes = [min(size + share, size * most) for size in natural]
    sizes[0] += room - sum(sizes) - gap * (len(natural) - 1)
    return sizes


def room_for(words: float, width: float, size: float) -> float:
    """The size of type, at most `size`, at which a word of so many em goes on a line of this width: a narrow card is
    set smaller, rather than all text of the picture; but not so small that nobody reads it."""
    return min(size, max(width / words, size * LEAST_SIZE))
