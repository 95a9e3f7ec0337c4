"""The judge of scenes: strict reading, compilation with the task's content, then field by field against what the prompt
determines.

Passed is the scene that the prompt determines, up to the names of its ids, and nothing else. Short of that an answer
earns READ for being a scene at all, RENDERED for compiling, and up to NEAR by how much of it is right: always less than
passing. Being renderable by itself proves next to nothing and is paid so.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest

import msgspec

from rungwise.contract import Json, Task, Verdict
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.draft import Draft, scene_of_draft
from rungwise.contracts.scene.families import ENUMS
from rungwise.contracts.scene.intent import Intent
from rungwise.contracts.scene.language import parse, write
from rungwise.contracts.scene.tree import Component, Fault, Scene
from rungwise.errors import ContractError

READ, RENDERED, NEAR = 0.05, 0.15, 0.85
NAMES = ("id", "from", "to")
FIELDS = ("family", "style", "components", "edges", "refs", "fields")
PARTS = ("parsed", "renderable", *FIELDS, "materialised", "exact")

FAILURES: Mapping[str, str] = {
    "frame": "write one [scene] ... [/scene] and nothing before or behind it",
    "nesting": "open and close each component on its own line, with known tags only",
    "owned": "leave text, coordinates, colours and paths to the compiler",
    "attribute": "write known attributes once, in the table's order, no defaults, a theme with a tone it has",
    "component": "use the family's components in its order and numbers, with their fields in order",
    "topology": "give every component its own id and let edges join components as the family asks",
    "family": "choose the layout that the prompt asks for",
    "unrenderable": "point refs at items that the content has, and keep what is shown within the canvas",
    "style": "take theme, tone, density and the other attributes from the prompt",
    "components": "write as many components of each kind as the prompt says",
    "edges": "join what the prompt joins, and label what it labels",
    "refs": "show the items that the prompt names, in its order",
    "fields": "give lanes, states, variants, accents and places as the prompt says",
}  # fmt: skip
LABELS: Mapping[str, str] = {  # by the beginning of a fault's code
    "E_SIZE": "frame", "E_START": "frame", "E_END": "frame", "E_TOKEN": "nesting", "E_NEST": "nesting",
    "E_OWNED": "owned", "E_ATTR": "attribute", "E_STYLE": "attribute", "E_COMP": "component", "E_COUNT": "component",
    "E_REF_FORM": "component", "E_TOPO": "topology",
}  # fmt: skip
_RECORD = re.compile(r' data-[a-z_]+="[^"]*"')


class Facts(msgspec.Struct, frozen=True):
    draft: Draft
    content: dict[str, Json]
    surface: str  # explicit, prose or intent: how the prompt speaks
    form: str = ""  # the family: what a blueprint goes by
    intent: Intent | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    scene: Scene
    content: Mapping[str, Json]
    drawing: Drawing


def facts_of(task: Task) -> Facts:
    return msgspec.convert(task.facts, Facts)


def wanted_of(task: Task) -> Wanted:
    return _wanted(msgspec.json.encode(task.facts))


@lru_cache(maxsize=512)
def _wanted(encoded: bytes) -> Wanted:
    facts = msgspec.json.decode(encoded, type=Facts)
    scene = scene_of_draft(facts.draft)
    drawing = compile_scene(scene, facts.content)
    if not isinstance(drawing, Drawing):
        raise ContractError(f"the task's own scene does not compile: {drawing[0]}")
    return Wanted(scene, facts.content, drawing)


def judge(task: Task, answer: str, surface: str) -> Verdict:
    read = parse(answer, surface)
    if isinstance(read, Fault):
        return _failed(label_of(read), str(read), dict.fromkeys(PARTS, 0.0), 0.0)
    wanted = wanted_of(task)
    shares = compared(read, wanted.scene)
    shape = shape_of(read)
    measures = {"components": len(read.components), "edges": sum("from" in one.fields for one in read.components)}
    parts = {"parsed": 1.0, "renderable": 0.0, **shares, "materialised": 0.0, "exact": 0.0}
    if not shares["family"]:
        return _failed("family", f"layout {read.layout}", parts, READ, measures, shape)
    same = renamed(read)
    drawing = wanted.drawing if same == wanted.scene else compile_scene(same, wanted.content)
    if not isinstance(drawing, Drawing):
        return _failed("unrenderable", str(drawing[0]), parts, READ, measures, shape)
    parts["renderable"] = 1.0
    parts["materialised"] = float(visible(drawing.svg) == visible(wanted.drawing.svg))
    parts["exact"] = float(answer == write(wanted.scene, surface))
    failure = next((name for name in FIELDS if shares[name] < 1), None)
    if failure is None:
        return Verdict(score=1.0, passed=True, parts=parts, measures=measures, shape=shape)
    near = RENDERED + (NEAR - RENDERED) * sum(shares.values()) / len(shares)
    return _failed(failure, _difference(failure, read, wanted.scene), parts, near, measures, shape)


def _failed(
    label: str, note: str, parts: Mapping[str, float], score: float,
    measures: Mapping[str, float] | None = None, shape: str | None = None,
) -> Verdict:  # fmt: skip
    return Verdict(
        score=score, passed=False, failure=label, parts=parts, measures=measures or {}, shape=shape, notes=(note,)
    )


def label_of(fault: Fault) -> str:
    return next((label for code, label in LABELS.items() if fault.code.startswith(code)), "unrenderable")


# ---- how much of a scene is right ----


def compared(read: Scene, wanted: Scene) -> dict[str, float]:
    return {
        "family": float(read.layout == wanted.layout),
        "style": _share([(read.attribute(name), wanted.attribute(name)) for name in _named(read, wanted)]),
        "components": _overlap(Counter(_tags(read)), Counter(_tags(wanted))),
        "edges": _overlap(Counter(_edges(read)), Counter(_edges(wanted))),
        "refs": _share(list(zip_longest(_refs(read), _refs(wanted)))),
        "fields": _share(list(zip_longest(_values(read), _values(wanted)))),
    }


def _named(read: Scene, wanted: Scene) -> list[str]:
    """Every attribute that either of them sets, and the three that every prompt speaks of."""
    return list(dict.fromkeys(("theme", "tone", "density", *wanted.attributes, *read.attributes)))


def _share(pairs: Sequence[tuple[object, object]]) -> float:
    return sum(ours == theirs for ours, theirs in pairs) / len(pairs) if pairs else 1.0


def _overlap(ours: Counter[object], theirs: Counter[object]) -> float:
    both = (ours & theirs).total()
    return 2 * both / (ours.total() + theirs.total()) if ours or theirs else 1.0


def _tags(scene: Scene) -> list[object]:
    return [one.tag for one in scene.components]


def _edges(scene: Scene) -> list[object]:
    """By the places of what they join, so that other names of ids are the same edges."""
    places = {one.fields["id"]: at for at, one in enumerate(scene.components) if "id" in one.fields}
    return [
        (one.tag, places[one.fields["from"]], places[one.fields["to"]], one.fields.get("ref"))
        for one in scene.components
        if "from" in one.fields
    ]


def _refs(scene: Scene) -> list[object]:
    return [(one.tag, one.fields.get("ref")) for one in scene.components if "from" not in one.fields]


def _values(scene: Scene) -> list[object]:
    return [(one.tag, *[one.fields.get(name) for name in ENUMS]) for one in scene.components]


def _difference(label: str, read: Scene, wanted: Scene) -> str:
    if label == "style":
        wrong = [name for name in _named(read, wanted) if read.attribute(name) != wanted.attribute(name)]
        return "; ".join(f"{name} is {read.attribute(name)}" for name in wrong)
    if label == "components":
        ours, theirs = Counter(_tags(read)), Counter(_tags(wanted))
        told = [f"{n} too many [{tag}]" for tag, n in (ours - theirs).items()]
        return "; ".join(told + [f"{n} missing [{tag}]" for tag, n in (theirs - ours).items()])
    if label == "edges":
        return f"{len(Counter(_edges(read)) - Counter(_edges(wanted)))} edges that the prompt does not ask for"
    seen = _refs if label == "refs" else _values
    at = next(at for at, (ours, theirs) in enumerate(zip_longest(seen(read), seen(wanted))) if ours != theirs)
    return f"component {at + 1} is the first whose {label} differ"


# ---- sameness ----


def renamed(scene: Scene) -> Scene:
    """The scene with its ids in the order they stand: n1, n2, ..."""
    ids = [one.fields["id"] for one in scene.components if "id" in one.fields]
    names = {old: f"n{number}" for number, old in enumerate(ids, start=1)}
    if all(old == new for old, new in names.items()):
        return scene
    components = [
        Component(one.tag, {name: names[value] if name in NAMES else value for name, value in one.fields.items()})
        for one in scene.components
    ]
    return Scene(scene.layout, scene.attributes, tuple(components))


def visible(svg: str) -> str:
    """What is seen of a picture: its bytes without the record of the scene in it."""
    return _RECORD.sub("", svg)


def shape_of(scene: Scene) -> str:
    """What makes two answers the same structure, for diversity and collapse: counts and edges."""
    counts = ",".join(f"{tag}{n}" for tag, n in Counter(one.tag for one in scene.components).items())
    return f"{scene.layout}:{counts}:" + ",".join(f"{edge[1]}-{edge[2]}" for edge in _edges(scene))  # type: ignore[index]
