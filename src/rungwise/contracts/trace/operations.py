"""The one table of the trace language: five experts, each with operations that no other has.

What it says drives the readers, the grammar, the machine, the graph and the picture. An expert's block may use its own
operations and nothing else, so a problem has one routing: what is a percentage is not written as a division, and what
compares is not written as a sum. To hold that line, arithmetic may not divide by the constant 100.

    arithmetic     add a b, sub a b, mul a b, div a b
    percentage     pct_of base rate, pct_off base rate, pct_up base rate: 20 is twenty percent
    rate_equation  amount rate time, duration amount rate, pace amount time
    comparison     times base factor, more base by, less base by, fraction base share, ratio base other
    entity_track   gain entity amount, consume entity amount, transfer from_entity to_entity amount
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """`kind` is what it comes to in plain arithmetic; `fields` are what its operands are called."""

    name: str
    expert: str
    kind: str
    fields: tuple[str, ...]
    says: str

    @property
    def moves(self) -> bool:
        """Whether it changes what entities hold instead of naming a new value."""
        return self.expert == "entity_track"


_ALL = (
    Operation("add", "arithmetic", "add", ("left", "right"), "left + right"),
    Operation("sub", "arithmetic", "sub", ("left", "right"), "left - right"),
    Operation("mul", "arithmetic", "mul", ("left", "right"), "left x right"),
    Operation("div", "arithmetic", "div", ("left", "right"), "left / right"),
    Operation("pct_of", "percentage", "pct_of", ("base", "rate"), "rate percent of base"),
    Operation("pct_off", "percentage", "pct_off", ("base", "rate"), "base less rate percent"),
    Operation("pct_up", "percentage", "pct_up", ("base", "rate"), "base and rate percent more"),
    Operation("amount", "rate_equation", "mul", ("rate", "time"), "rate x time: a distance, a pay, a number made"),
    Operation("duration", "rate_equation", "div", ("amount", "rate"), "the time that an amount takes at a rate"),
    Operation("pace", "rate_equation", "div", ("amount", "time"), "the rate that does an amount in a time"),
    Operation("times", "comparison", "mul", ("base", "factor"), "factor times as much as base"),
    Operation("more", "comparison", "add", ("base", "by"), "more than base by so much"),
    Operation("less", "comparison", "sub", ("base", "by"), "less than base by so much"),
    Operation("fraction", "comparison", "mul", ("base", "share"), "a share of base"),
    Operation("ratio", "comparison", "div", ("base", "other"), "how many times other goes into base"),
    Operation("gain", "entity_track", "add", ("entity", "amount"), "the entity has so much more"),
    Operation("consume", "entity_track", "sub", ("entity", "amount"), "the entity has so much less"),
    Operation("transfer", "entity_track", "move", ("from_entity", "to_entity", "amount"), "from one entity to another"),
)
OPERATIONS: Mapping[str, Operation] = {one.name: one for one in _ALL}
EXPERTS = tuple(dict.fromkeys(one.expert for one in _ALL))

# What a leaf is to the operation that it goes into, where the failure classifier asks.
ROLES: Mapping[tuple[str, str], str] = {
    ("percentage", "rate"): "pct", ("rate_equation", "rate"): "rate", ("rate_equation", "time"): "time",
    ("rate_equation", "amount"): "distance", ("comparison", "factor"): "factor", ("comparison", "share"): "factor",
    ("comparison", "by"): "factor",
}  # fmt: skip


def of_expert(expert: str) -> tuple[Operation, ...]:
    return tuple(one for one in _ALL if one.expert == expert)
