"""How wide text is, from the fonts' own advance widths rather than from counting characters.

The widths are those of Liberation Sans, Serif and Mono, which Arial, Times New Roman and Courier New share, so they
hold wherever one of either is installed. Kerning is left out: it makes text narrower, hardly ever wider. Widths are
whole font units, so every sum is exact and the same everywhere.
"""

import json
import unicodedata
from bisect import bisect
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

WORDS_KEPT = 50_000  # bounds the memory of a long-lived judge: some 5 MB a face
TEXTS_KEPT = 1000  # as many as some ten scenes have
EMOJI = 0x1F000  # from here on pictures, which colour fonts set wider than an em


class Spread(NamedTuple):
    """A text on one line, in em: where each word ends, so that lines are broken without adding up again."""

    words: list[str]
    ends: list[float]
    widest: float


class Face(dict[str, float]):
    """Words by their width in em; a word that is not yet known is measured when asked for."""

    def __init__(self, advances: dict[str, float]) -> None:
        super().__init__()
        self.advances = advances
        self.space = advances[" "]
        self.wides: dict[str, float] = {}  # of what was set last, for a picture is tried at several sizes
        self.spreads: dict[str, Spread] = {}

    def __missing__(self, word: str) -> float:
        if len(self) >= WORDS_KEPT:
            self.clear()
        known = self.advances
        wide = sum([known[char] if char in known else _stranger(char) for char in word])
        self[word] = wide
        return wide

    def width(self, text: str) -> float:
        wide = self.wides.get(text)
        if wide is None:
            if len(self.wides) >= TEXTS_KEPT:
                self.wides.clear()
            wide = self.wides[text] = sum([self[word] for word in text.split(" ")]) + text.count(" ") * self.space
        return wide

    def spread(self, text: str) -> Spread:
        if len(self.spreads) >= TEXTS_KEPT:
            self.spreads.clear()
        words = text.split() or [""]
        wides = [self[word] for word in words]
        ends = [*accumulate(wides, lambda end, wide: end + self.space + wide)]
        found = self.spreads[text] = Spread(words, ends, max(wides))
        return found


def _stranger(char: str) -> float:
    """What the fonts do not have is set from another: an em is what Chinese and Japanese take, and more than most."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0.0
    return 1.25 if ord(char) >= EMOJI else 1.0


@cache
def face(name: str) -> Face:
    data = _advances()
    return Face({char: wide / data["units"] for char, wide in zip(data["chars"], data[name], strict=True)})


@cache
def _advances() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("advances.json").read_text(encoding="ascii"))
    return found


def wrapped(text: str, face: Face, room: float) -> list[str] | None:
    """The text in lines of at most `room` em, as many words on each as fit; None where a word alone is too wide."""
    spread = face.spreads.get(text) or face.spread(text)
    if spread.widest > room:
        return None
    words, ends = spread.words, spread.ends
    if ends[-1] <= room:
        return [" ".join(words)]
    lines: list[str] = []
    first, start, space = 0, 0.0, face.space
    while first < len(words):
        last = bisect(ends, start + room, first)
        lines.append(" ".join(words[first:last]))
        first, start = last, ends[last - 1] + space
    return lines
