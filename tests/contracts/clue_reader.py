"""A second reading of a puzzle's text, in either surface, that shares no code with the first: expressions of its own,
connectives by the definitions that the text gives, and every world tried in plain Python.

What it says of a text is the set of answers that the text allows, so that one answer is a proof that the clues as they
are written, and not only the tree behind them, determine it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, permutations, product
from typing import Any

World = Mapping[str, Any]  # of each name: whose it is, or its rooms at all times; "" the murder
Claim = Callable[[World], bool]
MURDERER, TOOL, VICTIM = "*", "#", "!"
MEANT: Mapping[str, Callable[[bool, bool], bool]] = {
    "one or both": lambda a, b: a or b,
    "exactly one": lambda a, b: a != b,
    "if the first, then the second": lambda a, b: b or not a,
    "both or neither": lambda a, b: a == b,
    "at least one of A and B is true": lambda a, b: a or b,
    "exactly one of A and B is true": lambda a, b: a != b,
    "B is true if A is true; if A is false, nothing is said of B": lambda a, b: b or not a,
    "A and B are both true or both false": lambda a, b: a == b,
}


@dataclass
class Told:
    """`rows`: the names of each sort of thing, the owners' first."""

    kind: str
    rows: dict[str, list[str]]
    width: int = 0  # of the grid of rooms
    times: list[str] = field(default_factory=list)
    carried: bool = False
    claims: list[Claim] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # of whom, and which sort of thing or when


def answers(text: str, surface: str) -> set[tuple[str, ...]]:
    """Every answer that some world gives in which all clues are true."""
    told = compact(text) if surface == "compact" else english(text)
    found = set()
    for world in worlds(told):
        if all(claim(world) for claim in told.claims):
            found.add(tuple(answer(told, world, subject, what) for subject, what in told.asked))
    return found


def answer(told: Told, world: World, subject: str, what: str) -> str:
    if what in told.times:
        return told.rows["room"][world[subject][told.times.index(what)]]
    if told.kind != "moments":
        return next(name for name in told.rows[what] if world[name] == world[subject])
    if what != "motive":
        return str(world[""][what])
    who = world[""]["suspect"] if subject == MURDERER else subject
    return next(motive for motive, one in world["of"].items() if one == who)


# ---- worlds ----


def worlds(told: Told) -> Iterator[World]:
    if told.kind == "moments":
        yield from moments(told)
        return
    owners, *others = told.rows.values()
    for orders in product(*(permutations(range(len(owners))) for _ in others)):
        world = dict(zip(owners, range(len(owners)), strict=True))
        for row, order in zip(others, orders, strict=True):
            world |= zip(row, order, strict=True)
        if told.kind == "zebra":
            yield world
        else:
            yield from (world | {MURDERER: culprit} for culprit in range(len(owners)))


def moments(told: Told) -> Iterator[World]:
    suspects, weapons = told.rows["suspect"], told.rows["weapon"]
    walks = [walk for walk in product(range(len(told.rows["room"])), repeat=len(told.times)) if walkable(walk, told)]
    still = walks if told.carried else [walk for walk in walks if len(set(walk)) == 1]
    for paths in product(walks, *[walks] * len(suspects), *[still] * len(weapons)):
        world: dict[str, Any] = dict(zip([VICTIM, *suspects, *weapons], paths, strict=True))
        if happened(world, told):
            yield from motivated(world, told)


def walkable(walk: tuple[int, ...], told: Told) -> bool:
    places = [divmod(room, told.width) for room in walk]
    return all(abs(a - c) + abs(b - d) <= 1 for (a, b), (c, d) in pairwise(places))


def happened(world: dict[str, Any], told: Told) -> bool:
    """Whether it is a world at all; if so, who did it, with what, where and when is put down."""
    alone = []
    for time, room in enumerate(world[VICTIM]):
        there = [[one for one in told.rows[sort] if world[one][time] == room] for sort in ("suspect", "weapon")]
        if list(map(len, there)) == [1, 1]:
            alone.append((there[0][0], there[1][0], room, time))
    if len(alone) != 1 or not all(carried(world[weapon], world, told) for weapon in told.rows["weapon"]):
        return False
    suspect, weapon, room, time = alone[0]
    if set(world[VICTIM][time:]) != {room}:
        return False
    world[MURDERER], world[TOOL] = world[suspect], world[weapon]
    where = told.rows["room"][room]
    world[""] = {"suspect": suspect, "weapon": weapon, "room": where, "time": told.times[time]}
    return True


def carried(path: tuple[int, ...], world: World, told: Told) -> bool:
    steps = [[*pairwise(world[suspect])] for suspect in told.rows["suspect"]]
    return all(a == b or any(step[time] == (a, b) for step in steps) for time, (a, b) in enumerate(pairwise(path)))


def motivated(world: dict[str, Any], told: Told) -> Iterator[World]:
    for order in permutations(told.rows["suspect"]):
        yield (
            world
            | {motive: world[one] for motive, one in zip(told.rows.get("motive", []), order, strict=False)}
            | {"of": dict(zip(told.rows.get("motive", []), order, strict=False))}
        )
        if "motive" not in told.rows:
            return


# ---- what can be claimed ----


def together(told: Told, first: str, second: str) -> Claim:
    if told.kind != "moments":
        return lambda world: world[first] == world[second]
    if second in told.rows.get("motive", []):
        return lambda world: world["of"][second] == (world[""]["suspect"] if first == MURDERER else first)
    return lambda world: second in world[""].values()


def when(told: Told, time: str) -> int:
    return told.times.index(time)


def at(told: Told, piece: str, room: str, time: str) -> Claim:
    then, there = when(told, time), told.rows["room"].index(room)
    return lambda world: world[piece][then] == there


def with_(told: Told, first: str, second: str, time: str) -> Claim:
    then = when(told, time)
    return lambda world: world[first][then] == world[second][then]


def met(told: Told, first: str, second: str, room: str) -> Claim:
    there = told.rows["room"].index(room)
    return lambda world: (there, there) in zip(world[first], world[second], strict=True)


def moves(told: Told, piece: str, time: str) -> Claim:
    then = when(told, time)
    return lambda world: world[piece][then] != world[piece][then + 1]


def beside(told: Told, first: str, side: str, second: str, time: str) -> Claim:
    then, (down, right) = when(told, time), {"n": (-1, 0), "s": (1, 0), "w": (0, -1), "e": (0, 1)}[side[0]]

    def claim(world: World) -> bool:
        (a, b), (c, d) = (divmod(world[one][then], told.width) for one in (first, second))
        return (a, b) == (c + down, d + right)

    return claim


def near(_: Told, first: str, second: str) -> Claim:
    return lambda world: abs(world[second] - world[first]) == 1


def left(_: Told, first: str, second: str) -> Claim:
    return lambda world: bool(world[second] - world[first] == 1)


def said(claim: Claim, positive: bool) -> Claim:
    return claim if positive else lambda world: not claim(world)


def joined(meant: Callable[[bool, bool], bool], first: Claim, second: Claim) -> Claim:
    return lambda world: meant(first(world), second(world))


# ---- the compact text ----

SORTS = {"s": "suspect", "w": "weapon", "r": "room", "m": "motive", "t": "time"}
ZEBRA_SORTS = {
    "h": "house",
    "n": "person",
    "c": "colour",
    "d": "drink",
    "p": "pet",
    "j": "trade",
    "u": "music",
    "g": "plant",
}


def compact(text: str) -> Told:
    first, *lines = text.split("\n")
    told = compact_things(first.split(" "))
    defined = {sign: MEANT[meant] for sign, meant in re.findall(r"^(\||\^|>|<>) (.+)$", text, re.MULTILINE)}
    for line in lines[len(defined) + ("~ not" in lines) : -1]:
        parts = re.split(r"(<>|>|\||\^)", line)
        claims = [compact_claim(told, part) for part in parts[::2]]
        told.claims.append(joined(defined[parts[1]], *claims) if parts[1:] else claims[0])
    assert lines[-1][0] == "?"
    for word in lines[-1][1:].split(" "):
        told.asked.append((word[0], {**SORTS, **ZEBRA_SORTS}.get(word[1:], word[1:])))
    return told


def compact_things(words: list[str]) -> Told:
    if words[0].startswith("1-"):
        houses = [str(number + 1) for number in range(int(words[0][2:]))]
        return Told("zebra", dict(zip(ZEBRA_SORTS.values(), [houses, *map(list, words[1:])], strict=False)))
    grid = next((at for at, word in enumerate(words) if re.fullmatch(r"\d+x\d+", word)), len(words))
    rows = dict(zip(SORTS.values(), map(list, words[:grid]), strict=False))
    if grid == len(words):
        return Told("crime", rows)
    times = [str(number + 1) for number in range(int(words[grid + 1][1:]))]
    return Told("moments", rows, int(words[grid].split("x")[0]), times, words[-1] == "carried")


COMPACT: list[tuple[str, Callable[..., Claim]]] = [
    (r"(.)=(\w+)", together),
    (r"(.)@([A-Z])(\d+)", at),
    (r"(.)&(.)(\d+)", with_),
    (r"(.)&(.)([A-Z])", met),
    (r"(.)\+(\d+)", moves),
    (r"(.)/([nesw])(.)(\d+)", beside),
    (r"(.)-(.)", near),
    (r"(.)<(.)", left),
]


def compact_claim(told: Told, text: str) -> Claim:
    positive = "~" not in text
    text = text.removeprefix("~").replace("~", "=")
    [claim] = [make(told, *match.groups()) for form, make in COMPACT if (match := re.fullmatch(form, text))]
    return said(claim, positive)


# ---- the English text ----

LISTS = {
    "Suspects": "suspect", "Weapons": "weapon", "Rooms": "room", "Motives": "motive", "People": "person",
    "Colours": "colour", "Drinks": "drink", "Pets": "pet", "Trades": "trade", "Music": "music", "Plants": "plant",
}  # fmt: skip
SO = (
    "is the|is|had the|was in the|was driven by|was done in the|was done at|lives in the|lives in|drinks|keeps the|"
    "listens to|grows the"
)
NOT_SO = (
    "is not the|is not|did not have the|was not in the|was not driven by|was not done in the|was not done at|"
    "does not live in the|does not live in|does not drink|does not keep the|does not listen to|does not grow the"
)
ENGLISH: list[tuple[str, bool, Callable[..., Claim]]] = [
    ("(.+) was in the (.+) at (.+)", True, at),
    ("(.+) was not in the (.+) at (.+)", False, at),
    ("(.+) and (.+) were in one room at (.+)", True, with_),
    ("(.+) and (.+) were not in one room at (.+)", False, with_),
    ("(.+) and (.+) were together in the (.+) at least once", True, met),
    ("(.+) and (.+) were never together in the (.+)", False, met),
    ("(.+) changed rooms between (.+) and .+", True, moves),
    ("(.+) did not change rooms between (.+) and .+", False, moves),
    ("(.+) was just (north|east|south|west) of (.+) at (.+)", True, beside),
    ("(.+) was not just (north|east|south|west) of (.+) at (.+)", False, beside),
    ("(.+) and (.+) do not live next to each other", False, near),
    ("(.+) and (.+) live next to each other", True, near),
    ("(.+) lives just left of (.+)", True, left),
    ("(.+) does not live just left of (.+)", False, left),
    (rf"(.+) (?:{NOT_SO}) (.+?)(?: house)?", False, together),
    (rf"(.+) (?:{SO}) (.+?)(?: house)?", True, together),
]
ASKED = {
    "Who is (.+)?": "whose", "Which weapon did (.+) have?": "weapon", "Which room was (.+) in?": "room",
    "What was (.+) driven by?": "motive", "Which (weapon) is the murder weapon?": "weapon",
    "Which room was (the murder) done in?": "room", "At what time was (the murder) done?": "time",
    "Which house does (.+) live in?": "house", "Which colour is the house that (.+) lives in?": "colour",
    "What does (.+) drink?": "drink", "Which pet does (.+) keep?": "pet", "Which trade does (.+) have?": "trade",
    "What does (.+) listen to?": "music", "Which plant does (.+) grow?": "plant",
}  # fmt: skip


def english(text: str) -> Told:
    story, _, rest = text.partition("\nClues:\n")
    clues, _, questions = f"\n{rest}".partition("\nQuestions:\n")
    told = english_things(story)
    defined = [
        (form, MEANT[meant]) for form, meant in re.findall(r'By "(.+)" is meant that (.+)\.$', story, re.MULTILINE)
    ]
    for clue in re.findall("^- (.+)[.]$", clues, re.MULTILINE):
        told.claims.append(english_formula(told, clue, defined))
    assert len(told.claims) == clues.count("\n")
    for question in questions.split("\n"):
        told.asked.append(english_question(told, question[3:]))
    return told


def english_things(story: str) -> Told:
    rows: dict[str, list[str]] = {}
    houses = re.match("There are (.) houses", story)
    if houses:
        rows["house"] = [f"house {number + 1}" for number in range(int(houses[1]))]
    lists = dict(re.findall(r"^(\w+): (.+?)\.", story, re.MULTILINE))
    rows |= {LISTS[heading]: re.split("[,;] ", told) for heading, told in lists.items() if heading in LISTS}
    if "Times" not in lists:
        return Told("zebra" if houses else "crime", rows)
    width = lists["Rooms"].split(";")[0].count(",") + 1
    return Told("moments", rows, width, lists["Times"].split(", "), "No weapon was ever moved." not in story)


def english_formula(told: Told, clue: str, defined: list[tuple[str, Callable[[bool, bool], bool]]]) -> Claim:
    plain = clue[0].lower() + clue[1:]
    for form, meant in defined:
        if both := re.fullmatch(re.sub("[AB]", "(.+)", form), plain):
            return joined(meant, english_claim(told, both[1]), english_claim(told, both[2]))
    return english_claim(told, plain)


def english_claim(told: Told, text: str) -> Claim:
    for form, positive, make in ENGLISH:
        if match := re.fullmatch(form, text):
            return said(make(told, *[named(told, part) for part in match.groups()]), positive)
    raise AssertionError(f"cannot be read: {text}")


def named(told: Told, phrase: str) -> str:
    """The name of whoever or whatever is spoken of."""
    alone = {"the murderer": MURDERER, "the murder": MURDERER, "the murder weapon": TOOL, "the victim": VICTIM}
    if phrase in alone:
        return alone[phrase]
    described = re.fullmatch(rf"the one who (?:{SO}) (.+?)(?: house)?", phrase)
    name = described[1] if described else phrase.removeprefix("the ")
    every = {one.lower(): one for row in [*told.rows.values(), told.times] for one in row}
    return every.get(name.lower(), name)


def english_question(told: Told, question: str) -> tuple[str, str]:
    if then := re.fullmatch(r"Which room was (.+) in at (.+)\?", question):
        return named(told, then[1]), then[2]
    for form, sort in ASKED.items():
        if match := re.fullmatch(form.replace("?", r"\?"), question):
            whose = "person" if told.kind == "zebra" else "suspect"
            subject = TOOL if match[1] == "weapon" else named(told, match[1])
            return subject, whose if sort == "whose" else sort
    raise AssertionError(f"cannot be read: {question}")
