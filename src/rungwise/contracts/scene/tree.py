"""The syntax tree of a scene, and what is said of a text that is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rungwise.contracts.scene.families import ATTRIBUTES, ENUMS, FAMILIES, Family


@dataclass(frozen=True, slots=True)
class Component:
    """`fields` holds what is written and nothing else, in the table's order."""

    tag: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        return self.fields.get(name) or ENUMS[name][0]


@dataclass(frozen=True, slots=True)
class Scene:
    layout: str
    attributes: Mapping[str, str]
    components: tuple[Component, ...]

    def attribute(self, name: str) -> str:
        return self.attributes.get(name) or ATTRIBUTES[name][0]

    @property
    def family(self) -> Family:
        return FAMILIES[self.layout]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no scene: a code, where (line and column, from 1), what stood there and what may stand there."""

    code: str
    line: int
    column: int
    found: str
    expected: tuple[str, ...] = ()

    def __str__(self) -> str:
        expected = f"; expected {' or '.join(self.expected[:8])}" if self.expected else ""
        return f"{self.code} at line {self.line}, column {self.column}: found {self.found[:60]!r}{expected}"
