"""Wrong scenes, each with the label that the judge must give it: one break of the task's own scene at a time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from rungwise.contract import Json, Sabotage, Task
from rungwise.contracts.scene.compiler import Drawing, compile_scene
from rungwise.contracts.scene.families import ATTRIBUTES, ENUMS, TONES_OF
from rungwise.contracts.scene.judge import FIELDS, wanted_of
from rungwise.contracts.scene.language import write
from rungwise.contracts.scene.tree import Component, Scene
from rungwise.seeds import stream

_HEADER = Component("header_band")
_CARDS = tuple(Component("section_card", {"ref": f"cards.{number}"}) for number in (1, 2))
_PANELS = tuple(
    Component("compare_panel", {"ref": f"panels.{n}", "side": side}) for n, side in ((1, "left"), (2, "right"))
)
OTHERS = (Scene("dashboard_cards", {}, (_HEADER, *_CARDS)), Scene("dual_panel_compare", {}, (_HEADER, *_PANELS)))
_STAGES = tuple(Component("timeline_stage", {"id": "n1", "ref": f"stages.{number}"}) for number in (1, 2))
TWICE = Scene("timeline", {}, (_HEADER, *_STAGES))  # an id twice; read before the family is looked at


def sabotage(task: Task, surface: str) -> Iterable[Sabotage]:
    wanted = wanted_of(task)
    scene, gold = wanted.scene, write(wanted.scene, surface)
    yield from _texts(gold, surface)
    for label, why, broken in _scenes(scene, wanted.content):
        # What no longer fits on the canvas is wrong in another way than was meant.
        if label not in FIELDS[1:] or isinstance(compile_scene(broken, wanted.content), Drawing):
            yield Sabotage(answer=write(broken, surface), label=label, why=why)


def _texts(gold: str, surface: str) -> Iterator[Sabotage]:
    head, *body = gold.split("\n")
    footer = "[footer_note][/footer_note]" if surface == "block" else "[footer_note]"
    yield Sabotage(answer=gold.removesuffix("\n[/scene]"), label="frame", why="no [/scene]")
    yield Sabotage(answer=gold + "\n" + gold, label="frame", why="the scene twice")
    yield Sabotage(answer="Here it is:\n" + gold, label="frame", why="words before the scene")
    yield Sabotage(answer=gold.replace("\n", "\n[sparkle]\n", 1), label="nesting", why="a tag that the language lacks")
    yield Sabotage(
        answer="\n".join([head, "<svg onload=alert(1)>", *body]), label="owned", why="markup between the tags"
    )
    yield Sabotage(answer="\n".join([head, "[x:120]", *body]), label="owned", why="a coordinate")
    yield Sabotage(answer="[scene][layout:none]\n[/scene]", label="attribute", why="an unknown layout")
    yield Sabotage(answer="\n".join([head, "[/scene]"]), label="component", why="a scene of nothing")
    if surface == "block":
        yield Sabotage(answer=gold.replace("[/header_band]", ""), label="nesting", why="a component that is not closed")
        yield Sabotage(
            answer=head + "[theme:infra_dark]\n" + "\n".join(body), label="attribute", why="a default or a double"
        )
        yield Sabotage(answer="\n".join([head, footer, *body]), label="component", why="the footer first")


def _scenes(scene: Scene, content: Mapping[str, Json]) -> Iterator[tuple[str, str, Scene]]:
    yield "component", "no header", _without(scene, "header_band")
    yield "family", "another family's scene", next(one for one in OTHERS if one.layout != scene.layout)
    yield "topology", "an id twice", TWICE
    yield "style", "another density", _restyled(scene, "density", ATTRIBUTES["density"])
    yield "style", "another tone", _restyled(scene, "tone", TONES_OF[scene.attribute("theme")])
    strange = {**scene.attributes, "theme": "signal_glow", "tone": "amber"}
    yield "attribute", "a tone that the theme lacks", replace(scene, attributes=strange)
    yield "components", "the footer left out, or one too many", _footer_turned(scene)
    yield from _refs(scene, content)
    yield from _fields(scene)
    yield from _topology(scene)


def _without(scene: Scene, tag: str) -> Scene:
    return replace(scene, components=tuple(one for one in scene.components if one.tag != tag))


def _footer_turned(scene: Scene) -> Scene:
    if scene.components[-1].tag == "footer_note":
        return _without(scene, "footer_note")
    return replace(scene, components=(*scene.components, Component("footer_note")))


def _restyled(scene: Scene, name: str, values: tuple[str, ...]) -> Scene:
    value = next(one for one in values if one != scene.attribute(name))
    given = {key: value if key == name else scene.attribute(key) for key in (*scene.attributes, name)}
    ordered = {key: given[key] for key in ATTRIBUTES if key in given and given[key] != ATTRIBUTES[key][0]}
    return replace(scene, attributes=ordered)


def _refs(scene: Scene, content: Mapping[str, Json]) -> Iterator[tuple[str, str, Scene]]:
    shown = [at for at, one in enumerate(scene.components) if "ref" in one.fields and "from" not in one.fields]
    if not shown:
        return
    one = scene.components[shown[0]]
    collection, _, key = one.fields["ref"].partition(".")
    yield "unrenderable", "an item that the content lacks", _changed(scene, shown[0], ref=f"{collection}.98")
    held = content.get(collection)
    keys = [str(number) for number in range(1, len(held) + 1)] if isinstance(held, list) else list(held or ())
    others = [name for name in keys if name != key]
    if others:
        yield "refs", "another item", _changed(scene, shown[0], ref=f"{collection}.{others[0]}")


def _fields(scene: Scene) -> Iterator[tuple[str, str, Scene]]:
    for at, one in enumerate(scene.components):
        for name in scene.family.part[one.tag].fields:
            if name in ENUMS and name != "side":
                value = next(value for value in ENUMS[name][1:] if value != one.fields.get(name))
                yield "fields", f"another {name}", _changed(scene, at, **{name: value})
                return


def _topology(scene: Scene) -> Iterator[tuple[str, str, Scene]]:
    edges = [at for at, one in enumerate(scene.components) if "from" in one.fields]
    if not edges:
        return
    yield "topology", "an edge to nothing", _changed(scene, edges[-1], to="nowhere")
    if scene.family.part[scene.components[edges[-1]].tag].bare:
        one = scene.components[edges[-1]]
        fields = {name: value for name, value in one.fields.items() if name != "ref"}
        labelled = fields if "ref" in one.fields else {**fields, "ref": "edges.1"}
        yield "edges", "a label too many, or one too few", _placed(scene, edges[-1], Component(one.tag, labelled))


def _changed(scene: Scene, at: int, **fields: str) -> Scene:
    one = scene.components[at]
    given = {**one.fields, **fields}
    order = scene.family.part[one.tag].fields
    return _placed(scene, at, Component(one.tag, {name: given[name] for name in order if name in given}))


def _placed(scene: Scene, at: int, component: Component) -> Scene:
    return replace(scene, components=(*scene.components[:at], component, *scene.components[at + 1 :]))


# ---- the unskilled ----

SLIP = 0.06  # how often a hasty writer gets one component wrong


def attempt(task: Task, seed: int, surface: str) -> str:
    """The right scene by a hasty writer: each component, and the look, may slip. More components are more slips."""
    scene, rng = wanted_of(task).scene, stream(seed, "scene attempt", task.id)
    if rng.random() < SLIP:
        scene = _restyled(scene, "density", ATTRIBUTES["density"])
    for at, one in enumerate(scene.components):
        if rng.random() < SLIP and "ref" in one.fields:
            scene = _changed(scene, at, ref=one.fields["ref"].partition(".")[0] + f".{rng.randint(1, 9)}")
    if rng.random() < SLIP * len(scene.components):
        scene = replace(scene, components=scene.components[:-1])
    return write(scene, surface)
