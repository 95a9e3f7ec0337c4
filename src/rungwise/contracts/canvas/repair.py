"""The deterministic mend of a canvas, made from the answer alone: no task, no simulator, no solution.

It finds the canvas in the text, folds spellings, keeps ids unique and lines between things that exist, and makes sure
that there is a trigger to enter by and a store to end in. It never adds a behaviour, an instance or a capacity. A text
that is a sound canvas already comes back byte for byte.
"""

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from rungwise.contract import Repair
from rungwise.contracts.canvas.language import (
    MAX_BYTES,
    MAX_COMPONENTS,
    MAX_CONNECTIONS,
    MODES,
    PARAMS,
    SURFACES,
    TYPES,
    Canvas,
    Component,
    Fault,
    parse,
    price,
    write,
)  # fmt: skip

ENDS = ("storage", "channel", "person")
LONGEST_LINE, DEEPEST = 600, 16
Fields = dict[str, Any]


def repair(answer: str, surface: str) -> Repair:
    """The mended answer, or the same one where nothing in it can be read as a canvas."""
    read = parse(answer, surface)
    if not isinstance(read, Fault) and not _structural_faults(read.canvas):
        return Repair(answer=answer)
    edits: list[str] = []
    found = _found(answer[:MAX_BYTES], surface, edits)
    mended = _sound(found, edits) if found else None
    if mended is None:
        return Repair(answer=answer)
    checked = parse(json.dumps(mended), "json")
    if isinstance(checked, Fault):
        return Repair(answer=answer)
    return Repair(answer=write(checked.canvas, surface), edits=tuple(edits))


def _structural_faults(canvas: Canvas) -> bool:
    sources, targets = {c.source for c in canvas.connections}, {c.target for c in canvas.connections}
    alone = any(c.id not in sources | targets for c in canvas.components)
    entries = [c for c in canvas.components if c.id not in targets]
    loose = any(c.type not in ENDS for c in canvas.components if c.id not in sources)
    return alone or loose or not entries or any(c.type != "trigger" for c in entries)


# ---- finding the canvas in the text ----


def _found(text: str, surface: str, edits: list[str]) -> Fields | None:
    """The canvas as loose fields, from the answer's own surface or, failing that, from the other one."""
    readers: dict[str, Callable[[str, list[str]], Fields | None]] = {"json": _loose_json, "compact": _loose_compact}
    for name in (surface, *[other for other in SURFACES if other != surface]):
        found = readers[name](text, edits)
        if found:
            if name != surface:
                edits.append(f"taken from the {name} surface")
            return found
    return None


def _loose_json(text: str, edits: list[str]) -> Fields | None:
    begin = text.find("{")
    if begin < 0:
        return None
    body = text[begin : text.rfind("}") + 1] or text[begin:]
    for attempt, edit in ((body, "text around the canvas cut"), (_closed(text[begin:]), "cut-off canvas closed")):
        try:
            value = json.loads(re.sub(r",\s*([}\]])", r"\1", attempt), parse_constant=lambda _: 0)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("components"), list):
            if attempt != text:
                edits.append(edit)
            return value
    return None


def _closed(text: str) -> str:
    """The text up to its last complete object, with what is still open closed."""
    stack: list[str] = []
    kept, closing, inside, escaped = 0, "", False, False
    for place, char in enumerate(text):
        if inside:
            inside = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            inside = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
            if len(stack) > DEEPEST:
                break
        elif char in "}]":
            if not stack or stack.pop() != char:
                break
            kept, closing = place + 1, "".join(reversed(stack))
            if not stack:
                break
    return text[:kept] + closing


_NODE = re.compile(r"([\w-]+)\s+([A-Za-z]+)\s+([A-Za-z]+)(?:\s+x(\d+))?((?:\s+[A-Za-z]+\s*=\s*[A-Za-z0-9.]+)*)")
_LINE = re.compile(r"(\w+(?:-\w+)*)\s*-*>\s*([\w-]+)(?:\s+#[\w-]+)?(?:\s+\+(\d+)ms)?(?:\s+\*([\d.]+))?")


def _loose_compact(text: str, edits: list[str]) -> Fields | None:
    components: list[Fields] = []
    connections: list[Fields] = []
    name = "canvas"
    for line in text.splitlines():
        bare = line.strip()[:LONGEST_LINE].lstrip("-* ").lower()
        if bare.startswith("canvas "):
            name = line.strip()[7:].strip().strip('"')
        elif edge := _LINE.match(bare):
            source, target, latency, weight = edge.groups()
            connections.append({"from": source, "to": target, "latencyMs": latency or 0, "weight": weight or 1})
        elif node := _NODE.match(bare):
            id_, type_, mode, scale, params = node.groups()
            pairs = dict(re.findall(r"([a-z]+)\s*=\s*([a-z0-9.]+)", params))
            components.append(
                {"id": id_, "type": type_, "behavior": {"mode": mode, "params": pairs}, "scale": scale or 1}
            )
    if not components:
        return None
    edits.append("lines that are neither components nor connections dropped")
    return {"name": name, "components": components, "connections": connections}


# ---- making it sound ----


def _sound(found: Fields, edits: list[str]) -> Fields | None:
    names: dict[str, str] = {}
    components: list[Fields] = []
    for raw in found["components"][:MAX_COMPONENTS]:
        component = _component(raw, names, edits)
        if component is not None:
            components.append(component)
    if not components:
        return None
    raw_lines = found.get("connections")
    connections = _connections(raw_lines if isinstance(raw_lines, list) else [], names, edits)
    _attach(components, connections, edits)
    for number, connection in enumerate(connections, 1):
        connection["id"] = f"c{number}"
    return {"name": _text(found.get("name"), "canvas"), "components": components, "connections": connections}


def _component(raw: Any, names: dict[str, str], edits: list[str]) -> Fields | None:
    if not isinstance(raw, dict):
        return None
    behavior = raw.get("behavior")
    behavior = {"mode": behavior} if isinstance(behavior, str) else behavior if isinstance(behavior, dict) else {}
    type_, mode = _folded(raw.get("type"), TYPES), _folded(behavior.get("mode"), MODES)
    if type_ is None:
        edits.append("a component of no known type dropped")
        return None
    if mode is None:
        edits.append("a component of no known mode made passthrough")
        mode = "passthrough"
    id_ = _unique(_id(raw.get("id")), set(names.values()))
    if id_ != raw.get("id"):
        edits.append(f"id made {id_}")
    names.setdefault(str(raw.get("id")), id_)
    names.setdefault(id_, id_)
    fields = {
        "id": id_,
        "type": type_,
        "label": _text(raw.get("label"), id_),
        "behavior": {"mode": mode, "params": _params(mode, behavior.get("params"))},
        "cost": {"monthlyUsd": 0, "setupUsd": 0},
        "scale": int(_number(raw.get("scale", 1), 1, 4)),
        "description": _text(raw.get("description"), ""),
    }
    return _costed(fields, raw.get("cost"))


def _costed(fields: Fields, declared: Any) -> Fields:
    """What was declared; the price book's where nothing was."""
    given = declared if isinstance(declared, dict) else {}
    book = price(msgspec.convert(fields, Component))
    fields["cost"] = {
        "monthlyUsd": _number(given.get("monthlyUsd", book), 0, 1e9),
        "setupUsd": _number(given.get("setupUsd", 0), 0, 1e9),
    }
    return fields


def _params(mode: str, raw: Any) -> Fields:
    known = {name.lower(): name for name in PARAMS.get(mode, {})}
    pairs = raw.items() if isinstance(raw, dict) else ()
    params: Fields = {}
    for key, value in pairs:
        name = known.get(str(key).lower())
        if name and PARAMS[mode][name].words:
            params[name] = _folded(value, PARAMS[mode][name].words) or PARAMS[mode][name].words[0]
        elif name:
            spec = PARAMS[mode][name]
            params[name] = _number(value, spec.low, spec.high)
    return params


def _connections(raw_lines: list[Any], names: dict[str, str], edits: list[str]) -> list[Fields]:
    kept: dict[tuple[str, str], Fields] = {}
    for raw in raw_lines:
        raw = raw if isinstance(raw, dict) else {}
        source, target = names.get(str(raw.get("from"))), names.get(str(raw.get("to")))
        if source is None or target is None or source == target or (source, target) in kept:
            edits.append("a line that dangles, loops or stands twice dropped")
        elif len(kept) < MAX_CONNECTIONS // 2:
            kept[source, target] = {
                "from": source,
                "to": target,
                "latencyMs": _number(raw.get("latencyMs", 0), 0, 4000),
                "weight": _number(raw.get("weight", 1), 0, 1000),
                "label": _text(raw.get("label"), ""),
            }
    return list(kept.values())


def _attach(components: list[Fields], connections: list[Fields], edits: list[str]) -> None:
    """An entry that is a trigger, an end that keeps the work, and nothing that stands alone."""
    sources, targets = {c["from"] for c in connections}, {c["to"] for c in connections}
    for component in [c for c in components if c["id"] not in sources | targets and len(components) > 1]:
        components.remove(component)
        edits.append(f"{component['id']} stands alone; dropped")
    if not any(c["id"] not in sources and c["type"] in ENDS for c in components):
        store = next((c["id"] for c in components if c["type"] == "storage"), None)
        if store is None:
            store = _added(components, "end", "channel", edits)
        connections[:] = [c for c in connections if c["from"] != store]
    sources = {c["from"] for c in connections}
    end = next(c["id"] for c in components if c["id"] not in sources and c["type"] in ENDS)
    for component in components:
        if component["id"] not in sources and component["type"] not in ENDS:
            connections.append(_line(component["id"], end))
            edits.append(f"{component['id']} led to {end}")
    targets = {c["to"] for c in connections}
    entries = [c["id"] for c in components if c["id"] not in targets]
    strangers = [c["id"] for c in components if c["id"] in entries and c["type"] != "trigger"]
    if strangers or not entries:
        trigger = next((c["id"] for c in components if c["id"] in entries and c["type"] == "trigger"), None)
        heads = strangers or [components[0]["id"]]
        trigger = trigger or _added(components, "in", "trigger", edits)
        connections += [_line(trigger, head) for head in heads if head != trigger]


def _added(components: list[Fields], name: str, type_: str, edits: list[str]) -> str:
    id_ = _unique(name, {c["id"] for c in components})
    plain = {"id": id_, "type": type_, "behavior": {"mode": "passthrough"}}
    components.append(_component(plain, {}, []) or {})
    edits.append(f"{type_} {id_} added")
    return id_


def _line(source: str, target: str) -> Fields:
    return {"from": source, "to": target}


# ---- folding single values ----


def _folded(value: Any, known: tuple[str, ...]) -> str | None:
    bare = re.sub(r"[^a-z]", "", value.lower()) if isinstance(value, str) else ""
    return bare if bare in known else None


def _id(value: Any) -> str:
    bare = re.sub(r"[^a-z0-9_-]+", "-", str(value).lower()[:80]).lstrip("-_0123456789")[:36].rstrip("-_")
    return bare or "part"


def _unique(id_: str, used: set[str]) -> str:
    number, name = 2, id_
    while name in used:
        name, number = f"{id_}-{number}", number + 1
    return name


def _text(value: Any, default: str) -> str:
    return "".join(c for c in value if c.isprintable())[:400] if isinstance(value, str) else default


def _number(value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = low
    return min(max(number, low), high) if number == number else low
