"""Puzzles by hand, and of any shape: whether they make sense or not; the language has them all."""

import random

from hypothesis import settings
from hypothesis import strategies as st

from rungwise.contracts.clue.grammar import KINDS
from rungwise.contracts.clue.language import (
    SURFACES,
    Fault,
    read_puzzle,
)
from rungwise.contracts.clue.names import Names, drawn, fixed
from rungwise.contracts.clue.spelling import PIECES, asked, misplaced
from rungwise.contracts.clue.tree import (
    At,
    Beside,
    Category,
    Compound,
    Formula,
    Is,
    Left,
    Literal,
    Met,
    Moves,
    Next,
    Op,
    Puzzle,
    Shape,
    Slot,
    With,
)

# ---- puzzles of any shape, whether they make sense or not ----


def wild_shape(rng: random.Random) -> Shape:
    kind = rng.choice(KINDS)
    if kind == "crime":
        return Shape(kind=kind, size=rng.randint(2, 10), attributes=rng.randint(1, 3))
    if kind == "zebra":
        return Shape(kind=kind, size=rng.randint(2, 7), attributes=rng.randint(1, 7))
    columns = rng.randint(1, 5)
    return Shape(
        kind="moments", size=rng.randint(1, 10), weapons=rng.randint(1, 10), columns=columns,
        rows=rng.randint(1, 17 // columns), times=rng.randint(1, 12), motives=rng.random() < 0.5,
        carried=rng.random() < 0.5,
    )  # fmt: skip


def small_shape(rng: random.Random) -> Shape:
    """With few enough worlds to try them all in plain Python, twice."""
    kind = rng.choice(KINDS)
    if kind == "crime":
        size, attributes = rng.choice([(2, 2), (3, 2), (3, 3), (4, 2)])
        return Shape(kind=kind, size=size, attributes=attributes)
    if kind == "zebra":
        size, attributes = rng.choice([(3, 2), (3, 4), (4, 2), (2, 7)])
        return Shape(kind=kind, size=size, attributes=attributes)
    columns, rows, times, size = rng.choice([(2, 1, 2, 2), (2, 1, 2, 3), (3, 1, 2, 2), (1, 2, 3, 2), (2, 2, 1, 2)])
    motives, carried = rng.random() < 0.5, rng.random() < 0.3
    return Shape(
        kind="moments", size=size, weapons=2, columns=columns, rows=rows, times=times, motives=motives, carried=carried
    )


def wild_literal(rng: random.Random, shape: Shape) -> Literal:
    """Any that the shape can have: drawn until it is one, as long as that takes."""
    elements = list(fixed(shape).letters)
    while True:
        first, second = rng.sample(elements, 2)
        time, room = rng.randrange(shape.times or 1), rng.randrange(shape.rooms or 1)
        side = rng.choice("nesw")
        holds = rng.random() < 0.5
        made: list[Literal] = [Is(first, second, holds)]
        if shape.kind == "zebra":
            made += [Next(first, second, holds), Left(first, second, holds)]
        if shape.kind == "moments":
            made += [
                At(first, room, time, holds), With(first, second, time, holds), Met(first, second, room, holds),
                Beside(first, side, second, time, holds),  # type: ignore[arg-type]
            ]  # fmt: skip
            made += [Moves(first, rng.randrange(shape.times - 1), holds)] if shape.times > 1 else []
        literal = rng.choice(made)
        if not misplaced(literal, shape.kind):
            return literal


def wild_formula(rng: random.Random, shape: Shape) -> Formula:
    first = wild_literal(rng, shape)
    return first if rng.random() < 0.5 else Compound(first, rng.choice(list(Op)), wild_literal(rng, shape))


def every_slot(shape: Shape) -> list[Slot]:
    elements = fixed(shape).letters
    slots = [Slot(one, category) for one in elements for category in sorted({one.category for one in elements})]
    pieces = [one for one in elements if one.category in PIECES]
    slots += [Slot(one, Category.ROOM, time) for one in pieces for time in range(shape.times)]
    return [slot for slot in slots if asked(slot, shape.kind)]


def wild_puzzle(rng: random.Random) -> Puzzle:
    shape = wild_shape(rng)
    clues = tuple(wild_formula(rng, shape) for _ in range(rng.randint(0, 12)))
    slots = every_slot(shape)
    return Puzzle(shape, clues, tuple(rng.sample(slots, min(len(slots), rng.randint(1, 8)))))


def wild_names(rng: random.Random, shape: Shape, surface: str) -> Names:
    """Clocks are told in English alone."""
    names = drawn(shape, rng) if rng.random() < 0.8 else fixed(shape)
    return names if surface == "english" else Names(names.kind, names.places, names.numbered)


SEED = st.integers(0, 2**32)
PATIENT = settings(deadline=None)  # other work runs on the machine
SURFACE = st.sampled_from(SURFACES)

# ---- by hand ----

CRIME = "abc klm ABC\n| one or both\n> if the first, then the second\n~ not\na=k\n*=a|b~l\n*~A>*=m\n?*s *w *r"
MOMENTS = "ab kl ABCD uv 2x2 t3 carried\n~ not\na@A1\n~a&b2\n*&bA\na+2\nk/n!3\n*=3\n#~k\na=u\n?*s #w *t !2 *m"
ZEBRA = "1-3 abc hij\n~ not\n1=a\nh=b\nh-a\n~a<i\n?1n ac"
NIGHT = """A murder was done one evening. This is who and what was there, and what can have happened.
Suspects: Doctor Amsel, Madame Birk.
Weapons: poker, sickle.
Rooms: attic, bakery; mill, tower. These are rows of rooms with a semicolon between two rows. In a row they stand \
from west to east; the first row is the northernmost, the last the southernmost.
Times: 11:45 PM, 12:00 AM.
From one time to the next every suspect stayed in the room or went to the one just north, east, south or west of it. \
The victim did so too until the murder, and lay in that room from then on.
No weapon was ever moved.
At exactly one of the times there was just one suspect in the room of the victim and also just one weapon. That \
suspect is the murderer, that weapon is the murder weapon, and it was then and there that the murder was done.
Clues:
- The murder weapon was just north of Madame Birk at 11:45 PM.
- The murder was not done at 12:00 AM.
Questions:
A. Who is the murderer?
B. Which room was the victim in at 12:00 AM?"""


def told(text: str, surface: str = "compact") -> tuple[Puzzle, Names]:
    read = read_puzzle(text, surface)
    assert not isinstance(read, Fault)
    return read
