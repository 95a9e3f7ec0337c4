"""The syntax tree of a trace, and what is said of a text that is none."""

from dataclasses import dataclass

from msgspec import Struct


class Literal(Struct, frozen=True):
    """A number as it is spelled: 16, 0.25, 2/3."""

    text: str


class Pointer(Struct, frozen=True):
    """The question's own number, counted from 1."""

    index: int


class Constant(Struct, frozen=True):
    """A number of the world by its name: days_per_week."""

    name: str


class Source(Struct, frozen=True):
    """The result of an earlier block, counted from 0; of the one just before where `block` is None."""

    block: int | None = None


Value = Literal | Pointer | Constant | Source


class Init(Struct, frozen=True):
    name: str
    value: Value


class Step(Struct, frozen=True):
    """One operation. What changes entities (gain, consume, transfer) names nothing new."""

    op: str
    args: tuple[str, ...]
    name: str = ""


class Query(Struct, frozen=True):
    name: str


Line = Init | Step | Query


class Block(Struct, frozen=True):
    """What one expert does. It knows nothing of other blocks but the results that it takes by `Source`."""

    expert: str
    lines: tuple[Line, ...]


class Trace(Struct, frozen=True):
    """Blocks in order; the answer is the result of the last."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text is no trace, or a trace no computation: a code, where (line and column, from 1), what stood there and
    what may stand there."""

    code: str
    line: int
    column: int
    found: str
    expected: tuple[str, ...] = ()

    def __str__(self) -> str:
        expected = f"; expected {' or '.join(self.expected[:8])}" if self.expected else ""
        return f"{self.code} at line {self.line}, column {self.column}: found {self.found[:60]!r}{expected}"
