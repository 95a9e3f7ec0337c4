"""Looks at the scene compiler: every family in every theme, and each hand-drawn asset beside what its gold compiles to.

    python bench/scene_page.py -o page.html

One self-contained page. The families show content of the packs; the assets their own copy, with the parity at which the
compiled picture stands to the drawn one and what it is made of.
"""

import argparse
import base64
import random
from collections.abc import Iterator
from html import escape
from pathlib import Path

from rungwise.contracts.scene.assets import Asset, Row, gate, gold_of, registry, svg_of
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.draft import counts_of, scene_of_draft
from rungwise.contracts.scene.drawing import draft
from rungwise.contracts.scene.families import FAMILIES, TONES_OF
from rungwise.contracts.scene.language import scene_of
from rungwise.contracts.scene.packs import PACKS, content_for

SIZE = (6, 9)  # components in a body: what most people draw
TRIES = 40  # drafts tried until one fits its canvas
STYLE = """
body { margin: 0 auto; max-width: 1500px; padding: 24px; color: #1d2430; background: #eceef1;
  font: 15px/1.5 Helvetica, Arial, sans-serif }
h2 { margin: 40px 0 12px; font-size: 18px }
figure { margin: 0 }
.row { display: grid; gap: 16px; align-items: start }
.three { grid-template-columns: repeat(3, 1fr) }
.two { grid-template-columns: 1fr 1fr }
.row svg, .row img { width: 100%; height: auto; display: block; border-radius: 6px }
figcaption { font-size: 13px; color: #596373; margin-top: 4px }
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-o", "--out", type=Path, default=Path("scene.html"))
    out = options.parse_args().out
    body = "\n".join([*families(), *assets()])
    title = "Scenes: families and assets"
    out.write_text(f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
                   f"<h1>{title}</h1>{body}</html>\n", encoding="utf-8")  # fmt: skip
    print(out)


def families() -> Iterator[str]:
    for layout in FAMILIES:
        pictures = [figure(drawn(layout, theme).svg, theme.replace("_", " ")) for theme in TONES_OF]
        yield f'<h2>{layout}</h2><div class="row three">{"".join(pictures)}</div>'


def drawn(layout: str, theme: str) -> Drawing:
    """The first draft that compiles, in this theme and its tones in turn."""
    for seed in range(TRIES):
        rng = random.Random(f"{layout} {seed}")
        made = draft(layout, SIZE, rng)
        content = content_for(layout, counts_of(made), PACKS[rng.choice(list(PACKS))], rng, "medium")
        style = {"theme": theme, "tone": TONES_OF[theme][[*FAMILIES].index(layout) % len(TONES_OF[theme])]}
        plain = scene_of_draft(made)
        found = compile_scene(scene_of(layout, {**plain.attributes, **style}, plain.components), content)
        if isinstance(found, Drawing):
            return found
    raise SystemExit(f"{layout}: none of {TRIES} drafts compiles")


def assets() -> Iterator[str]:
    rows = {row.name: row for row in gate().rows}
    for asset in registry():
        yield f"<h2>{escape(asset.name)}</h2>{beside(asset, rows.get(asset.name))}"


def beside(asset: Asset, row: Row | None) -> str:
    """The drawn picture, which keeps its ids to itself in an image of its own, and the compiled one."""
    code = base64.b64encode(svg_of(asset).encode()).decode()
    told = f"{asset.family}, {asset.split}: {asset.theme}, {asset.tone}"
    left = figure(f'<img alt="{escape(asset.name)}" src="data:image/svg+xml;base64,{code}">', told)
    return f'<div class="row two">{left}{compiled(asset, row) if row else ""}</div>'


def compiled(asset: Asset, row: Row) -> str:
    gold = gold_of(asset)
    found = compile_scene(gold.scene, gold.content)
    if not isinstance(found, Drawing) or row.parity is None:
        return figure("", "; ".join(row.faults))
    parts = ", ".join(f"{name} {value:.2f}" for name, value in row.parity.parts.items())
    return figure(found.svg, f"parity {row.parity.score:.3f}: {parts}")


def figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


if __name__ == "__main__":
    main()
