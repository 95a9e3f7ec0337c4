"""Three themes with five tones each: every colour the compiler may use, by the role it plays.

Text stands on `ground`, `panel`, `card`, `well` or a tint of a card in `ink`, `soft` or a hue, and on a hue in `on`;
each of these pairs has a contrast of 4.5 or more, which a test computes. `line`, `wire` and `motif` never carry text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

TINT = 0.14  # how much hue a tinted card takes: seen at a glance, text on it still readable
FONTS = {
    "sans": "Helvetica, Arial, 'Liberation Sans', Arimo, sans-serif",
    "serif": "'Times New Roman', 'Liberation Serif', Tinos, serif",
    "mono": "'Courier New', 'Liberation Mono', Cousine, monospace",
}
CYCLE = ("blue", "amber", "green", "purple")  # what a mixed tone goes through
STATES = {"highlight": "tone", "success": "green", "warning": "amber", "danger": "red"}


@dataclass(frozen=True, slots=True)
class Theme:
    ground: str
    deep: str  # where the ground's gradient ends
    panel: str
    card: str
    well: str  # chips, table heads, numbers
    line: str  # borders
    wire: str  # connectors
    motif: str
    ink: str
    soft: str
    on: str  # text on a hue
    hues: Mapping[str, str]
    headline: Literal["sans", "serif"]
    lift: Literal["flat", "shadow", "glow"]  # how a card leaves its ground


THEMES: Mapping[str, Theme] = {
    "infra_dark": Theme(
        ground="#111b28", deep="#0b121c", panel="#152130", card="#1c2a3b", well="#263850", line="#36495f",
        wire="#8299b3", motif="#1c2a3c", ink="#eef4fa", soft="#b6c4d4", on="#0b121c",
        hues={
            "blue": "#66b3ff", "amber": "#ffbb55", "green": "#52d9a6",
            "purple": "#b8a0ff", "red": "#ff8484", "muted": "#9aabbf",
        },
        headline="sans", lift="flat",
    ),
    "paper_editorial": Theme(
        ground="#f6f0e4", deep="#efe7d7", panel="#fbf7ee", card="#fffdf9", well="#f1e9da", line="#d3c5ad",
        wire="#5b5145", motif="#e7dcc8", ink="#211c16", soft="#574e43", on="#fffdf9",
        hues={
            "blue": "#1d5a98", "amber": "#8f5200", "green": "#1b6a45",
            "purple": "#673a97", "red": "#a3281e", "muted": "#665d52",
        },
        headline="serif", lift="shadow",
    ),
    "signal_glow": Theme(
        ground="#080d18", deep="#04060c", panel="#0b121f", card="#101929", well="#17233a", line="#293c5e",
        wire="#7c9bd0", motif="#111c30", ink="#f3f8ff", soft="#b0c1dd", on="#04060c",
        hues={
            "blue": "#45caff", "amber": "#ffcb60", "green": "#37f3a2",
            "purple": "#cb99ff", "red": "#ff7088", "muted": "#8b9dbc",
        },
        headline="sans", lift="glow",
    ),
}  # fmt: skip


@cache
def mix(one: str, other: str, share: float) -> str:
    """The colour `share` of the way from one to the other."""
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join([f"{round(a + (b - a) * share):02x}" for a, b in pairs])


def tint(theme: Theme, hue: str) -> str:
    return mix(theme.card, hue, TINT)


def hue_of(theme: Theme, tone: str, accent: str, order: int) -> str:
    """The hue of a component: what its accent names, or the tone's, which a mixed tone changes from one to the next."""
    name = tone if accent == "tone" else accent
    return theme.hues[CYCLE[order % len(CYCLE)] if name == "mixed" else name]
