"""The trace language: one syntax tree, two lossless surfaces, one legal spelling in each.

- `compact`: the model's surface. A block opens with its expert; then come numbers, steps and the question:

      @percentage            the expert
      price = 80             a number; or #2, the question's second; or $days_per_week
      rate = 20
      s1 = pct_off price rate
      ? s1                   the block's result
      @arithmetic
      p = @prev              the result of the block before; @0 of the first
      ...

- `yaml`: the published form, see flow.py. No YAML library reads it, since one would read 80,000 as 80 and no as false.

Which numbers may be written is a setting: `literal` has them spelled, `pointer` as #2 or by a constant's name; `any`,
of facts and never of answers, has both. A text is read whole and strictly: what is not spelled exactly so is a Fault.
Experts, names and the order of lines are for the machine's check, behind the readers.
"""

from rungwise.contracts.trace import compact, flow
from rungwise.contracts.trace.spelling import MAX_CHARS, NUMBERS, SURFACES
from rungwise.contracts.trace.tree import Block, Constant, Fault, Init, Literal, Pointer, Query, Source, Step, Trace

__all__ = [
    "NUMBERS", "SURFACES", "Block", "Constant", "Fault", "Init", "Literal", "Pointer", "Query", "Source", "Step",
    "Trace", "line_at", "parse", "write",
]  # fmt: skip


def parse(text: str, surface: str = "compact", numbers: str = "literal") -> Trace | Fault:
    """The trace that the whole text spells, or the first fault in it."""
    if len(text) > MAX_CHARS:
        return Fault("E_TOO_LONG", 1, 1, f"{len(text)} characters", (f"at most {MAX_CHARS}",))
    if not text.strip():
        return Fault("E_EMPTY", 1, 1, text[:20], ("a trace",))
    return compact.read(text, numbers) if surface == "compact" else flow.read(text, numbers)


def write(trace: Trace, surface: str = "compact") -> str:
    return compact.write(trace) if surface == "compact" else flow.write(trace)


def line_at(trace: Trace, surface: str, block: int, line: int) -> tuple[int, str]:
    """Where a line of the tree stands in the text, from 1, and how it is spelled there."""
    opening = 1 if surface == "compact" else 2
    number = sum(opening + len(one.lines) for one in trace.blocks[:block]) + opening + line + 1
    line_of = compact.line_of if surface == "compact" else flow.line_of
    spelled = line_of(trace.blocks[block].lines[line])
    indent = "  " if surface == "yaml" and len(trace.blocks) > 1 else ""
    return number, indent + spelled
