"""The tiers: the shapes and kinds of clue of each, and what its puzzles must ask of a solver.

C0 to C4 are crimes, C5 to C7 nights, Z1 to Z3 the sibling family of houses in a row. A puzzle is drawn again until it
needs what its tier is about.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from rungwise.contracts.clue.tree import CULPRIT, Category, Compound, Is, Kind, Puzzle, Shape
from rungwise.errors import InputError, nearest

Needs = Callable[[Puzzle], bool]


@dataclass(frozen=True, slots=True)
class Tier:
    shapes: tuple[Shape, ...]
    larger: tuple[Shape, ...]  # that training never has; a tier of one's own has none
    kinds: Mapping[str, float] = field(default_factory=dict)  # of clue, each with its weight; a night's own where empty
    needs: Needs = lambda _puzzle: True
    assumes: bool | None = None  # whether the answer takes an assumption that is refuted; None: either way
    redundant: tuple[int, int] = (0, 0)
    questions: int = 0  # of a night, in all
    lines: bool = True  # whether a puzzle without a derivation is drawn again


def _crime(size: int, attributes: int) -> Shape:
    return Shape(kind="crime", size=size, attributes=attributes)


def _zebra(size: int, attributes: int) -> Shape:
    return Shape(kind="zebra", size=size, attributes=attributes)


def _night(size: int, weapons: int, columns: int, rows: int, times: int, *, all_of_it: bool = False) -> Shape:
    return Shape(
        kind="moments", size=size, weapons=weapons, columns=columns, rows=rows, times=times, motives=all_of_it,
        carried=all_of_it,
    )  # fmt: skip


# ---- what a tier needs ----


def _copying(puzzle: Puzzle) -> bool:
    """Every answer stands in a clue."""
    told = {clue.second.category for clue in puzzle.clues if isinstance(clue, Is) and clue.holds and _of_culprit(clue)}
    return told == {slot.category for slot in puzzle.slots}


def _of_culprit(clue: Is) -> bool:
    return clue.first == CULPRIT


def _elimination(puzzle: Puzzle) -> bool:
    return not _copying(puzzle) and any(not clue.holds for clue in puzzle.clues if isinstance(clue, Is))


def _chaining(puzzle: Puzzle) -> bool:
    return any(isinstance(clue, Is) and _link(clue) for clue in puzzle.clues)


def _link(clue: Is) -> bool:
    """Of two attributes, neither of them the culprit or a suspect."""
    return clue.first != CULPRIT and clue.first.category is not Category.SUSPECT


def _conditions(puzzle: Puzzle) -> bool:
    return any(isinstance(clue, Compound) for clue in puzzle.clues)


FACTS = {"culprit": 1.0, "is": 1.0, "not": 2.0}
LINKS = {**FACTS, "link": 2.0}
CLAUSES = {**LINKS, "or": 1.0, "one": 1.0, "then": 1.0, "same": 1.0}
NIGHT_KINDS = ("is", "motive", "at", "with", "met", "moves", "beside", "not", "or", "one", "then", "same")
HOUSES = {"is": 0.5, "link": 2.0, "next": 2.0, "left": 2.0}
# One for all crimes and one for all rows of houses, so that no tier's training has what is larger to another: more
# suspects, or houses, than there are anywhere else. Nights have one below the published size and one above it.
CRIME, ROW, NIGHT = _crime(5, 2), _zebra(6, 2), _night(4, 3, 3, 2, 4)
TIERS: Mapping[str, Tier] = {
    # Puzzles with nothing but the answer in them are all alike up to renaming: other facts tell them apart.
    "C0": Tier((_crime(2, 2), _crime(3, 2)), (CRIME,), {**FACTS, "culprit": 3.0}, _copying, redundant=(1, 4)),
    "C1": Tier((_crime(2, 2), _crime(3, 2)), (CRIME,), FACTS, _elimination),
    "C2": Tier((_crime(3, 2),), (CRIME,), LINKS, _chaining, assumes=False),
    "C3": Tier((_crime(3, 2), _crime(3, 3), _crime(4, 2)), (CRIME,), CLAUSES, _conditions, assumes=False),
    "C4": Tier((_crime(4, 2), _crime(4, 3)), (CRIME,), CLAUSES, assumes=True),
    "C5": Tier((_night(2, 2, 2, 1, 2), _night(2, 2, 3, 1, 2), _night(2, 2, 2, 2, 2)), (NIGHT,)),
    "C6": Tier((_night(3, 3, 2, 2, 3), _night(3, 3, 3, 2, 3), _night(3, 3, 3, 3, 4)), (NIGHT,)),
    "C7": Tier(
        (_night(6, 5, 3, 3, 4, all_of_it=True), _night(8, 6, 4, 3, 6, all_of_it=True)),
        (_night(10, 8, 4, 4, 8, all_of_it=True),), questions=8, lines=False,
    ),
    "Z1": Tier((_zebra(3, 2),), (ROW,), HOUSES),
    "Z2": Tier((_zebra(3, 3), _zebra(4, 3)), (ROW,), HOUSES),
    "Z3": Tier((_zebra(4, 4), _zebra(5, 3)), (ROW,), HOUSES),
}  # fmt: skip
OWN = "own"  # the one tier of a shape that a user names


def own(shape: str, kinds: str, redundant: int) -> Tier:
    """The tier of settings: one shape, and none that is larger."""
    made = _shape(shape)
    weights = _weights(kinds, made.kind) if kinds else {"crime": CLAUSES, "zebra": HOUSES, "moments": {}}[made.kind]
    return Tier((made,), (), weights, redundant=(redundant, redundant))


def _shape(text: str) -> Shape:
    """ "crime 4 2", "zebra 4 3", or "moments 3 3 3x2 4", with motives and carried behind it where wanted."""
    kind, *rest = text.split()
    flags = [word for word in rest if word in ("motives", "carried")]
    sizes = re.fullmatch(r"(\d+) (\d+)(?: (\d+)x(\d+) (\d+))?", " ".join(word for word in rest if word not in flags))
    if kind not in get_args(Kind) or not sizes or (kind == "moments") != (sizes[3] is not None):
        raise InputError(
            f'{text!r}; expected "crime SUSPECTS ATTRIBUTES", "zebra HOUSES ATTRIBUTES" or '
            '"moments SUSPECTS WEAPONS COLUMNSxROWS TIMES [motives] [carried]"', field="shape",
        )  # fmt: skip
    first, second, *grid = (int(size) for size in sizes.groups() if size)
    most = {"crime": (5, 3), "zebra": (7, 7), "moments": (10, 8)}[kind]
    if not (2 <= first <= most[0] and 1 <= second <= most[1]):
        raise InputError(f"{text!r}; expected 2 to {most[0]} and 1 to {most[1]}", field="shape")
    if kind != "moments":
        return (_crime if kind == "crime" else _zebra)(first, second)
    columns, rows, times = grid
    if not (1 < columns * rows <= 17 and 1 <= times <= 12):
        raise InputError(f"{text!r}; expected 2 to 17 rooms and 1 to 12 times", field="shape")
    return Shape(kind="moments", size=first, weapons=second, columns=columns, rows=rows, times=times,
                 motives="motives" in flags, carried="carried" in flags)  # fmt: skip


def _weights(text: str, kind: Kind) -> dict[str, float]:
    """ "is=1,not=2,or=0.5" """
    found = [re.fullmatch(r"([a-z]+)=(\d+(?:\.\d+)?)", part.strip()) for part in text.split(",")]
    weights = {match[1]: float(match[2]) for match in found if match}
    if None in found or not any(weights.values()):
        raise InputError(f'{text!r}; expected KIND=WEIGHT, as in "is=1,not=2"', field="kinds")
    known = {**CLAUSES, **HOUSES} if kind != "moments" else dict.fromkeys(NIGHT_KINDS)
    for name in weights:
        if name not in known:
            raise InputError(f"no kind {name!r}; {nearest(name, known)}", field="kinds")
    return weights
