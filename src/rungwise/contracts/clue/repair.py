"""The deterministic mend of an answer, made without sight of the puzzle: it tidies, and never chooses a name.

What is mended: a fence around the answer, blanks at line ends and between names, a capital letter or a colon too many
or too few at the word that marks the answer, the same answer line twice, what stands behind the one answer. What is
not: two different answers, a missing one, a name.
"""

import re
from itertools import takewhile

from rungwise.contract import Repair
from rungwise.contracts.clue.language import BETWEEN, HEAD, MAX_ANSWER_CHARS
from rungwise.contracts.clue.published import LONGEST

_LETTERED = re.compile(r"[ *_]{0,4}([A-Z])\.[ *_]{1,4}([^*_\s](?:[^*_]*[^*_\s])?)[ *_]{0,4}")
_FENCE = re.compile(r"```[a-z]*\n(.*?)(?:\n```|$)", re.DOTALL)
_ANSWER = re.compile(r"[*_]{0,3}(?:the )?(?:final )?answer(?: is)?[*_]{0,3}:?[*_]{0,3}\s+(.+)", re.IGNORECASE)


def repair_sheet(answer: str) -> Repair:
    """The last lines that are lettered from A on, out of what stands around them."""
    lines = [_LETTERED.fullmatch(line) for line in answer[-LONGEST:].split("\n")]
    begins = [at for at, line in enumerate(lines) if line and line[1] == "A"]
    if not begins:
        return Repair(answer=answer)
    sheet = [f"{line[1]}. {line[2]}" for line in takewhile(lambda line: line is not None, lines[begins[-1] :]) if line]
    text = "\n".join(sheet)
    if text in (answer, answer.removesuffix("\n")):
        return Repair(answer=answer)
    return Repair(answer=text, edits=("what stands around the sheet is gone",))


def repair(answer: str, surface: str, *, clues: bool) -> Repair:
    if len(answer) > MAX_ANSWER_CHARS:
        return Repair(answer=answer)
    fenced = _FENCE.search(answer)
    lines = [line.strip() for line in (fenced[1] if fenced else answer).split("\n")]
    lines = [line for line in lines if line]
    edits = ["the fence is gone"] if fenced else []
    mended = lines if clues else _with_one_answer(lines, surface)
    text = "\n".join(mended)
    if text in (answer, answer.removesuffix("\n")) or not mended:
        return Repair(answer=answer)
    return Repair(answer=text, edits=(*edits, "blanks, marks and what stands behind the answer are gone"))


def _with_one_answer(lines: list[str], surface: str) -> list[str]:
    found = {at: match[1].rstrip("*_.") for at, line in enumerate(lines) if (match := _ANSWER.fullmatch(line))}
    between = r";\s*" if surface == "english" else r"[\s,;]+"
    told = {BETWEEN[surface].join(part for part in re.split(between, names) if part) for names in found.values()}
    if len(told) != 1:
        return lines
    return [*(line for line in lines[: min(found)]), f"{HEAD[surface]} {told.pop()}"]
