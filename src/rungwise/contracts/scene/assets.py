"""The asset pack: infographics drawn by hand for this project, and for most of them a scene that compiles to the same.

`assets/registry.json` knows each SVG by its hash, so that an original that was modified is found by name; it says of
what family it is, whether it is used (`gold`) or kept for later (`held`), what the normaliser found in it, and which of
its groups is which component. A gold asset has a scene and its own copy as content: `<name>.scene`, `<name>.json`.

`gate` is what the compiler must pass before anything is trained on it: every gold compiles, is like its original in
structure, and holds placeholder text of three lengths. Comparison, poster, table and pipeline must be among them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from rungwise.contract import Json
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.families import FAMILIES, Item, Kind
from rungwise.contracts.scene.language import parse
from rungwise.contracts.scene.normalise import normalise
from rungwise.contracts.scene.parity import Parity, Role, parity, structure, structure_of_drawing
from rungwise.contracts.scene.tree import Fault, Scene
from rungwise.errors import InputError

FOLDER = Path(__file__).with_name("assets")
LEAST_PARITY = 0.87  # between our least, 0.91, and a tree drawn from the left instead of from the top, 0.83
LEAST_GOLDS = 10
KINDS = {  # what the gate must see, and which families are of that kind
    "comparison": ("comparison_span_chart", "comparison_board", "dual_panel_compare"),
    "poster": ("poster_stack",),
    "table": ("table_matrix",),
    "pipeline": ("pipeline_lane",),
}
LENGTHS: Mapping[str, Mapping[Kind, int]] = {  # characters: a word, what our assets say, and some three times that
    "short": {"short": 3, "title": 6, "text": 12, "lines": 8, "cells": 3, "number": 1},
    "medium": {"short": 9, "title": 16, "text": 40, "lines": 20, "cells": 9, "number": 3},
    "long": {"short": 18, "title": 48, "text": 120, "lines": 56, "cells": 24, "number": 9},
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    name: str
    sha256: str
    family: str
    split: Literal["gold", "held"]
    theme: str  # ours that it comes nearest to, as measured
    tone: str
    roles: Mapping[str, int]  # what its texts are for, as the normaliser counts them
    components: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Gold:
    asset: Asset
    scene: Scene
    content: Mapping[str, Json]


def registry(folder: Path = FOLDER) -> tuple[Asset, ...]:
    """Every asset, each found to be as it was registered."""
    path = folder / "registry.json"
    assets = _decoded(path, tuple[Asset, ...])
    strangers = {file.stem for file in folder.glob("*.svg")} ^ {asset.name for asset in assets}
    if strangers:
        raise InputError(f"the registry and the folder differ in {', '.join(sorted(strangers))}", file=path)
    for asset in assets:
        file = folder / f"{asset.name}.svg"
        found = hashlib.sha256(_bytes(file)).hexdigest()
        if found != asset.sha256:
            told = f"sha256 {found[:12]}..., registered as {asset.sha256[:12]}...: the original was modified"
            raise InputError(told, file=file)
        if asset.family not in FAMILIES:
            raise InputError(f"{asset.name}: no family {asset.family!r}", file=path)
    return assets


def svg_of(asset: Asset, folder: Path = FOLDER) -> str:
    return _bytes(folder / f"{asset.name}.svg").decode()


def gold_of(asset: Asset, folder: Path = FOLDER) -> Gold:
    path = folder / "gold" / f"{asset.name}.scene"
    scene = parse(_bytes(path).decode().rstrip("\n"))
    if isinstance(scene, Fault):
        raise InputError(str(scene), file=path)
    return Gold(asset, scene, _decoded(path.with_suffix(".json"), dict[str, Json]))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise InputError(f"cannot be read: {problem.strerror}", file=path) from problem


def _decoded(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except msgspec.DecodeError as problem:
        raise InputError(str(problem), file=path) from problem


# ---- the gate ----


@dataclass(frozen=True, slots=True)
class Row:
    """One gold asset at the gate: how like its original it is, and why not, where it fails."""

    name: str
    family: str
    parity: Parity | None
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    rows: tuple[Row, ...]
    faults: tuple[str, ...]  # of the whole pack, then of each gold

    @property
    def passed(self) -> bool:
        return not self.faults


def gate(assets: Sequence[Asset] | None = None, folder: Path = FOLDER) -> Gate:
    golds = [asset for asset in (registry(folder) if assets is None else assets) if asset.split == "gold"]
    rows = tuple(_row(gold_of(asset, folder), folder) for asset in golds)
    faults = [f"{len(golds)} gold assets, expected {LEAST_GOLDS} or more"] if len(golds) < LEAST_GOLDS else []
    present = {asset.family for asset in golds}
    faults += [f"no {kind} among them: {' or '.join(names)}" for kind, names in KINDS.items() if not present & {*names}]
    return Gate(rows, (*faults, *(f"{row.name}: {fault}" for row in rows for fault in row.faults)))


def _row(gold: Gold, folder: Path) -> Row:
    drawn = compile_scene(gold.scene, gold.content)
    faults = [] if isinstance(drawn, Drawing) else [f"does not compile: {drawn[0]}"]
    found = compared(gold, drawn, folder) if isinstance(drawn, Drawing) else None
    if found and found.score < LEAST_PARITY:
        faults.append(f"parity {found.score:.3f}, expected {LEAST_PARITY} or more")
    for length in LENGTHS:
        filled = compile_scene(gold.scene, placeholders(gold.scene.layout, gold.content, length))
        if not isinstance(filled, Drawing):
            faults.append(f"does not hold {length} text: {filled[0]}")
    return Row(gold.asset.name, gold.asset.family, found, tuple(faults))


def compared(gold: Gold, drawn: Drawing, folder: Path = FOLDER) -> Parity:
    return parity(structure(svg_of(gold.asset, folder), gold.asset.components), structure_of_drawing(drawn.svg))


# ---- placeholder content ----


def placeholders(layout: str, content: Mapping[str, Json], length: str) -> dict[str, Json]:
    """Content of the same shape with every text replaced: by its field's name, over and over, up to the length."""
    items = {part.content: part.item for part in FAMILIES[layout].parts if part.content and part.item}
    return {name: _filled_items(items[name], held, LENGTHS[length]) for name, held in content.items()}


def _filled_items(item: Item, held: Json, long: Mapping[Kind, int]) -> Json:
    if isinstance(held, list):
        return [_filled(item, one, long) for one in held]
    if all(isinstance(one, Mapping) for one in held.values()):
        return {key: _filled(item, one, long) for key, one in held.items()}
    return _filled(item, held, long)


def _filled(item: Item, held: Mapping[str, Json], long: Mapping[Kind, int]) -> dict[str, Json]:
    kinds = {**item.must, **item.may}
    return {name: _field(name, kinds[name], value, long) for name, value in held.items()}


def _field(name: str, kind: Kind, value: Json, long: Mapping[Kind, int]) -> Json:
    if kind == "number":
        return int("7" * long[kind])
    if kind == "rows":
        return [{**row, "cells": [_words("cell", long["cells"]) for _ in row["cells"]]} for row in value]
    return [_words(name, long[kind]) for _ in value] if isinstance(value, list) else _words(name, long[kind])


def _words(name: str, length: int) -> str:
    """Words of the name, cut where the length ends; the last may be part of one, as abbreviations are."""
    return (f"{name} " * (length // len(name) + 1))[:length].strip()


def measured(svg: str) -> tuple[str, str, Mapping[str, int]]:
    """The theme, tone and roles that a new asset is registered with."""
    found = normalise(svg)
    if isinstance(found, tuple):
        raise InputError(f"{found[0].code}: {found[0].found}", line=found[0].line)
    return found.inventory.theme, found.inventory.tone, found.roles
