"""Reads the advance widths that the scene compiler measures text with. `python bench/advances.py FONT_FOLDER`.

Liberation Sans, Serif and Mono have the widths of Arial, Times New Roman and Courier New; one of each pair is on nearly
every system. Needs fontTools, which nothing else here does. The result is committed, so this runs only to extend it.
"""

import argparse
import json
from pathlib import Path

from fontTools.ttLib import TTFont

FACES = {"sans": "Sans-Regular", "sans_bold": "Sans-Bold", "serif": "Serif-Regular", "serif_bold": "Serif-Bold",
         "mono": "Mono-Regular", "mono_bold": "Mono-Bold"}  # fmt: skip
# Latin-1, Latin Extended-A, Greek, Cyrillic, punctuation, currency, letterlike, arrows, maths, boxes and shapes
RANGES = ((0x20, 0x7F), (0xA0, 0x180), (0x370, 0x400), (0x400, 0x460), (0x2010, 0x2060), (0x20A0, 0x20C0),
          (0x2100, 0x2150), (0x2190, 0x2200), (0x2200, 0x2300), (0x2500, 0x2600))  # fmt: skip
TARGET = Path(__file__).parents[1] / "src/rungwise/contracts/scene/advances.json"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    fonts = {face: TTFont(options.parse_args().folder / f"Liberation{name}.ttf") for face, name in FACES.items()}
    codes = [code for first, end in RANGES for code in range(first, end)]
    known = [code for code in codes if all(code in font.getBestCmap() for font in fonts.values())]
    told = {face: [font["hmtx"][font.getBestCmap()[code]][0] for code in known] for face, font in fonts.items()}
    units = {font["head"].unitsPerEm for font in fonts.values()}
    assert len(units) == 1, units
    whole = {"units": units.pop(), "chars": "".join(map(chr, known)), **told}
    TARGET.write_text(json.dumps(whole, ensure_ascii=True, separators=(",", ":")) + "\n")
    print(f"{len(known)} characters of {len(fonts)} faces in {TARGET}")


if __name__ == "__main__":
    main()
