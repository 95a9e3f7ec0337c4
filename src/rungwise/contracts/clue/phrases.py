"""The English of puzzles: a phrase for each thing that can be said, asked or defined, and the rules of the worlds.

A sentence has a subject and a predicate, one of each sense for every category. No phrase has a comma or a full stop in
it, so that sentences are cut where their connectives have theirs.
"""

from collections.abc import Mapping
from functools import lru_cache

from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.tree import (
    CULPRIT,
    TOOL,
    VICTIM,
    At,
    Beside,
    Category,
    Element,
    Is,
    Kind,
    Left,
    Literal,
    Met,
    Moves,
    Next,
    Op,
    Shape,
    With,
)

SUSPECT, WEAPON, ROOM, MOTIVE, TIME = (
    Category.SUSPECT, Category.WEAPON, Category.ROOM, Category.MOTIVE, Category.TIME
)  # fmt: skip
Senses = tuple[str, str]  # that it is so, that it is not

# ---- sentences ----

PREDICATES: Mapping[Category, Senses] = {
    SUSPECT: ("is {}", "is not {}"),
    WEAPON: ("had the {}", "did not have the {}"),
    ROOM: ("was in the {}", "was not in the {}"),
    MOTIVE: ("was driven by {}", "was not driven by {}"),
    Category.HOUSE: ("lives in {}", "does not live in {}"),
    Category.COLOUR: ("lives in the {} house", "does not live in the {} house"),
    Category.DRINK: ("drinks {}", "does not drink {}"),
    Category.PET: ("keeps the {}", "does not keep the {}"),
    Category.TRADE: ("is the {}", "is not the {}"),
    Category.MUSIC: ("listens to {}", "does not listen to {}"),
    Category.PLANT: ("grows the {}", "does not grow the {}"),
    Category.PERSON: ("is {}", "is not {}"),
}
# In moments the culprit's room and time are those of the murder, and only the tool has a weapon.
OF_THE_MURDER: Mapping[Category, Senses] = {
    ROOM: ("was done in the {}", "was not done in the {}"),
    TIME: ("was done at {}", "was not done at {}"),
    WEAPON: ("is the {}", "is not the {}"),
}
MURDER = "the murder"
SINGULAR: Mapping[Element, str] = {CULPRIT: "the murderer", TOOL: "the murder weapon", VICTIM: "the victim"}
NAMED = frozenset((SUSPECT, Category.PERSON))

SENTENCES: Mapping[type[Literal], Senses] = {
    At: ("{first} was in the {room} at {time}", "{first} was not in the {room} at {time}"),
    With: ("{first} and {second} were in one room at {time}", "{first} and {second} were not in one room at {time}"),
    Met: (
        "{first} and {second} were together in the {room} at least once",
        "{first} and {second} were never together in the {room}",
    ),
    Moves: (
        "{first} changed rooms between {time} and {later}",
        "{first} did not change rooms between {time} and {later}",
    ),
    Beside: ("{first} was just {side} of {second} at {time}", "{first} was not just {side} of {second} at {time}"),
    Next: (
        "{first} and {second} live next to each other",
        "{first} and {second} do not live next to each other",
    ),
    Left: ("{first} lives just left of {second}", "{first} does not live just left of {second}"),
}
SIDES: Mapping[str, str] = {"n": "north", "e": "east", "s": "south", "w": "west"}

CONNECTED: Mapping[Op, str] = {
    Op.THEN: "If {first}, then {second}.", Op.ONE: "Either {first}, or {second}, but not both.",
    Op.OR: "{first}, or {second}, or both.", Op.SAME: "{first} if and only if {second}.",
}  # fmt: skip
DEFINITIONS: Mapping[Op, str] = {
    Op.OR: 'By "A, or B, or both" is meant that at least one of A and B is true.',
    Op.ONE: 'By "either A, or B, but not both" is meant that exactly one of A and B is true.',
    Op.THEN: 'By "if A, then B" is meant that B is true if A is true; if A is false, nothing is said of B.',
    Op.SAME: 'By "A if and only if B" is meant that A and B are both true or both false.',
}


def is_phrase(literal: Is, kind: Kind, names: Names) -> str:
    done = kind == "moments" and literal.second.category in (ROOM, TIME)
    subject = MURDER if done else subject_of(literal.first, kind, names)
    return f"{subject} {predicate_of(literal.second, kind, names, literal.holds)}"


def subject_of(element: Element, kind: Kind, names: Names) -> str:
    if element in SINGULAR:
        return SINGULAR[element]
    word = names.words[element]
    if element.category in NAMED:
        return word
    if element.category is Category.TRADE or (kind == "moments" and element.category is WEAPON):
        return f"the {word}"
    return f"the one who {PREDICATES[element.category][0].format(word)}"


def predicate_of(element: Element, kind: Kind, names: Names, holds: bool) -> str:
    own = OF_THE_MURDER if kind == "moments" else {}
    yes, no = own.get(element.category) or PREDICATES[element.category]
    return (yes if holds else no).format(names.words[element])


@lru_cache(maxsize=64)
def subjects(names: Names) -> Mapping[str, Element]:
    """Whatever a sentence can begin with."""
    can = [element for element in names.letters if element.category is not TIME]
    if names.kind == "moments":
        can = [element for element in can if element.category is not ROOM]
    murder = {MURDER: CULPRIT} if names.kind == "moments" else {}
    return {subject_of(element, names.kind, names): element for element in can} | murder


@lru_cache(maxsize=64)
def predicates(names: Names) -> Mapping[str, tuple[Element, bool]]:
    can = [element for element in names.letters if element not in SINGULAR]
    return {predicate_of(one, names.kind, names, holds): (one, holds) for one in can for holds in (True, False)}


# ---- questions ----

QUESTIONS: Mapping[Category, str] = {
    SUSPECT: "Who is {}?", WEAPON: "Which weapon did {} have?", ROOM: "Which room was {} in?",
    MOTIVE: "What was {} driven by?", Category.HOUSE: "Which house does {} live in?", Category.PERSON: "Who is {}?",
    Category.COLOUR: "Which colour is the house that {} lives in?", Category.DRINK: "What does {} drink?",
    Category.PET: "Which pet does {} keep?", Category.TRADE: "Which trade does {} have?",
    Category.MUSIC: "What does {} listen to?", Category.PLANT: "Which plant does {} grow?",
}  # fmt: skip
OF_THE_MURDER_ASKED: Mapping[Category, str] = {
    ROOM: "Which room was the murder done in?", TIME: "At what time was the murder done?",
    WEAPON: "Which weapon is the murder weapon?",
}  # fmt: skip
WHERE_THEN = "Which room was {} in at {}?"

# ---- what there is ----

MURDER_OPENING = "A murder has been done, and exactly one of the suspects did it."
MOMENTS_OPENING = "A murder was done one evening. This is who and what was there, and what can have happened."
ZEBRA_OPENING = "There are {0} houses in a row: house 1 is at the left, house {0} at the right."
HEADINGS: Mapping[Category, str] = {
    SUSPECT: "Suspects", WEAPON: "Weapons", ROOM: "Rooms", MOTIVE: "Motives", TIME: "Times",
    Category.PERSON: "People", Category.COLOUR: "Colours", Category.DRINK: "Drinks", Category.PET: "Pets",
    Category.TRADE: "Trades", Category.MUSIC: "Music", Category.PLANT: "Plants",
}  # fmt: skip
OWN: Mapping[Category, str] = {
    WEAPON: " Each suspect had exactly one of them, and no two had the same.",
    ROOM: " Each suspect was in exactly one of them, and no two were in the same.",
    MOTIVE: " Each suspect was driven by exactly one of them, and no two by the same.",
    Category.PERSON: " Exactly one of them lives in each house.",
    Category.COLOUR: " Each house has exactly one of them, and no two have the same.",
    Category.DRINK: " Everyone drinks exactly one of them, and no two drink the same.",
    Category.PET: " Everyone keeps exactly one of them, and no two keep the same.",
    Category.TRADE: " Everyone has exactly one of them, and no two have the same.",
    Category.MUSIC: " Everyone listens to exactly one of them, and no two listen to the same.",
    Category.PLANT: " Everyone grows exactly one of them, and no two grow the same.",
}
LAYOUT = (
    " These are rows of rooms with a semicolon between two rows. In a row they stand from west to east; the first row "
    "is the northernmost, the last the southernmost."
)
WALKS = (
    "From one time to the next every suspect stayed in the room or went to the one just north, east, south or west of "
    "it. The victim did so too until the murder, and lay in that room from then on."
)
LIE_STILL = "No weapon was ever moved."
CARRIED = (
    "A weapon stayed where it was, or went from one time to the next with a suspect who was in its room and went to "
    "another."
)
CRIME = (
    "At exactly one of the times there was just one suspect in the room of the victim and also just one weapon. That "
    "suspect is the murderer, that weapon is the murder weapon, and it was then and there that the murder was done."
)
NEIGHBOURS = (
    "Two people live next to each other if the numbers of their houses differ by 1. One lives just left of another if "
    "the number of the first one's house is less by 1."
)


def rules(shape: Shape) -> tuple[str, ...]:
    """Behind the lists of things."""
    if shape.kind == "crime":
        return ()
    return (NEIGHBOURS,) if shape.kind == "zebra" else (WALKS, CARRIED if shape.carried else LIE_STILL, CRIME)
