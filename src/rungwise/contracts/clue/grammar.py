"""The compact surface as named regular expressions, over all letters. What no automaton can say (that a letter is one
of this puzzle's, that the answer has as many names as there are questions) stays with the readers.

Reserved are, besides the connectives, all that a small crime can say of two things that belong together: a literal is
one token, and which are true is all that is left to learn.
"""

from itertools import combinations

from rungwise.contract import Grammar
from rungwise.contracts.clue.names import LETTERS, SIGNS
from rungwise.contracts.clue.spelling import MAX_SLOTS, MOMENTS_PAIRS
from rungwise.contracts.clue.tree import CRIME_ATTRIBUTES, CULPRIT, TOOL, ZEBRA_ATTRIBUTES, Category, Kind, Op

KINDS: tuple[Kind, ...] = ("crime", "moments", "zebra")
RESERVED = 5  # so many letters of each row, as many as the largest crime of the tiers has
CRIME = (Category.CULPRIT, Category.SUSPECT, *CRIME_ATTRIBUTES)
ZEBRA = (Category.HOUSE, *sorted(ZEBRA_ATTRIBUTES, key=list(Category).index))
CLASSES = {
    **{category: f"[{row}]" for category, row in LETTERS.items()},
    Category.HOUSE: "[1-7]", Category.TIME: "(?:[1-9]|1[0-2])",
    Category.CULPRIT: rf"\{SIGNS[CULPRIT]}", Category.TOOL: SIGNS[TOOL],
}  # fmt: skip


def grammar(surface: str, kinds: tuple[Kind, ...] = ("crime",), *, clues: bool = False) -> Grammar | None:
    """Of what a policy writes: lines and an answer, or clues alone. None in English, which needs no holding to it."""
    if surface != "compact":
        return None
    rules = {"piece": r"[*#!a-zRSTU]", "time": CLASSES[Category.TIME], "room": CLASSES[Category.ROOM]}
    rules |= {kind: _literals(kind) for kind in kinds}
    rules["literal"] = "|".join(f"<{kind}>" for kind in kinds)
    rules["formula"] = r"<literal>(?:(?:\||\^|>|<>)<literal>)?"
    rules["name"] = "[a-zA-Z]" + ("|<time>" if set(kinds) != {"crime"} else "")
    rules["answer"] = rf"answer(?: <name>){{1,{MAX_SLOTS}}}"
    rules["text"] = "<formula>(?:\n<formula>)*" if clues else "(?:<formula>\n)*<answer>"
    words = () if clues else ("answer",)
    return Grammar(start="text", rules=rules, reserved=(*reserved(), *Op, *words))


def _literals(kind: Kind) -> str:
    pairs = MOMENTS_PAIRS if kind == "moments" else combinations(CRIME if kind == "crime" else ZEBRA, 2)
    told = [f"{CLASSES[first]}[=~]{CLASSES[second]}" for first, second in sorted(pairs)]
    if kind == "zebra":
        told.append("~?[a-zA-Z1-7][-<][a-zA-Z1-7]")
    if kind == "moments":
        behind = "@<room><time>|&<piece>(?:<room>|<time>)|[+]<time>|/[nesw]<piece><time>"
        told.append(f"~?<piece>(?:{behind})")
    return "|".join(told)


def reserved() -> tuple[str, ...]:
    """All literals of a crime among the first letters of each row."""
    rows = {category: LETTERS[category][:RESERVED] for category in CRIME[1:]} | {Category.CULPRIT: SIGNS[CULPRIT]}
    return tuple(
        f"{a}{sign}{b}"
        for first, second in combinations(CRIME, 2)
        for a in rows[first]
        for b in rows[second]
        for sign in "=~"
    )
