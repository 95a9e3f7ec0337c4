"""The pictures of some scenes stay as they are to the byte, so that the compiler can be made faster without a look.

Where they are meant to change: `python -m tests.contracts.test_scene_pictures` writes the hashes anew; look at the
pictures first (`python bench/scene_page.py`).
"""

import hashlib
import json
import random
from pathlib import Path

import pytest

from rungwise.contracts.scene.compiler import compile_scene
from rungwise.contracts.scene.layouts import LAYOUTS
from rungwise.contracts.scene.sheet import _font, font_of, sheet_of
from tests.contracts.scenes import any_content, any_scene, any_style

KEPT = Path(__file__).with_name("scene_pictures.json")
SIZES = (4, 14, 40)  # type is grown, is as it is, is set smaller; the last is more than some families have


def picture(layout: str, size: int) -> str:
    """A hash of the picture, or what is wrong with it."""
    rng = random.Random(f"{layout} {size}")
    scene = any_scene(layout, size, size, **any_style(layout, rng))
    found = compile_scene(scene, any_content(layout, size, items=64, long=rng.random() * 0.8))
    return " ".join(fault.code for fault in found) if isinstance(found, tuple) else hashed(found.svg)


def hashed(svg: str) -> str:
    return hashlib.sha256(svg.encode()).hexdigest()[:16]


@pytest.mark.parametrize("layout", [*LAYOUTS])
def test_pictures_are_what_they_were(layout: str) -> None:
    assert [picture(layout, size) for size in SIZES] == json.loads(KEPT.read_text())[layout]


def test_a_size_is_written_alike_whoever_asked_for_it_first() -> None:
    sheet, tags = sheet_of(any_scene("timeline", 3, 1), [], {}), set[str]()
    for size in (14, 14.0):
        _font.cache_clear()
        tags.add(font_of(sheet, "bold", size).tag)
    assert len(tags) == 1


if __name__ == "__main__":
    made = {layout: [picture(layout, size) for size in SIZES] for layout in LAYOUTS}
    KEPT.write_text(json.dumps(made, indent=1) + "\n")
