"""The canvas language: a system drawn as components and connections. One syntax tree, two lossless surfaces.

- `json`: CanvasState as published, with optional `behavior.params`, `scale`, `latencyMs` and `weight`.
- `compact`: one line a component and one a connection, for small models. What has its default value is left out.

Both are read strictly: one spelling error is a Fault with a label, never a guess. Parameters out of range are clamped
and unknown ones dropped, each with a note, because the published interface does so. No text in a canvas is ever read
for meaning. Sizes are bounded before anything is parsed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

Type = Literal["person", "step", "storage", "decision", "trigger", "tool", "channel"]
Mode = Literal[
    "passthrough", "transform", "filter", "queue", "split", "delay",
    "condition", "retry", "ratelimit", "circuitbreaker", "batch", "replicate",
]  # fmt: skip
TYPES: tuple[Type, ...] = get_args(Type)
MODES: tuple[Mode, ...] = get_args(Mode)
SURFACES = ("json", "compact")

MAX_BYTES, MAX_COMPONENTS, MAX_CONNECTIONS, MAX_SCALE = 64 * 1024, 64, 256, 4
MAX_LATENCY_MS, MS_PER_TICK = 4000, 250
MAX_WEIGHT, DECIMALS = 1000, 6

Id = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_-]{0,39}\Z")]
Text = Annotated[str, Meta(max_length=400)]
Money = Annotated[float, Meta(ge=0, le=1e9)]


class Behavior(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    mode: Mode
    params: dict[str, int | float | str] = {}


class Cost(Struct, frozen=True, forbid_unknown_fields=True):
    monthly: Money = field(name="monthlyUsd")
    setup: Money = field(name="setupUsd")


class Component(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    id: Id
    type: Type
    label: Text
    behavior: Behavior
    cost: Cost
    scale: int = 1
    description: Text = ""


class Connection(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    id: Id
    source: str = field(name="from")
    target: str = field(name="to")
    latency: Annotated[float, Meta(ge=0, le=1e9)] = field(name="latencyMs", default=0.0)
    weight: Annotated[float, Meta(ge=0, le=1e9)] = 1.0
    label: Text = ""


class Canvas(Struct, frozen=True, forbid_unknown_fields=True):
    name: Text
    components: Annotated[list[Component], Meta(min_length=1, max_length=MAX_COMPONENTS)]
    connections: Annotated[list[Connection], Meta(max_length=MAX_CONNECTIONS)]


@dataclass(frozen=True, slots=True)
class Param:
    """A number with its range, or a word out of `words`."""

    default: float
    low: float = 0
    high: float = 0
    words: tuple[str, ...] = ()


PARAMS: Mapping[str, Mapping[str, Param]] = {
    "queue": {"capacity": Param(40, 1, 400), "rate": Param(200, 1, 200)},
    "ratelimit": {"rate": Param(15, 1, 200), "burst": Param(30, 1, 400)},
    "retry": {"maxRetries": Param(2, 0, 5), "backoff": Param(2, 1, 8)},
    "circuitbreaker": {"threshold": Param(0.5, 0.05, 0.95), "cooldown": Param(8, 2, 24)},
    "split": {"policy": Param(0, words=("roundrobin", "weighted"))},
    "filter": {"strictness": Param(0.5, 0, 1)},
    "condition": {"match": Param(0, words=("clean", "hostile", "fraction")), "fraction": Param(0.5, 0, 1)},
    "batch": {"size": Param(8, 2, 64), "maxWait": Param(4, 1, 16)},
    "delay": {"ticks": Param(2, 0, 16)},
}
FRACTIONS = ("threshold", "strictness", "fraction")
NO_PARAMS: Mapping[str, Param] = {}


def param(component: Component, name: str) -> float:
    """The value of a parameter that the component's mode has; a word as its place in the list."""
    spec = PARAMS[component.behavior.mode][name]
    value = component.behavior.params.get(name, spec.default)
    return float(spec.words.index(value)) if isinstance(value, str) else float(value)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is not a canvas: the judge's failure label, and where and what."""

    label: str
    note: str


@dataclass(frozen=True, slots=True)
class Reading:
    canvas: Canvas
    notes: tuple[str, ...] = ()


# ---- the price book: what a component costs a month, whatever it declares ----

TYPE_PRICE = {"person": 12, "step": 20, "tool": 15, "storage": 24, "decision": 8, "trigger": 4, "channel": 8}


def price(component: Component) -> int:
    """Whole dollars. Instances multiply the type's price; what a mode holds or lets through is paid for as well."""
    return TYPE_PRICE[component.type] * component.scale + _mode_price(component)


def _mode_price(component: Component) -> int:
    match component.behavior.mode:
        case "queue":
            return 2 + int(param(component, "capacity")) // 10
        case "ratelimit":
            return 3 + int(param(component, "rate") + param(component, "burst")) // 20
        case "retry":
            return 3 + 2 * int(param(component, "maxRetries"))
        case "filter":
            return 4 + int(16 * param(component, "strictness"))
        case "batch":
            return 3 + int(param(component, "size")) // 8
        case "circuitbreaker":
            return 8
        case "split" | "condition" | "replicate":
            return 4
        case "delay" | "transform":
            return 1
    return 0


# ---- reading ----


def parse(text: str, surface: str = "json") -> Reading | Fault:
    """The canvas that the whole text spells on this surface, or the fault that stands in the way."""
    if len(text) > MAX_BYTES:
        return Fault("unreadable", f"{len(text)} characters; at most {MAX_BYTES} are read")
    read = _read_json(text) if surface == "json" else _read_compact(text)
    return read if isinstance(read, Fault) else _sound(read)


_decode = msgspec.json.Decoder().decode
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _read_json(text: str) -> Canvas | Fault:
    try:
        raw = _decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        return Fault("unreadable", f"not JSON: {error}")
    read = _converted(raw)
    if isinstance(read, Canvas):
        pairs = _pairs(raw)
        if text.count(":") != pairs and _STRING.sub("", text).count(":") != pairs:
            return Fault("unreadable", "a key stands twice in one object")
    return read


def _converted(raw: Any) -> Canvas | Fault:
    try:
        return msgspec.convert(raw, Canvas)
    except (msgspec.ValidationError, RecursionError) as error:
        return Fault("schema", str(error))


def _pairs(raw: Any) -> int:
    """How many key-value pairs a canvas was decoded to; fewer than colons in the text where a key was repeated."""
    behaviors = [component["behavior"] for component in raw["components"]]
    return (
        len(raw)
        + sum([len(component) + len(component["cost"]) for component in raw["components"]])
        + sum([len(behavior) + len(behavior.get("params", ())) for behavior in behaviors])
        + sum([len(connection) for connection in raw["connections"]])
    )


def _sound(canvas: Canvas) -> Reading | Fault:
    """References, names and ranges: what a type cannot say."""
    ids = {component.id for component in canvas.components}
    if len(ids) < len(canvas.components):
        return Fault("duplicate_id", "two components share an id")
    if len({connection.id for connection in canvas.connections}) < len(canvas.connections):
        return Fault("duplicate_id", "two connections share an id")
    pairs = {(connection.source, connection.target) for connection in canvas.connections}
    for source, target in pairs:
        if source not in ids or target not in ids:
            return Fault("dangling", f"connection {source[:40]} > {target[:40]}: no such component")
    if len(pairs) < len(canvas.connections):
        return Fault("schema", "two connections join the same two components in the same direction")
    if not _visible(canvas):
        return Fault("schema", "a name, label or description holds a character that cannot be seen")
    return _within_ranges(canvas)


def _within_ranges(canvas: Canvas) -> Reading:
    notes: list[str] = []
    components = [_clamped(component, notes) for component in canvas.components]
    connections = [_near(connection, notes) for connection in canvas.connections]
    if notes:
        canvas = Canvas(name=canvas.name, components=components, connections=connections)
    return Reading(canvas, tuple(notes))


def _visible(canvas: Canvas) -> bool:
    """Of all text that is free, the names and words of parameters included."""
    texts = [canvas.name]
    for component in canvas.components:
        texts += [component.label, component.description]
        for name, value in component.behavior.params.items():
            texts += [name, value] if isinstance(value, str) else [name]
    return "".join(texts + [connection.label for connection in canvas.connections]).isprintable()


def _clamped(component: Component, notes: list[str]) -> Component:
    params, scale, cost = component.behavior.params, component.scale, component.cost
    exact = cost if _is_whole(cost.monthly, cost.setup) else _rounded(cost)
    if exact != cost:
        notes.append(f"{component.id}: cost brought to {_plain(exact.monthly)}")
        component = msgspec.structs.replace(component, cost=exact)
    if not params and 1 <= scale <= MAX_SCALE:
        return component
    kept: dict[str, int | float | str] = {}
    known = PARAMS.get(component.behavior.mode, NO_PARAMS)
    for name, value in params.items():
        if name not in known:
            notes.append(f"{component.id}: {component.behavior.mode} has no parameter {name[:40]!r}; ignored")
        else:
            kept[name] = _in_range(component.id, name, value, known[name], notes)
    inside = min(max(scale, 1), MAX_SCALE)
    if inside != scale:
        notes.append(f"{component.id}: scale clamped to {inside}")
    if kept == params and inside == scale:
        return component
    behavior = Behavior(mode=component.behavior.mode, params=kept)
    return msgspec.structs.replace(component, behavior=behavior, scale=inside)


def _is_whole(a: float, b: float) -> bool:
    return a % 1 == 0 and b % 1 == 0


def _rounded(cost: Cost) -> Cost:
    return Cost(monthly=round(cost.monthly, DECIMALS), setup=round(cost.setup, DECIMALS))


def _in_range(owner: str, name: str, value: int | float | str, spec: Param, notes: list[str]) -> int | float | str:
    if spec.words or isinstance(value, str):
        default = spec.words[0] if spec.words else spec.default
        if value in spec.words:
            return value
        notes.append(f"{owner}: {name} is not one of {', '.join(spec.words) or 'the numbers'}; {default} is used")
        return default
    inside = min(max(value, spec.low), spec.high)
    inside = round(inside, 4) if name in FRACTIONS else round(inside)
    if inside != value:
        notes.append(f"{owner}: {name} brought to {_plain(inside)}")
    return inside


def _near(connection: Connection, notes: list[str]) -> Connection:
    small = connection.latency <= MAX_LATENCY_MS and connection.weight <= MAX_WEIGHT
    if small and _is_whole(connection.latency, connection.weight):
        return connection
    latency = min(round(connection.latency, DECIMALS), MAX_LATENCY_MS)
    weight = min(round(connection.weight, DECIMALS), MAX_WEIGHT)
    if latency == connection.latency and weight == connection.weight:
        return connection
    notes.append(f"{connection.id}: latencyMs brought to {_plain(latency)}, weight to {_plain(weight)}")
    return msgspec.structs.replace(connection, latency=latency, weight=weight)


# ---- the compact surface ----

_ID, _QUOTED, _NUMBER = r"[a-z][a-z0-9_-]{0,39}", r'"(?:[^"\\]|\\.)*"', r"[0-9]{1,10}(?:\.[0-9]{1,20})?"
_COMPONENT = re.compile(
    rf"({_ID}) ({'|'.join(TYPES)}) ({'|'.join(MODES)})(?: x([0-9]{{1,10}}))?"
    rf"((?: [A-Za-z]+=(?:[a-z]+|{_NUMBER}))*)"
    rf"(?: \$({_NUMBER})(?:/({_NUMBER}))?)?(?: ({_QUOTED}))?(?: - ({_QUOTED}))?"
)
_CONNECTION = re.compile(rf"({_ID}) > ({_ID})(?: #({_ID}))?(?: \+({_NUMBER})ms)?(?: \*({_NUMBER}))?(?: ({_QUOTED}))?")


def _read_compact(text: str) -> Canvas | Fault:
    lines = text.split("\n")
    name = re.fullmatch(rf"canvas ({_QUOTED})", lines[0])
    if name is None:
        return Fault("unreadable", 'line 1: expected canvas "NAME"')
    components: list[dict[str, Any]] = []
    connections: list[dict[str, Any]] = []
    try:
        for number, line in enumerate(lines[1:], 2):
            if " > " in line[:44] and (edge := _CONNECTION.fullmatch(line)):
                connections.append(_connection_fields(edge, len(connections)))
            elif not connections and (node := _COMPONENT.fullmatch(line)):
                components.append(_component_fields(node))
            else:
                return Fault("unreadable", f"line {number}: neither a component nor a connection after the components")
        raw = {"name": _decode(name[1]), "components": components, "connections": connections}
    except (msgspec.DecodeError, ValueError, UnicodeError) as error:
        return Fault("unreadable", f"{error}")
    return _converted(raw)


def _component_fields(found: re.Match[str]) -> dict[str, Any]:
    id_, type_, mode, scale, params, monthly, setup, label, description = found.groups()
    pairs = [pair.split("=") for pair in params.split()]
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a parameter stands twice")
    behavior = {"mode": mode, "params": {key: _value(value) for key, value in pairs}}
    fields: dict[str, Any] = {
        "id": id_, "type": type_, "label": _decode(label) if label else id_, "behavior": behavior,
        "cost": {"monthlyUsd": float(monthly or 0), "setupUsd": float(setup or 0)}, "scale": int(scale or 1),
        "description": _decode(description) if description else "",
    }  # fmt: skip
    if monthly is None:
        fields["cost"]["monthlyUsd"] = _default_price(fields)
    return fields


def _default_price(fields: dict[str, Any]) -> float:
    """A cost that is not written is the price book's."""
    component = _clamped(msgspec.convert(fields, Component), [])
    return float(price(component))


def _connection_fields(found: re.Match[str], number: int) -> dict[str, Any]:
    source, target, id_, latency, weight, label = found.groups()
    return {
        "id": id_ or f"c{number + 1}", "from": source, "to": target, "latencyMs": float(latency or 0),
        "weight": float(weight or 1), "label": _decode(label) if label else "",
    }  # fmt: skip


def _value(text: str) -> float | str:
    return text if text.isalpha() else float(text)


# ---- writing ----


def write(canvas: Canvas, surface: str = "json") -> str:
    """The canonical spelling: parse(write(canvas)) is the canvas."""
    return _write_json(canvas) if surface == "json" else _write_compact(canvas)


def _write_json(canvas: Canvas) -> str:
    return msgspec.json.encode(_whole_numbers(msgspec.to_builtins(canvas))).decode()


def _whole_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole_numbers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _write_compact(canvas: Canvas) -> str:
    lines = [f"canvas {_quoted(canvas.name)}", *map(_component_line, canvas.components)]
    lines += [_connection_line(connection, number) for number, connection in enumerate(canvas.connections)]
    return "\n".join(lines)


def _component_line(component: Component) -> str:
    words = [component.id, component.type, component.behavior.mode]
    if component.scale != 1:
        words.append(f"x{component.scale}")
    words += [f"{key}={_plain(value)}" for key, value in component.behavior.params.items()]
    monthly, setup = component.cost.monthly, component.cost.setup
    if monthly != price(component) or setup:
        words.append(f"${_plain(monthly)}" + (f"/{_plain(setup)}" if setup else ""))
    if component.label != component.id:
        words.append(_quoted(component.label))
    if component.description:
        words.append(f"- {_quoted(component.description)}")
    return " ".join(words)


def _connection_line(connection: Connection, number: int) -> str:
    words = [connection.source, ">", connection.target]
    if connection.id != f"c{number + 1}":
        words.append(f"#{connection.id}")
    if connection.latency:
        words.append(f"+{_plain(connection.latency)}ms")
    if connection.weight != 1:
        words.append(f"*{_plain(connection.weight)}")
    if connection.label:
        words.append(_quoted(connection.label))
    return " ".join(words)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _plain(value: float | str) -> str:
    """A number in digits alone: no exponent, no trailing zeros."""
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else f"{value:.{DECIMALS}f}".rstrip("0")
