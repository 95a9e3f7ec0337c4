"""A puzzle as it is put to a policy: its text, and how to answer where that does not go without saying.

The compact surface is for models that learn it from gold and need not be told. English tells how to answer; where a
policy writes the clues for a solver, it tells the letters and how each thing is said in the compact language.
"""

import string
from collections.abc import Mapping

from rungwise.contracts.clue.compact import write_slot
from rungwise.contracts.clue.language import BETWEEN, HEAD, write_puzzle
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.tree import Kind, Puzzle

SAID: Mapping[Kind, str] = {
    "crime": "a=k: a has k; a~k: a has it not; k=A: who has k has A; *=a: the murderer is a; *=k: the murderer has k",
    "moments": "a@A1: a is in A at time 1; a&b1: a and b are in one room at time 1; a&bA: a and b are in A together "
    "at least once; a+1: a moves between times 1 and 2; a/nb1: a is just north (e, s, w) of b at time 1; *=a: the "
    "murderer is a; *=A, *=1: where and when; #=k: the weapon; ! is the victim; a=u: a's motive is u, *=u: the "
    "murderer's; u for a piece: whoever has it; ~ before any of these: it is not so",
    "zebra": "a=h, a~h: a and h are, are not in one house; a=1: a is in house 1; a-h: neighbours; a<h: a is just left "
    "of h; ~ before either: it is not so",
}
ORDERED: Mapping[Kind, str] = {
    "crime": "Of two letters that come first: *, suspects, weapons, rooms, motives",
    "moments": "Of two letters that come first: with = and ~ those of *, #, suspects, weapons, rooms, times, motives; "
    "with & those of *, motives, suspects, #, !, weapons; of one kind the earlier",
    "zebra": "Of two letters that come first: with = and ~ houses, then as they are listed above; with - colours, "
    "drinks, houses, musics, persons, pets, plants, trades; of one kind the earlier",
}
JOINED = "X|Y: X or Y or both; X^Y: exactly one; X>Y: if X, then Y; X<>Y: both or neither"


def prompted(puzzle: Puzzle, names: Names, surface: str, answer: str) -> str:
    text = write_puzzle(puzzle, names, surface)
    if surface == "compact":
        return text
    return f"{text}\n{_clues(puzzle, names) if answer == 'clues' else _lines(puzzle, answer)}"


def _lines(puzzle: Puzzle, answer: str) -> str:
    asked = BETWEEN["english"].join(string.ascii_uppercase[: len(puzzle.slots)])
    last = f"{HEAD['english']} {asked}"
    if answer == "direct":
        return f"Answer on one line, with the names alone: {last}"
    behind = ", each behind those that it follows from" if answer == "proof" else ""
    return (
        f"Write what follows from the clues, one sentence a line{behind}, in the words that the clues use. Then write "
        f"one last line, with the names alone: {last}"
    )


def _clues(puzzle: Puzzle, names: Names) -> str:
    letters = ", ".join(f"{names.letters[element]} {word}" for element, word in names.words.items())
    asked = " ".join(write_slot(slot, names) for slot in puzzle.slots)
    return (
        f"Do not answer. Write the clues in this language, one a line, and a solver will answer ?{asked}\n"
        f"Letters: {letters}.\n{SAID[names.kind]}.\n{ORDERED[names.kind]}.\n{JOINED}."
    )
