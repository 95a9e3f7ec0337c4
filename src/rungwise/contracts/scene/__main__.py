"""A scene file and a content file to a picture, for people: python -m rungwise.contracts.scene FILE CONTENT -o OUT.svg

Every fault is told with its file, place and what may stand there; nothing is written where there is one, and what is
written is whole. Exit codes: 0 well, 2 usage or input.
"""

import argparse
import os
import sys
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.language import SURFACES, converted, parse
from rungwise.contracts.scene.tree import Fault

MAX_CONTENT = 1_000_000


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m rungwise.contracts.scene", description=__doc__.split("\n")[0])
    parser.add_argument("scene", type=Path, help="the scene's text")
    parser.add_argument("content", type=Path, nargs="?", help="its content, JSON; without it the scene is only read")
    parser.add_argument("-o", "--out", type=Path, help="the picture: .svg, or .png with the render extra")
    parser.add_argument("--surface", choices=SURFACES, default="block", help="how the scene is spelled")
    parser.add_argument("--to", choices=SURFACES, help="print it on this surface instead")
    asked = parser.parse_args(argv)
    text = _read(asked.scene, 10 * 32 * 1024).removesuffix("\n")
    if asked.to:
        told = converted(text, asked.surface, asked.to)
        return _refused(asked.scene, told) if isinstance(told, Fault) else _said(told)
    scene = parse(text, asked.surface)
    if isinstance(scene, Fault):
        return _refused(asked.scene, scene)
    if asked.content is None:
        return _said(f"{asked.scene}: a {scene.layout} of {len(scene.components)} components")
    drawn = compile_scene(scene, _content(asked.content))
    if not isinstance(drawn, Drawing):
        return _refused(asked.content, *drawn)
    if asked.out:
        _write(asked.out, _png(drawn.svg) if asked.out.suffix == ".png" else drawn.svg.encode())
        return _said(f"{asked.out}: {drawn.width} x {drawn.height}, {len(scene.components)} components")
    return _said(drawn.svg)


def _read(path: Path, most: int) -> str:
    try:
        if path.stat().st_size > most:
            raise SystemExit(_fail(f"{path}: larger than {most:,} bytes"))
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(_fail(f"{path}: {error}")) from error


def _content(path: Path) -> Json:
    try:
        return msgspec.json.decode(_read(path, MAX_CONTENT))
    except (msgspec.DecodeError, RecursionError) as error:
        raise SystemExit(_fail(f"{path}: not JSON: {error}")) from error


def _png(svg: str) -> bytes:
    try:
        import resvg_py
    except ModuleNotFoundError:
        raise SystemExit(_fail("a .png needs the render extra: pip install 'rungwise[render]'")) from None
    return bytes(resvg_py.svg_to_bytes(svg_string=svg))


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SystemExit(_fail(f"{path}: {error}")) from error


def _refused(path: Path, *faults: Fault) -> int:
    for fault in faults:
        _fail(f"{path}: {fault}")
    return 2


def _fail(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 2


def _said(message: str) -> int:
    sys.stdout.write(message + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
