"""Puzzles of the published Temporal Clue set: a JSON list of {"num_clues", "prompt", "solution"}.

A prompt names its things in lists and asks lettered questions, each for a thing of one type. Two graders:

    fixed      one line `A. value` for every question, in order, and nothing else; a value is a thing of the type that
               is asked for. Anything else is unreadable; repair finds the sheet behind other text.
    released   as the published one: of each letter the last `A. value` found anywhere, any case, of characters among
               which there are no digits. So no time is ever right, and a perfect sheet is worth 0.926 on average over
               val.json. It is there to reproduce published numbers, and for nothing else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rungwise.contract import Json
from rungwise.errors import InputError

TYPES: Mapping[str, str] = {  # what an answer's type is called: how the list of its things is announced
    "SUSPECT": "identified as suspects:",
    "WEAPON": "weapons were found on the premises:",
    "ROOM": "in one of the following rooms:",
    "TIME": "narrowed down to one of the following times:",
    "MOTIVE": "possible motives for killing",
}
LARGEST = 64_000_000  # bytes of a file
LONGEST = 100_000  # characters of an answer


@dataclass(frozen=True, slots=True)
class Published:
    prompt: str
    solution: Mapping[str, str]  # by letter
    types: Mapping[str, str]  # of each letter's answer
    things: Mapping[str, tuple[str, ...]]  # of each type
    clues: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a grader found: a value for each letter, None where there is none; a fault where all of it is unreadable."""

    values: Mapping[str, str | None]
    fault: str | None = None
    note: str = ""


def load(path: Path) -> list[Published]:
    """Every puzzle of the file; all faults in one InputError, each with its entry and field."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", file=path) from error
    if len(raw) > LARGEST:
        raise InputError(f"{len(raw)} bytes; expected at most {LARGEST}", file=path)
    try:
        entries = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", file=path) from error
    if not isinstance(entries, list) or not entries:
        raise InputError("expected a list of puzzles", file=path)
    found = [_published(entry) for entry in entries]
    faults = [f"entry {i}: {line}" for i, one in enumerate(found) if not isinstance(one, Published) for line in one]
    if faults:
        raise InputError("\n".join(faults), file=path)
    return [one for one in found if isinstance(one, Published)]


def _published(entry: Json) -> "Published | list[str]":
    if not isinstance(entry, dict):
        return [f"{entry!r:.40}; expected an object with num_clues, prompt and solution"]
    prompt, solution = entry.get("prompt"), entry.get("solution")
    if not isinstance(prompt, str) or not isinstance(solution, dict) or not solution:
        missing = "prompt" if not isinstance(prompt, str) else "solution"
        return [f"{missing}: {entry.get(missing)!r:.40}; expected {'text' if missing == 'prompt' else 'an object'}"]
    types = dict(re.findall(r"^([A-Z])\. ([A-Z]+)$", prompt, re.MULTILINE))
    things = {name: _things(prompt, announced) for name, announced in TYPES.items()}
    clues = prompt.partition("The available clues are as follows:")[2].partition("Please answer")[0].count("\n- ")
    return list(_faults(entry, types, things, clues)) or Published(prompt, solution, types, things, clues)


def _things(prompt: str, announced: str) -> tuple[str, ...]:
    listed = re.search(re.escape(announced) + r"[^\n]*\n\n((?:(?:•|\d+\.) [^\n]+\n)+)", prompt)
    return tuple(re.findall(r"^(?:•|\d+\.) ([^\n(]+?)(?: \(.*\))?$", listed[1], re.MULTILINE)) if listed else ()


def _faults(
    entry: Mapping[str, Json], types: Mapping[str, str], things: Mapping[str, tuple[str, ...]], clues: int
) -> Iterator[str]:
    solution = entry["solution"]
    if entry.get("num_clues") != clues:
        yield f"num_clues: {entry.get('num_clues')!r}; the prompt has {clues}"
    if sorted(solution) != sorted(types):
        yield f"solution: letters {', '.join(map(str, solution))}; the prompt asks {', '.join(types) or 'nothing'}"
        return
    for letter, kind in types.items():
        if kind not in TYPES:
            yield f"prompt: question {letter} asks for {kind}; expected one of {', '.join(TYPES)}"
        elif solution[letter] not in things[kind]:
            yield f"solution.{letter}: {solution[letter]!r}; expected a {kind.lower()} of the prompt"


# ---- graders ----


def fixed(puzzle: Published, answer: str) -> Sheet:
    wanted = list(puzzle.types)
    empty: dict[str, str | None] = dict.fromkeys(wanted)
    if not answer.strip():
        return Sheet(empty, "empty", "nothing is written")
    if len(answer) > LONGEST:
        return Sheet(empty, "too_long", f"{len(answer)} characters; at most {LONGEST}")
    lines = answer.removesuffix("\n").split("\n")
    found = [re.fullmatch(r"([A-Z])\. (\S(?:.*\S)?)", line) for line in lines]
    told = [match[1] if match else None for match in found]
    if told[: len(wanted)] == told[len(wanted) :] == wanted:
        return Sheet(empty, "second_answer", "the sheet stands twice")
    if told != wanted:
        return Sheet(
            empty, "no_answer", f"expected {len(wanted)} lines, {wanted[0]}. to {wanted[-1]}., and nothing else"
        )
    values = {match[1]: match[2] for match in found if match}
    for letter, value in values.items():
        if value not in puzzle.things[puzzle.types[letter]]:
            known = any(value in one for one in puzzle.things.values())
            fault = "wrong_type" if known else "unknown_name"
            return Sheet(empty, fault, f"{letter}: {value!r:.40}; expected a {puzzle.types[letter].lower()}")
    return Sheet(dict(values))


def released(puzzle: Published, answer: str) -> Sheet:
    """Its bounds are ours: of a longer text it reads the end."""
    found = {letter: re.findall(rf"{letter}\. ([A-Za-z \.:-]+)", answer[-LONGEST:]) for letter in puzzle.types}
    return Sheet({letter: values[-1].strip() if values else None for letter, values in found.items()})


def right(puzzle: Published, sheet: Sheet) -> Sequence[bool]:
    """Of each question in order. The released grader's case does not count; the fixed one's values are things."""
    return [(sheet.values[key] or "").lower() == value.lower() for key, value in sorted(puzzle.solution.items())]


def write(puzzle: Published) -> str:
    """A perfect sheet."""
    return "\n".join(f"{letter}. {puzzle.solution[letter]}" for letter in puzzle.types)


GRADERS = {"fixed": fixed, "released": released}
