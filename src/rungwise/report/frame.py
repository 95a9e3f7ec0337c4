"""What the pages of a run and of the ladder are made of: the shell, sections, tables, lists of facts.

All that these functions are given as `text` is escaped here; what is called `html` is ready.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from rungwise.report.page import POLICY, seen
from rungwise.report.page import STYLE as PAGE_STYLE
from rungwise.report.style import STYLE

VERBS = {"promote": "good", "reject": "bad", "repair": "warn", "branch": "blue"}
ABSOLUTE = re.compile(r"(?<![\w./~])/[^\s/:;,'\"()]+(?:/[^\s/:;,'\"()]+)+")
SHORT = 12  # characters of a hash
BRIEF = 160  # characters of a text that stands in a table


def framed(title: str, html: str, style: str = "") -> str:
    """A page that stands alone: it asks for nothing and runs nothing."""
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{seen(title)}</title>\n<link rel="icon" href="data:,">',
            f"<style>{PAGE_STYLE}{style}{STYLE}</style>\n</head>\n<body>",
            html,
            "</body>\n</html>\n",
        ]
    )


def missing(text: str) -> str:
    """One plain sentence where something would stand."""
    return f'<p class="missing">{seen(text)}</p>'


def note(text: str, tone: str = "warn") -> str:
    return f'<p class="note {tone}">{seen(text)}</p>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names with what is known of them, as html."""
    rows = "".join(f"<div><dt>{seen(name)}</dt><dd>{html}</dd></div>" for name, html in pairs if html)
    return f'<dl class="facts">{rows}</dl>' if rows else ""


def items(texts: Sequence[str], kind: str = "ul") -> str:
    return f"<{kind}>{''.join(f'<li>{seen(text)}</li>' for text in texts)}</{kind}>" if texts else ""


def code(text: str) -> str:
    return f"<code>{seen(text)}</code>" if text else ""


def hashed(whole: str) -> str:
    """A hash in passing: its beginning. Whole ones stand in the list of files."""
    return code(whole[:SHORT])


def chip(text: str, tone: str) -> str:
    return f'<span class="chip {tone}">{seen(text)}</span>'


def state(text: str, tone: str) -> str:
    """How one of many stands: what is well is said quietly."""
    return f'<span class="well">{seen(text)}</span>' if tone in ("good", "") else chip(text, tone)


def fold(name: str, html: str, more: str = "") -> str:
    """What is not read at once; it stays closed in print."""
    return f'<details class="fold"><summary>{seen(name)} <small>{seen(more)}</small></summary>{html}</details>'


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: str = ""  # number, wide, or a class of its own


class Line(NamedTuple):
    """A row of a table: its cells are html, and the first is its head."""

    cells: Sequence[str]
    kind: str = ""


def table(columns: Sequence[Column], lines: Iterable[Line], name: str, kind: str = "") -> str:
    """It scrolls sideways where there is no room."""
    heads = "".join(f'<th scope="col"{_of(column.kind)}>{seen(column.name)}</th>' for column in columns)
    body = "\n".join(_row(columns, line) for line in lines)
    return (
        f'<div class="wide" role="region" aria-label="{seen(name)}" tabindex="0"><table{_of(kind)}>'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _row(columns: Sequence[Column], line: Line) -> str:
    rest = zip(columns[1:], line.cells[1:], strict=True)
    told = "".join(f'<td{_of(column.kind)} data-name="{seen(column.name)}">{cell}</td>' for column, cell in rest)
    return f'<tr{_of(line.kind)}><th scope="row">{line.cells[0]}</th>{told}</tr>'


def _of(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


# ---- words ----


def brief(text: str, most: int = BRIEF) -> str:
    """A text's beginning in one line, escaped."""
    line = " ".join(text[: 4 * most].split())
    return seen(line if len(line) <= most and len(text) <= 4 * most else f"{line[: most - 1]}…")


def placed(text: str) -> str:
    """Paths as they were given; of those that name a place on a machine only the last two parts."""
    return ABSOLUTE.sub(lambda found: "/".join(PurePosixPath(found[0]).parts[-2:]), text)


def tone_of(verb: str) -> str:
    return VERBS.get(verb, "soft")
