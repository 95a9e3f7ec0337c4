"""What a person looks at: the prompt, the program, and what the tests made of it. Everything a model wrote is
escaped and cut short."""

from xml.sax.saxutils import escape

from rungwise.contract import Task, Verdict

INK, SOFT, PAPER, GOOD, BAD, SLY = "#1c1f26", "#667085", "#ffffff", "#1a7f4b", "#c8452f", "#b4552d"
SANS = 'font-family="Helvetica, Arial, Liberation Sans, sans-serif"'
MONO = 'font-family="DejaVu Sans Mono, Liberation Mono, Menlo, monospace"'
WIDE, LINE, EDGE, GAP, HEAD = 720, 20, 28, 22, 74  # the card, a line, its margins
CHARS, MOST_LINES = 84, 40


def picture(task: Task, answer: str, verdict: Verdict) -> str:
    asked, written = _lines(task.prompt), _lines(answer)
    top, middle = HEAD + LINE, HEAD + LINE * (len(asked) + 1) + GAP
    height = middle + LINE * (len(written) + 1) + GAP + LINE * len(verdict.notes)
    body = [
        *_head(verdict),
        *[_text(EDGE, top + LINE * at, line, 13, SOFT, MONO) for at, line in enumerate(asked)],
        f'<rect x="{EDGE - 10}" y="{middle - GAP}" width="{WIDE - 2 * EDGE + 20}" '
        f'height="{LINE * len(written) + GAP}" rx="8" fill="{PAPER}" stroke="#d6dae1"/>',
        *[_text(EDGE, middle + LINE * at, line, 14, INK, MONO) for at, line in enumerate(written)],
        *[
            _text(EDGE, height - 14 - LINE * at, _plain(note)[:CHARS], 13, BAD, SANS)
            for at, note in enumerate(verdict.notes)
        ],
    ]
    size = f'viewBox="0 0 {WIDE} {height}" width="{WIDE}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
        f"<title>{verdict.failure or 'passed'}</title>"
        f'<rect width="{WIDE}" height="{height}" rx="10" fill="#f7f8fa"/>{"".join(body)}</svg>'
    )


def _head(verdict: Verdict) -> list[str]:
    word = "PASSED" if verdict.passed else (verdict.failure or "").replace("_", " ").upper()
    hidden, shown = verdict.parts["hidden"], verdict.parts["shown"]
    colour = GOOD if verdict.passed else SLY if verdict.exploit else BAD
    sly = f"   loophole: {verdict.exploit}" if verdict.exploit else ""
    figures = f"paid {verdict.score:.2f}   hidden tests {hidden:.0%}   examples {shown:.0%}{sly}"
    return [_text(EDGE, 34, word, 14, colour, SANS), _text(EDGE, 58, figures, 13, SOFT, SANS)]


def _lines(text: str) -> list[str]:
    lines = [_plain(line) for line in text[: CHARS * MOST_LINES].split("\n")]
    return [line if len(line) <= CHARS else f"{line[: CHARS - 1]}…" for line in lines[:MOST_LINES]]


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _text(x: int, y: int, words: str, size: int, colour: str, font: str) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" {font} xml:space="preserve">{escape(words)}</text>'
    )
