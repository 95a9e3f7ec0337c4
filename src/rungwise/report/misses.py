"""Section 8: every task whose greedy answer failed, some with pictures of what was expected and what came.

1. Shown with pictures are few, in turn over failure labels and within a label over tiers, so that a common failure does
   not hide the others. A page holds at most `PICTURES` pictures.
2. Every miss stands here exactly once: as a card, or as a row of the list.
3. Two pictures whose names within would clash are not both put into the page itself: the later is shown as an image.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import TypeVar

from rungwise.probe.labels import label
from rungwise.probe.result import Row
from rungwise.report import numbers
from rungwise.report.frame import Column, Line, brief, chip, code, fold, items, missing, note, placed, table
from rungwise.report.page import cut, picture_of, seen
from rungwise.report.probed import Probed, read_as
from rungwise.report.run_files import Run

PICTURES = 24  # in a page
CARDS = 12
OPEN = 3  # cards that stand open on a screen; on paper all do
BIG = 600  # a picture so wide is not made small on a phone
TEXT = 4000  # characters
NO_LABEL = "no label"
OURS = ("top", "part-", "file-", "miss-")  # how names in a page begin
NAMED = re.compile(r"""\sid\s*=\s*["']([^"']*)["']""")
WIDTH = re.compile(r"""<svg\s[^>]*?\swidth\s*=\s*["'](\d+)""")
VIEW = re.compile(r"""<svg\s[^>]*?viewBox\s*=\s*["'][-\d.]+[\s,]+[-\d.]+[\s,]+(\d+)""")

BLANK = {  # what would not be seen: the end, a line's end, a space
    "": "<mark>\N{WHITE SQUARE}</mark>", "\n": "<mark>\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}</mark>\n",
    " ": "<mark>\N{OPEN BOX}</mark>",
}  # fmt: skip

T = TypeVar("T")


def misses_of(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not row.greedy.passed]


def gallery(run: Run, probe: Probed) -> str:
    if not run.rows:
        return missing("There are no rows of a probe: nothing could be missed.")
    misses = misses_of(run.rows)
    if not misses:
        return f"<p>0 of {len(run.rows):,} tasks were missed.</p>"
    shown = chosen(misses, probe.tiers())
    drawing = Drawing(set(), PICTURES)
    cards = [_card(run, probe, row, number, drawing) for number, row in enumerate(shown, 1)]
    told = f"<p>{_count(len(misses), len(run.rows), len(shown))}</p>"
    why = note(f"Shown without prompts and pictures. {placed(probe.why)}") if probe.why else ""
    return told + why + "".join(cards) + _rest(run, probe, _without(misses, shown))


def _count(misses: int, rows: int, shown: int) -> str:
    where = f" {shown} of them are shown here, in turn over failures and tiers; the others stand in the list below."
    return f"{misses:,} of {rows:,} tasks were missed.{where if shown < misses else ''}"


# ---- which ----


def chosen(misses: Sequence[Row], tiers: Sequence[str]) -> list[Row]:
    """In turn over the labels, the commonest first, and within each over the tiers in the contract's order."""
    labels = _grouped(misses, lambda row: row.greedy.failure or NO_LABEL)
    order = sorted(labels, key=lambda name: (-len(labels[name]), name))
    rank = {name: at for at, name in enumerate(tiers)}
    return in_turn([_over_tiers(labels[name], rank) for name in order])[:CARDS]


def _over_tiers(rows: Sequence[Row], rank: Mapping[str, int]) -> list[Row]:
    by_tier = _grouped(rows, lambda row: row.tier)
    return in_turn([by_tier[tier] for tier in sorted(by_tier, key=lambda tier: (rank.get(tier, len(rank)), tier))])


def _without(rows: Sequence[Row], shown: Sequence[Row]) -> list[Row]:
    known = {id(row) for row in shown}
    return [row for row in rows if id(row) not in known]


def _grouped(rows: Iterable[Row], of: Callable[[Row], str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(of(row), []).append(row)
    return found


def in_turn(parts: Sequence[Sequence[T]]) -> list[T]:
    """The first of each, then the second of each, and so on."""
    gone = object()
    return [one for one in chain.from_iterable(zip_longest(*parts, fillvalue=gone)) if one is not gone]  # type: ignore[misc]


# ---- one miss ----


class Drawing:
    """What was drawn into the page so far: the names within its pictures, and how many more may come."""

    def __init__(self, taken: set[str], left: int) -> None:
        self.taken, self.left = taken, left

    def drawn(self, picture: str | None, name: str) -> str:
        if picture is None or not self.left:
            return ""
        self.left -= 1
        own = NAMED.findall(picture)
        twice = self.taken & set(own) or len(own) > len(set(own))
        ours = any(one.startswith(OURS) or "&" in one for one in own)
        self.taken |= set(own)
        return picture_of(picture, name, apart=bool(twice or ours))


def _card(run: Run, probe: Probed, row: Row, number: int, drawing: Drawing) -> str:
    answer, gold = read_as(run, run.answers.get(row.task, "")), probe.golds.get(row.task)
    failure = row.greedy.failure or NO_LABEL
    prompt = probe.prompt(row.task)
    asked = f'<h4>Prompt</h4><pre class="prompt" dir="auto">\n{cut(prompt, TEXT)}</pre>' if prompt else ""
    return (
        f'<details class="miss" id="miss-{number}"{" open" if number <= OPEN else ""}>'
        f"<summary><b>{seen(row.tier)}</b> {seen(row.family)} {code(row.task)}{chip(failure, 'bad')}</summary>"
        f'<div class="inside">{asked}{_verdict(run, probe, row, answer)}'
        f"{_pair(probe, row, answer, gold, drawing)}</div></details>"
    )


def _verdict(run: Run, probe: Probed, row: Row, answer: str) -> str:
    failure, mend = row.greedy.failure or NO_LABEL, probe.failures.get(row.greedy.failure or "", "")
    kept = row.task in run.answers
    notes = probe.notes(row.task, answer) if kept else ()
    told = [
        f"{failure}{f': {mend}' if mend else ''}. Score {row.greedy.score:.3f}, {_kind(row)}.",
        *[note[:600] for note in notes[:5]],
        _diverges(row, answer),
        _after_repair(row),
        "" if kept else "The answer was not kept.",
    ]
    return f"<h4>Verdict</h4>{items([line for line in told if line])}"


def _kind(row: Row) -> str:
    kind = label(row.greedy)
    return {"wrong": "readable but wrong", "none": "no generic class"}.get(kind, kind.replace("_", " "))


def _diverges(row: Row, answer: str) -> str:
    at = row.greedy.divergence
    if at is None:
        return ""
    line = answer[:at].count("\n") + 1
    end = " It is the beginning of gold and stops there." if row.greedy.prefix else ""
    return f"Differs from gold at character {at + 1:,}, in line {line:,}.{end}"


def _after_repair(row: Row) -> str:
    if not row.edits:
        return "Repair changes nothing."
    then = "it passes then" if row.repaired.passed else f"it still fails, as {row.repaired.failure or NO_LABEL}"
    return f"Repair makes {numbers.counted(row.edits, 'edit')}; {then}."


def _pair(probe: Probed, row: Row, answer: str, gold: str | None, drawing: Drawing) -> str:
    """Pictures beside each other where there is room for both, texts always."""
    came = probe.picture(row.task, answer)
    wanted = probe.picture(row.task, gold) if gold is not None else None
    wide = max(map(_width, (wanted, came)))
    pictures = _beside(wide, drawing.drawn(wanted, f"gold of {row.task}"), drawing.drawn(came, f"answer to {row.task}"))
    return pictures + _beside(300, _text(gold, answer) if gold is not None else "", _text(answer, gold))


def _beside(wide: int, expected: str, actual: str) -> str:
    sides = (("Expected: the gold answer", expected), ("Actual: what it wrote", actual))
    told = "".join(f"<div><h4>{name}</h4>{html}</div>" for name, html in sides if html)
    columns = f"grid-template-columns:repeat(auto-fit,minmax(min(100%,{wide}px),1fr))"
    kind = "pair big" if wide > BIG else "pair"
    return f'<div class="{kind}" style="{columns}">{told}</div>' if told else ""


def _width(picture: str | None) -> int:
    """How wide a picture wants to stand; less than a page."""
    found = (WIDTH.search(picture[:2000]) or VIEW.search(picture[:2000])) if picture else None
    return min(1000, max(300, int(found[1][:5]))) if found else 300


def _text(text: str, other: str | None) -> str:
    return f'<pre dir="auto" tabindex="0">\n{_differing(text, other)}</pre>' if text else missing("Empty.")


def _differing(text: str, other: str | None) -> str:
    """What both have at the beginning is pale, the first that differs is marked."""
    if other is None or text == other:
        return cut(text, TEXT)
    at = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    at = min(at, TEXT)
    mark = BLANK.get(text[at : at + 1]) or f"<mark>{seen(text[at])}</mark>"
    return f'<span class="same">{seen(text[:at])}</span>{mark}{cut(text[at + 1 :], max(1, TEXT - at))}'


# ---- the others ----


def _rest(run: Run, probe: Probed, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    columns = [
        Column("task"), Column("tier"), Column("family"), Column("failure"), Column("score", "number"),
        Column("differs at", "number"), Column("repaired"), Column("prompt", "cut"), Column("answer", "cut"),
    ]  # fmt: skip
    listed = table(columns, (_line(run, probe, row) for row in rows), "the other misses", "misses")
    return fold(f"{len(rows):,} more misses", listed, "one a row")


def _line(run: Run, probe: Probed, row: Row) -> Line:
    at, one = row.greedy.divergence, row.greedy
    return Line(
        [code(row.task), seen(row.tier), seen(row.family), seen(one.failure or NO_LABEL), f"{one.score:.3f}",
         f"{at + 1:,}" if at is not None else "", "passes" if row.repaired.passed else "fails" if row.edits else "",
         brief(probe.prompt(row.task)), f"<code>{brief(read_as(run, run.answers.get(row.task, '')))}</code>"]
    )  # fmt: skip
