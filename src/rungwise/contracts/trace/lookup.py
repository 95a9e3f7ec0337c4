"""The lookup table that a model must beat: the gold of another problem, with this one's numbers in their order."""

from rungwise.contract import Task
from rungwise.contracts.trace.language import parse, write
from rungwise.contracts.trace.numbers import value_of
from rungwise.contracts.trace.tree import Block, Fault, Init, Line, Literal, Pointer, Query, Step, Trace, Value
from rungwise.contracts.trace.wanted import wanted_of


def reslot(task: Task, known: Task, gold: str, surface: str, numbers: str) -> str:
    """What stood in the known problem as its third number becomes the third number of the task."""
    trace = parse(gold, surface, numbers)
    if isinstance(trace, Fault):
        return gold
    slots, names = _Slots(wanted_of(known).numbers, wanted_of(task).numbers), _Names()
    blocks = [Block(block.expert, tuple(_line(line, slots, names) for line in block.lines)) for block in trace.blocks]
    return write(Trace(tuple(blocks)), surface)


def _line(line: Line, slots: "_Slots", names: "_Names") -> Line:
    if isinstance(line, Init):
        return Init(names[line.name], slots.put(line.value))
    if isinstance(line, Step):
        return Step(line.op, tuple(names[arg] for arg in line.args), line.name and names[line.name])
    return Query(names[line.name])


class _Names(dict[str, str]):
    """n1, n2, ... as they come: whose names stood in the known problem says nothing here."""

    def __missing__(self, name: str) -> str:
        self[name] = f"n{len(self) + 1}"
        return self[name]


class _Slots:
    def __init__(self, theirs: tuple[str, ...], ours: tuple[str, ...]) -> None:
        self.theirs, self.ours = [value_of(text) for text in theirs], ours
        self.free = list(range(len(theirs)))  # numbers of theirs that stand for no literal yet

    def put(self, value: Value) -> Value:
        if isinstance(value, Pointer) and self.ours:
            return Pointer(min(value.index, len(self.ours)))
        if not isinstance(value, Literal):
            return value
        place = next((at for at in self.free if self.theirs[at] == value_of(value.text)), None)
        if place is None or place >= len(self.ours):
            return value
        self.free.remove(place)
        return Literal(self.ours[place])
