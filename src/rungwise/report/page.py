"""One HTML page of answers and what the judge said of them: it stands alone, asks for nothing and runs nothing.

Everything in it was written by others: prompts, answers, notes, pictures. So:

1. All text is escaped; characters that hide or turn text are shown by their number instead.
2. The page's policy forbids scripts, frames of elsewhere and every request.
3. A picture stands in the page itself only where it is an SVG of plain shapes whose styles stay inside it. Any other
   SVG is shown as an image, anything else as a document without rights of its own.
4. The facts of a task are the judge's: only its id, tier, family and prompt are read.

No dates, no random ids: the same items give the same bytes.
"""

import base64
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree

from rungwise.contract import Repair, Task, Verdict

MOST_CHARS, MOST_NOTES, NOTE_CHARS = 20_000, 60, 600
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Mended:
    """An answer after repair, judged and drawn for itself."""

    repair: Repair
    verdict: Verdict
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer with its verdict and picture; what repair made of it apart, where that was asked for."""

    task: Task
    answer: str
    verdict: Verdict
    picture: str | None
    repaired: Mended | None = None


def page(title: str, lead: str, shown: Sequence[Shown], failures: Mapping[str, str]) -> str:
    """The whole page. `failures` says what mends each failure label."""
    cards = [_card(number, item, failures) for number, item in enumerate(shown, 1)]
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<title>{seen(title)}</title>\n<link rel="icon" href="data:,">\n<style>{STYLE}</style>\n</head>\n<body>',
            f'<header class="top"><h1 id="top">{seen(title)}</h1><p class="lead">{seen(lead)}</p></header>',
            "<main>",
            *([_summary(shown)] if len(shown) > 1 else []),
            *cards,
            "</main>\n</body>\n</html>\n",
        ]
    )


# ---- the table of all items ----


def _summary(shown: Sequence[Shown]) -> str:
    mended = any(item.repaired for item in shown)
    heads = ["task", "tier", "family", *[f"{kind}{name}" for kind in _kinds(mended) for name in COLUMNS]]
    head = "".join([f'<th scope="col"{RIGHT if name.endswith("score") else ""}>{name}</th>' for name in heads])
    rows = "\n".join([_row(number, item, mended) for number, item in enumerate(shown, 1)])
    return (
        f'<section aria-labelledby="all"><h2 id="all">{len(shown)} answers</h2><p>{_passed(shown)}</p>'
        f'<div class="wide" role="region" aria-labelledby="all" tabindex="0"><table class="all">'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></section>"
    )


COLUMNS = ("score", "passed", "failure")
RIGHT = ' class="number"'


def _kinds(mended: bool) -> tuple[str, ...]:
    return ("raw ", "repaired ") if mended else ("",)


def _passed(shown: Sequence[Shown]) -> str:
    raw = sum(item.verdict.passed for item in shown)
    mended = [item.repaired.verdict.passed for item in shown if item.repaired]
    told = f"{raw} of {len(shown)} passed as written."
    return told + (f" Of {len(mended)} that were repaired, {sum(mended)} passed then." if mended else "")


def _row(number: int, item: Shown, mended: bool) -> str:
    cells = [f'<th scope="row"><a href="#item-{number}"><code>{seen(item.task.id)}</code></a></th>']
    cells += [f"<td>{seen(word)}</td>" for word in (item.task.tier, item.task.family)]
    cells += _cells(item.verdict)
    if mended:
        cells += _cells(item.repaired.verdict) if item.repaired else ["<td></td>"] * len(COLUMNS)
    return f"<tr>{''.join(cells)}</tr>"


def _cells(verdict: Verdict) -> list[str]:
    mark = "yes" if verdict.passed else "no"
    return [
        f"<td{RIGHT}>{_number(verdict.score)}</td>",
        f'<td class="{"good" if verdict.passed else "bad"}">{mark}</td>',
        f"<td>{seen(verdict.failure or '')}</td>",
    ]


# ---- one item ----


def _card(number: int, item: Shown, failures: Mapping[str, str]) -> str:
    task = item.task
    return "\n".join(
        [
            f'<article id="item-{number}" aria-labelledby="name-{number}">',
            f'<header><h2 id="name-{number}">{seen(task.tier)} <span>{seen(task.family)}</span></h2>',
            f"<code>{seen(task.id)}</code>{_badge(item.verdict)}</header>",
            f'<h3>Prompt</h3><pre class="prompt" dir="auto">\n{cut(task.prompt)}</pre>',
            picture_of(item.picture, f"picture of the answer to {task.id}"),
            f'<div class="columns">{_judged(item.verdict, failures)}</div>',
            _text("Answer", item.answer),
            _mended(item.repaired, failures) if item.repaired else "",
            '<p class="back"><a href="#top">back to the top</a></p>',
            "</article>",
        ]
    )


def _badge(verdict: Verdict) -> str:
    tone, word = ("good", "passed") if verdict.passed else ("bad", "failed")
    return f'<strong class="badge {tone}">{word}</strong>'


def _judged(verdict: Verdict, failures: Mapping[str, str]) -> str:
    """The verdict in full: scores, why it failed and what mends that, notes, measures."""
    score = _bar("score", verdict.score, "good" if verdict.passed else "bad", "whole")
    parts = "".join([_bar(name, value, _tone(value)) for name, value in verdict.parts.items()])
    left = f"<section><h3>Score</h3>{score}{parts}</section>"
    return left + f"<section>{_why(verdict, failures)}{_notes(verdict.notes)}{_measures(verdict.measures)}</section>"


def _tone(value: float) -> str:
    return "good" if value >= 0.9 else "warn" if value >= 0.7 else "bad"


def _bar(name: str, value: float, tone: str, style: str = "") -> str:
    fill = f'<span class="{tone}" style="width:{100 * _share(value):.1f}%"></span>'
    return (
        f'<div class="bar {style}"><span>{seen(name)}</span><b>{_number(value)}</b>'
        f'<span class="track" aria-hidden="true">{fill}</span></div>'
    )


def _why(verdict: Verdict, failures: Mapping[str, str]) -> str:
    told = ""
    if verdict.failure is not None:
        mends = failures.get(verdict.failure, "")
        told += f'<div class="flag bad"><b>{seen(verdict.failure)}</b> {seen(mends)}</div>'
    if verdict.exploit is not None:
        told += f'<div class="flag warn"><b>exploit: {seen(verdict.exploit)}</b> {EXPLOIT}</div>'
    return told


EXPLOIT = "a known way of being paid without doing the task"


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "".join([f'<li dir="auto">{cut(note, NOTE_CHARS)}</li>' for note in notes[:MOST_NOTES]])
    more = f"<p>{len(notes) - MOST_NOTES} more notes left out</p>" if len(notes) > MOST_NOTES else ""
    return f"<h3>Notes</h3><ul>{items}</ul>{more}"


def _measures(measures: Mapping[str, float]) -> str:
    rows = "".join([f"<div><dt>{seen(name)}</dt><dd>{_number(value)}</dd></div>" for name, value in measures.items()])
    return f'<h3>Measures</h3><dl class="measures">{rows}</dl>' if rows else ""


def _text(name: str, text: str) -> str:
    return (
        f"<details><summary>{name} <small>{len(text):,} characters</small></summary>"
        f'<pre class="answer" dir="auto" tabindex="0">\n{cut(text)}</pre></details>'
    )


def _mended(mended: Mended, failures: Mapping[str, str]) -> str:
    """Raw and repaired never share a line: the mend has a box, edits, a picture and a verdict of its own."""
    repair, verdict = mended.repair, mended.verdict
    if not repair.edits:
        return '<section class="repaired"><p>Repair changes nothing.</p></section>'
    edits = "".join([f"<li>{cut(edit, NOTE_CHARS)}</li>" for edit in repair.edits[:MOST_NOTES]])
    more = len(repair.edits) - MOST_NOTES
    return (
        f'<section class="repaired"><header><h3>Repaired</h3>{_badge(verdict)}</header>'
        + f"<ol>{edits}</ol>"
        + (f"<p>{more} more edits left out</p>" if more > 0 else "")
        + picture_of(mended.picture, "picture of the repaired answer")
        + f'<div class="columns">{_judged(verdict, failures)}</div>{_text("Repaired answer", repair.answer)}</section>'
    )


# ---- pictures ----

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = frozenset(
    ["svg", "g", "defs", "title", "desc", "style", "rect", "path", "circle", "ellipse", "line", "polyline", "polygon",
     "text", "tspan", "clipPath", "mask", "pattern", "marker", "symbol", "use", "linearGradient", "radialGradient",
     "stop"]
)  # fmt: skip


def picture_of(picture: str | None, name: str, *, apart: bool = False) -> str:
    """`apart`: never in the page itself, where its names would stand beside the page's."""
    if picture is None:
        return ""
    if not apart and is_plain_svg(picture):
        return f'<figure class="wide" role="region" aria-label="{seen(name)}" tabindex="0">{picture}</figure>'
    if picture.lstrip().startswith("<svg"):
        data = base64.b64encode(picture.encode("utf-8", "replace")).decode()
        return f'<figure class="wide"><img alt="{seen(name)}" src="data:image/svg+xml;base64,{data}"></figure>'
    document = escape(picture.encode("utf-8", "replace").decode())
    return f'<iframe title="{seen(name)}" sandbox srcdoc="{document}"></iframe>'


def is_plain_svg(picture: str) -> bool:
    """Whether it is safe in the page itself: plain shapes, no way out, no style that reaches beyond its own root."""
    if not picture.startswith("<svg ") or re.search(r"<[!?]", picture):
        return False
    try:
        root = ElementTree.fromstring(picture)
    except (ElementTree.ParseError, ValueError):
        return False
    return all(_is_plain(element, root.get("id", "")) for element in root.iter())


def _is_plain(element: ElementTree.Element, root: str) -> bool:
    name = element.tag.removeprefix(SVG)
    if name not in SHAPES or not element.tag.startswith(SVG) or (name in ("title", "desc", "style") and len(element)):
        return False
    if name == "style" and not _stays_inside(element.text or "", root):
        return False
    return all(_is_harmless(key, value) for key, value in element.attrib.items())


def _is_harmless(key: str, value: str) -> bool:
    name = key.rpartition("}")[2].lower()
    links = name != "href" or value.startswith("#")
    return links and not name.startswith("on") and name != "style" and not re.search(r"url\((?!#)|[\\<]", value)


def _stays_inside(css: str, root: str) -> bool:
    """Every rule is for the root's own id or groups such rules by a property of the reader's screen."""
    if not re.fullmatch("[A-Za-z][A-Za-z0-9_-]*", root) or re.search(r"url\(|/\*|[\\<]", css):
        return False
    heads = [head.strip() for head in re.findall(r"[^{}]*(?=\{)", css) if head.strip()]
    return all(
        head.startswith("@media ") or all(part.strip().startswith(f"#{root} ") for part in head.split(","))
        for head in heads
    )


# ---- text and numbers ----

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)


def seen(text: str) -> str:
    """Escaped, with what hides itself or turns the text around it named by its number."""
    return escape(_HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text))


def cut(text: str, most: int = MOST_CHARS) -> str:
    left_out = len(text) - most
    note = f'\n<span class="cut">{left_out:,} characters left out</span>' if left_out > 0 else ""
    return seen(text[:most]) + note


def _share(value: float) -> float:
    return min(1.0, max(0.0, value)) if math.isfinite(value) else 0.0


def _number(value: float) -> str:
    whole = math.isfinite(value) and (abs(value) >= 1000 or value == int(value))
    return f"{value:,.0f}" if whole else f"{value:.3f}"


STYLE = """
:root{color-scheme:light dark;--ink:#1a222d;--soft:#5d6978;--line:#dfe4ea;--page:#f5f7f9;--paper:#fff;--inset:#f5f7f9;
--good:#1f8a55;--warn:#e09a1c;--bad:#cf3b34;--good-pale:#e3f4ea;--warn-pale:#fdf1d8;--bad-pale:#fdeceb;--link:#2e5fb3}
@media (prefers-color-scheme:dark){:root{--ink:#e8edf3;--soft:#99a6b5;--line:#2b3542;--page:#0b0f14;--paper:#10151c;
--inset:#161c25;--good:#3fb97f;--warn:#e3a63d;--bad:#f0716a;--good-pale:#13301f;--warn-pale:#3d3117;--bad-pale:#3a1d1f;
--link:#8fb7f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main,.top{max-width:1280px;margin:0 auto;padding:0 clamp(12px,3vw,32px)}
.top{padding-top:clamp(20px,4vw,44px)}
h1{margin:0;font-size:clamp(22px,4vw,30px);line-height:1.2;letter-spacing:-.01em}
h2{margin:0;font-size:19px;line-height:1.3}h2 span{font-weight:400;color:var(--soft)}
h3{margin:22px 0 8px;font-size:13px;font-weight:600;color:var(--soft)}
.lead{margin:8px 0 0;max-width:72ch;color:var(--soft);font-size:16px}
section>p{margin:4px 0 12px}main>section{margin:28px 0}
a{color:var(--link)}:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:4px}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.87em}
.wide{overflow-x:auto;margin:0}
table{border-collapse:collapse;width:100%;background:var(--paper);border:1px solid var(--line);overflow-wrap:normal}
th,td{padding:8px 14px;text-align:left;font-weight:400;white-space:nowrap;border-top:1px solid var(--line)}
thead th{color:var(--soft);font-size:13px;border-top:0}
thead .number,td.number{text-align:right;font-variant-numeric:tabular-nums}
td.good{color:var(--good)}td.bad{color:var(--bad)}
article{margin:28px 0;padding:clamp(14px,2.5vw,28px);background:var(--paper);border:1px solid var(--line);
border-radius:12px;scroll-margin-top:12px}
article header{display:flex;flex-wrap:wrap;align-items:center;gap:6px 14px}article header code{color:var(--soft)}
.badge{margin-left:auto;padding:2px 12px;border-radius:99px;font-size:13px;font-weight:600}
.badge.good{background:var(--good-pale);color:var(--good)}.badge.bad{background:var(--bad-pale);color:var(--bad)}
pre{margin:0;padding:14px 16px;background:var(--inset);border-radius:8px;white-space:pre-wrap;line-height:1.5}
pre.answer{max-height:70vh;overflow:auto}
figure.wide{margin:22px 0;border:1px solid var(--line);border-radius:12px}
figure svg,figure img{display:block;max-width:100%;height:auto}
iframe{display:block;width:100%;height:480px;margin:22px 0;border:1px solid var(--line);border-radius:12px;
background:#fff}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,320px),1fr));gap:0 40px}
.bar{display:grid;grid-template-columns:1fr auto;gap:3px 12px;margin:0 0 10px}
.bar b{font-weight:600;font-variant-numeric:tabular-nums}.bar.whole{font-size:17px}
.track{grid-column:1/-1;height:6px;border-radius:3px;background:var(--line);overflow:hidden}
.whole .track{height:9px;border-radius:5px}
.track span{display:block;height:100%;border-radius:inherit}
.track .good{background:var(--good)}.track .warn{background:var(--warn)}.track .bad{background:var(--bad)}
.flag{margin:22px 0 0;padding:10px 14px;border-radius:8px}.flag.bad{background:var(--bad-pale)}
.flag.warn{background:var(--warn-pale)}
ul,ol{margin:0;padding-left:20px}li{margin:2px 0}
.measures{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:10px 18px;margin:0}
.measures dt{color:var(--soft);font-size:13px}.measures dd{margin:0;font-variant-numeric:tabular-nums}
details{margin-top:20px;border-top:1px solid var(--line);padding-top:12px}
summary{cursor:pointer;font-weight:600}summary small{font-weight:400;color:var(--soft)}details pre{margin-top:12px}
.cut{color:var(--soft);font-style:italic}
.repaired{margin-top:24px;padding:4px 18px 18px;border:1px dashed var(--line);border-radius:10px}
.repaired>header h3{margin:12px 0;font-size:15px;color:var(--ink)}
.back{margin:16px 0 0;font-size:13px}
@media (max-width:680px){th,td{padding:8px 9px}.wide svg,.wide img{max-width:none;width:680px}}
@media print{body{background:#fff;font-size:11px}article{break-inside:auto;border-color:#ccc;padding:12px}
h2,h3,article header{break-after:avoid}.back{display:none}.wide,pre.answer{overflow:visible;max-height:none}
figure,table{break-inside:avoid}figure svg,figure img{min-width:0}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto}}
""".replace("\n", "")
