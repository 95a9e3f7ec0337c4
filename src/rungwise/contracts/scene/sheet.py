"""One attempt at a picture: what is to be drawn, at which scale and in which colours, and text set to widths.

Words here: a *font* is a face at a size, a *stack* is text set to a width, an *overflow* says that it did not fit. What
layouts use of all this stands in kit.py, which is where to read on.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, TypeVar

from rungwise.contracts.scene.metrics import Face, face, wrapped
from rungwise.contracts.scene.palette import FONTS, STATES, THEMES, Theme, hue_of, tint
from rungwise.contracts.scene.tree import Scene

CANVAS = {"wide": (1200, 780), "tall": (960, 1420), "square": (1024, 1024)}
GAP = {"sm": 14, "md": 22, "lg": 32}
PAD = {"compact": 12, "balanced": 16, "airy": 22}
RADIUS = {"compact": 7, "balanced": 11, "airy": 16}
LEAD = {"compact": 1.24, "balanced": 1.32, "airy": 1.42}
BOLD = ("head", "bold")
FONTS_KEPT = 4096  # a few for each width of a card
BASELINE = 0.36  # of the size, below the middle of a line: where capitals and small letters together look centred
ROOT = "\0"  # stands for the picture's own id until its bytes are known; no content can hold it
Point = tuple[float, float]
Draw = Callable[[], list["Box"]]  # what is left to do where all is measured and fits
T = TypeVar("T")


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


NOTHING = Rect(0, 0, 0, 0)


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


class Piece(NamedTuple):
    """A field, or one text of a list, in lines."""

    y: float  # of its top, from the top of the stack
    lines: list[str]
    font: Font
    fill: str
    indent: float = 0  # what is indented is bulleted


class Stack(NamedTuple):
    """Text set to a width, one piece under the other."""

    pieces: list[Piece]
    h: float


@dataclass(slots=True)
class Sheet:
    """One attempt at a picture: what is to be drawn, at which scale, and the room for it."""

    scene: Scene
    items: Sequence[Any]  # by component; checked against the family's table, so a field is what its kind says
    content: Mapping[str, Any]  # the whole that the items are from
    tagged: Mapping[str, Sequence[int]]  # the components with each tag
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
    body: Rect = NOTHING
    under: list[str] = field(default_factory=list)
    failed: dict[Hashable, tuple["Overflow", float]] = field(default_factory=dict)  # choices, and at which size
    kept: dict[Hashable, Any] = field(default_factory=dict)  # see `once`


class Overflow(Exception):
    """Text does not fit at this size: which component's, which field where one is to blame, and how many times the room
    it needs, where that is known."""

    def __init__(self, at: int, name: str, excess: float = 1) -> None:
        self.at, self.name, self.excess = at, name, excess


def overflow(at: int, name: str = "", excess: float = 1) -> NoReturn:
    raise Overflow(at, name, excess)


def _letters_of(items: Sequence[Mapping[str, Any]]) -> int:
    """How much text there is, so that what is sure not to fit need not be tried."""
    found = 0
    for item in items:
        for value in item.values():
            if isinstance(value, str):
                found += len(value)
            elif isinstance(value, list):
                found += sum([len(text) for text in value if isinstance(text, str)])
    return found


def sheet_of(scene: Scene, items: Sequence[Any], content: Mapping[str, Any]) -> Sheet:
    density, canvas = scene.attribute("density"), CANVAS[scene.attribute("canvas")]
    tagged: dict[str, list[int]] = {}
    for at, one in enumerate(scene.components):
        tagged.setdefault(one.tag, []).append(at)
    return Sheet(
        scene, items, content, tagged, _letters_of(items), 1, THEMES[scene.attribute("theme")],
        scene.attribute("tone"), *canvas,
        gap=GAP[scene.attribute("gap")], pad=PAD[density], radius=RADIUS[density], lead=LEAD[density],
        connector=scene.attribute("connector"), emphasis=scene.attribute("emphasis"),
    )  # fmt: skip


def at_scale(sheet: Sheet, scale: float) -> Sheet:
    """The same at another scale, with nothing drawn yet; what is known already is shared."""
    return replace(sheet, scale=scale, body=NOTHING, under=[])


def once(sheet: Sheet, name: Hashable, make: Callable[[], T]) -> T:
    """What is the same at every scale: made at the first attempt, and kept for the others under a name."""
    if name not in sheet.kept:
        sheet.kept[name] = make()
    found: T = sheet.kept[name]
    return found


def at_of(sheet: Sheet, *tags: str) -> list[int]:
    """Which components have one of these tags, in order."""
    return sorted([at for tag in tags for at in sheet.tagged.get(tag, ())])


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
    return _font(kind, sheet.theme.headline, size * sheet.scale, sheet.lead)


@lru_cache(FONTS_KEPT)
def _font(kind: str, headline: str, wanted: float, lead: float) -> Font:
    size, bold = round(wanted, 1), kind in BOLD
    family = "mono" if kind == "mono" else headline if kind == "head" else "sans"
    tag = f'font-size="{size:g}"'
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
    item, pieces, y = sheet.items[at], list[Piece](), 0.0
    for name, font, fill, space in runs:
        value = item.get(name)
        if value is None:
            continue
        if pieces:
            y += space
        bulleted = isinstance(value, list)
        indent = font.size * 0.85 if bulleted else 0.0
        room = (width - indent) / font.size
        for text in value if bulleted else (str(value),):
            lines = wrapped(text, font.face, room)
            if lines is None:
                _too_wide(at, name, text, font, width - indent)
            pieces.append(Piece(y, lines, font, fill, indent))
            for _ in lines:
                y += font.lead
    return Stack(pieces, y)


def written(text: Stack, x: float, y: float, anchor: str = "start", air: float = 0) -> list[str]:
    """The stack with its top at y; x is its left, middle or end as the anchor says."""
    tag = "" if anchor == "start" else f' text-anchor="{anchor}"'
    drawn, down = list[str](), y
    for top, lines, font, fill, indent in text.pieces:
        look = f'fill="{fill}" {font.tag}{tag}'
        if indent:
            drawn.append(f'<text x="{x:.1f}" y="{down + (top + font.base):.1f}" {look}>•</text>')
        for line in lines:
            drawn.append(f'<text x="{x + indent:.1f}" y="{down + (top + font.base):.1f}" {look}>{safe(line)}</text>')
            top += font.lead
        down += air
    return drawn


def line_at(x: float, y: float, text: str, font: Font, fill: str, anchor: str = "start") -> str:
    """One line, its middle at y."""
    tag = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y + font.size * BASELINE:.1f}" fill="{fill}" {font.tag}{tag}>{safe(text)}</text>'


def safe(text: str) -> str:
    if "&" in text or "<" in text or ">" in text or '"' in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text
