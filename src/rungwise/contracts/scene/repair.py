"""The deterministic mend of a scene, made without sight of the task: it may close, dedupe and reorder, never invent.

What is kept: everything from the first [scene] up to its end; the first layout; of attributes and fields the first of
each name; components as they stand. What is mended: junk around the block and between the tags goes, what was opened is
closed, order and defaults become the table's, edges that stand twice stand once. A text without [scene] and a layout is
left alone: there is nothing to mend it from.
"""

import re

from rungwise.contract import Repair
from rungwise.contracts.scene.families import ATTRIBUTES, FAMILIES, FIELDS, TAGS
from rungwise.contracts.scene.language import MAX_CHARS, parse, scene_of, write
from rungwise.contracts.scene.tree import Component, Fault, Scene

_TAG = re.compile(r"\[(/?)([a-z_]{1,40})(?::([^\[\]\n]{1,80}))?\]")


def repair(answer: str, surface: str) -> Repair:
    if len(answer) > MAX_CHARS or not isinstance(parse(answer, surface), Fault):
        return Repair(answer=answer)
    if surface == "packed":
        return _packed(answer)
    start = answer.find("[scene]")
    read = _gathered(answer[start + len("[scene]") :]) if start >= 0 else None
    if read is None:
        return Repair(answer=answer)
    mended = write(_once(read), "block")
    return Repair(answer=mended, edits=_edits(answer, mended)) if mended != answer else Repair(answer=answer)


def _gathered(text: str) -> Scene | None:
    """What the tags say up to [/scene] or to where they end, opened and not closed or not."""
    layout, attributes, components = "", dict[str, str](), list[Component]()
    inside = False
    for close, name, value in _TAG.findall(text):
        if name == "scene":
            break
        if close:
            inside = False
        elif name == "layout" and not layout:
            layout = value
        elif name in ATTRIBUTES and not inside and not components:
            attributes.setdefault(name, value)
        elif name in TAGS:
            components.append(Component(name))
            inside = True
        elif name in FIELDS and components and inside:
            fields = components[-1].fields
            components[-1] = Component(components[-1].tag, {**fields, name: fields.get(name, value)})
    if layout not in FAMILIES:
        return None
    known = FAMILIES[layout].attributes
    return scene_of(layout, {name: value for name, value in attributes.items() if name in known}, tuple(components))


def _once(scene: Scene) -> Scene:
    """Edges and components without content of their own that stand twice stand once."""
    seen, kept = set[tuple[str, ...]](), list[Component]()
    for one in scene.components:
        part = scene.family.part.get(one.tag)
        key = (one.tag, *[one.fields.get(end, "") for end in ("from", "to")])
        single = part is not None and (bool(part.joins) or part.most == 1)
        if single and key in seen:
            continue
        seen.add(key)
        kept.append(one)
    return Scene(scene.layout, scene.attributes, tuple(kept))


def _packed(answer: str) -> Repair:
    """Of the packed surface only what stands around the block is mended."""
    start, end = answer.find("[scene]"), answer.find("[/scene]")
    if start < 0:
        return Repair(answer=answer)
    mended = answer[start : end + len("[/scene]")] if end > start else answer[start:].rstrip("\n") + "\n[/scene]"
    return Repair(answer=mended, edits=_edits(answer, mended)) if mended != answer else Repair(answer=answer)


def _edits(answer: str, mended: str) -> tuple[str, ...]:
    told = []
    if not answer.startswith("[scene]"):
        told.append("what stood before [scene] is gone")
    if "[/scene]" not in answer:
        told.append("[/scene] is closed")
    elif not answer.endswith("[/scene]"):
        told.append("what stood behind [/scene] is gone")
    ours, theirs = len(mended.split("[")), len(answer.split("["))
    if ours != theirs:
        told.append(f"{abs(ours - theirs)} tags {'closed' if ours > theirs else 'dropped'}")
    return (*told, *([] if told else ["tags in their order"]))
