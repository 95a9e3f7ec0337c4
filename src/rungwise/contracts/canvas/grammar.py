"""The two surfaces of canvas as named regular expressions, for a sampler that is to be held to the language.

The grammar is the canonical spelling: what `language.write` prints, with free text without escapes. It is a subset of
what the judge reads, and it cannot say that a line joins components that exist.
"""

from rungwise.contract import Grammar
from rungwise.contracts.canvas.language import MODES, PARAMS, TYPES, Param


def grammar(surface: str) -> Grammar:
    return _json() if surface == "json" else _compact()


_COMMON = {
    "id": r"[a-z][a-z0-9_-]{0,39}",
    "text": r"[ !#-;=?-\[\]-~]{0,60}",
    "number": r"(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,4})?",
    "type": "|".join(TYPES),
}


def _json() -> Grammar:
    rules = {
        **_COMMON,
        "canvas": r'\{"name":"<text>","components":\[<components>\],"connections":\[(?:<connections>)?\]\}',
        "components": r"<component>(?:,<component>)*",
        "connections": r"<connection>(?:,<connection>)*",
        "component": r'\{"id":"<id>","type":"(?:<type>)","label":"<text>",<what>(?:,"scale":[2-4])?<more>\}',
        "what": r'"behavior":<behavior>,"cost":\{"monthlyUsd":<number>,"setupUsd":<number>\}',
        "more": r'(?:,"description":"<text>")?',
        "behavior": "|".join(_json_behavior(mode) for mode in MODES),
        "connection": r'\{"id":"<id>","from":"<id>","to":"<id>"<line>\}',
        "line": r'(?:,"latencyMs":<number>)?(?:,"weight":<number>)?(?:,"label":"<text>")?',
    }
    keys = (
        "name", "components", "connections", "id", "type", "label", "behavior", "mode", "params", "cost", "monthlyUsd",
        "setupUsd", "scale", "description", "from", "to", "latencyMs", "weight",
    )  # fmt: skip
    return Grammar(start="canvas", rules=rules, reserved=(*[f'"{key}":' for key in keys], *TYPES, *MODES, *_values()))


def _json_behavior(mode: str) -> str:
    params = "|".join(f'"{name}":{_value(spec, quote=True)}' for name, spec in PARAMS.get(mode, {}).items())
    return rf'\{{"mode":"{mode}"' + (rf'(?:,"params":\{{(?:{params})(?:,(?:{params}))*\}})?' if params else "") + r"\}"


def _compact() -> Grammar:
    rules = {
        **_COMMON,
        "canvas": r'canvas "<text>"(?:\n<component>)+(?:\n<connection>)*',
        "component": r'<id> (?:<type>) (?:<behavior>)(?: \$<number>(?:/<number>)?)?(?: "<text>")?(?: - "<text>")?',
        "behavior": "|".join(_compact_behavior(mode) for mode in MODES),
        "connection": r'<id> > <id>(?: #<id>)?(?: \+<number>ms)?(?: \*<number>)?(?: "<text>")?',
    }
    # With the space before it: one token instead of two for each of them.
    params = tuple(f" {name}=" for specs in PARAMS.values() for name in specs)
    words = (f" {word}" for word in (*TYPES, *MODES))
    reserved = ("canvas", "\n", " > ", " x2", " x3", " x4", *dict.fromkeys(params), *words, *_values())
    return Grammar(start="canvas", rules=rules, reserved=reserved)


def _compact_behavior(mode: str) -> str:
    params = "|".join(f"{name}={_value(spec, quote=False)}" for name, spec in PARAMS.get(mode, {}).items())
    return f"{mode}(?: x[2-4])?" + (f"(?: (?:{params}))*" if params else "")


def _value(spec: Param, *, quote: bool) -> str:
    words = "|".join(f'"{word}"' if quote else word for word in spec.words)
    return f"(?:{words})" if words else "<number>"


def _values() -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for specs in PARAMS.values() for spec in specs.values() for word in spec.words))
