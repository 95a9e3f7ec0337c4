"""What is seen first: the question, the ruling with its reasons, the headline with intervals, why answers failed."""

from collections import Counter
from collections.abc import Sequence

from rungwise.probe.labels import label
from rungwise.probe.result import Row, estimate, mended, metrics
from rungwise.probe.stats import Estimate
from rungwise.report import numbers, strips
from rungwise.report.frame import brief, chip, items, missing, note, placed, tone_of
from rungwise.report.misses import NO_LABEL, chosen, misses_of
from rungwise.report.page import seen
from rungwise.report.probed import Probed, read_as
from rungwise.report.run_files import Run
from rungwise.report.run_records import Comparison, Ruling

MOST_CARDS = 6
FEW, SURE = 100, 0.05
EXAMPLE, LINES = 160, 5  # characters and lines
PAIR = ("greedy", "repaired")
NAMES = {"greedy": "Raw, greedy", "repaired": "Repaired"}


def first_screen(run: Run, probe: Probed, titles: Sequence[tuple[str, str]]) -> str:
    return "\n".join(
        [
            f'<header class="top" id="top"><p class="eyebrow">{_eyebrow(run)}</p>'
            f"<h1>{seen(run.settings.question or run.settings.name or 'A run without a question')}</h1>",
            *[note(placed(fault), "bad") for fault in run.faults],
            ruling(run),
            headline(run),
            "</header><main>",
            failure_cards(run, probe),
            _parts(titles),
        ]
    )


def _eyebrow(run: Run) -> str:
    own, probe = run.settings, run.result.probe if run.result else None
    name, on = f"rung {own.name}" if own.name else "", f"probe {probe.name}" if probe else ""
    told = [name, f"seed {own.seed}", _contract(run), on]
    return " \N{MIDDLE DOT} ".join(seen(text) for text in told if text)


def _contract(run: Run) -> str:
    known = [run.result.probe.contract if run.result else "", run.check.contract if run.check else ""]
    return next((name for name in known if name), placed(run.settings.contract.name))


def _parts(titles: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<li><a href="#part-{name}"><span class="number">{number}</span>{seen(title)}</a></li>'
        for number, (name, title) in enumerate(titles, 1)
    )
    return f'<nav class="parts" aria-label="sections"><ol>{lines}</ol></nav>'


# ---- the ruling ----


def ruling(run: Run) -> str:
    found = run.ruling
    if found is None:
        return missing("Not ruled on yet: there is no ruling.json.")
    return (
        f'<section class="ruling {tone_of(found.verb)}" aria-label="ruling"><p class="verb">{seen(found.verb)}</p>'
        f"{items(found.reasons) or missing('It gives no reasons.')}{_signed(found)}</section>"
    )


def _signed(found: Ruling) -> str:
    if found.signed.by:
        return f'<p class="signed">Signed by {seen(found.signed.by)}.</p>'
    waits = "<strong>Waits to be signed</strong>: nothing is promoted before a person has put a name to it."
    return f'<p class="signed">{waits}</p>' if found.signed.needed else ""


# ---- the headline ----


def headline(run: Run) -> str:
    if not run.rows:
        told = f'<p class="lead">{seen(run.ruling.headline)}</p>' if run.ruling and run.ruling.headline else ""
        return told + missing("Nothing was measured yet: there are no rows of a probe.")
    held, target = set(metrics(run.rows)), target_of(run)
    names = [*([] if target in PAIR or target not in held else [target]), *PAIR]
    tiles = [_tile(run.rows, name) for name in names]
    tiles += [_against(name, one) for name, one in compared(run)] or [_alone()]
    return f'<div class="tiles">{"".join(tiles)}</div>{few(run.rows)}'


def target_of(run: Run) -> str:
    return run.ruling.target if run.ruling else run.settings.target


def compared(run: Run) -> list[tuple[str, Comparison]]:
    """With what names each comparison has: champion and baseline may be one run."""
    found: dict[tuple[str, str], list[str]] = {}
    comparisons = {name: one for name, one in (run.ruling.comparisons if run.ruling else {}).items() if one}
    for name, one in comparisons.items():
        found.setdefault((one.run, one.metric), []).append(name)
    return [(" and ".join(names), comparisons[names[0]]) for names in found.values()]


def _tile(rows: Sequence[Row], name: str) -> str:
    found = estimate(rows, name)
    reach = numbers.between(found.low, found.high, name)
    return (
        f'<section class="tile"><h2>{seen(NAMES.get(name, name))}</h2>'
        f'<p class="big">{numbers.amount(found.value, name, 1)} <small>{reach}</small></p>'
        f"{strips.rate(found.value, found.low, found.high) if numbers.is_share(name) else ''}"
        f'<p class="soft">{_counts(rows, name, found)}</p></section>'
    )


def _counts(rows: Sequence[Row], name: str, found: Estimate) -> str:
    passed = f"{round(found.value * found.n):,} of {found.n:,} tasks"
    if name == "repaired":
        improved, regressed = mended(rows)
        return f"{passed}; {len(improved)} mended, {len(regressed)} broken by it"
    return passed if name == "greedy" else f"over {numbers.counted(found.n, 'task')}"


def _against(name: str, one: Comparison) -> str:
    sure = tone_of_change(one.value, one.p)
    scale = strips.around([one.low, one.high, 0.1])
    return (
        f'<section class="tile versus"><h2>{seen(one.metric)} against the {seen(name)}</h2>'
        f'<p class="big {sure}"><b>{numbers.signed(one.value, one.metric)}</b> '
        f"<small>{_in(one.metric)}{signed_reach(one.low, one.high, one.metric)}</small></p>"
        f"{strips.delta(one.value, one.low, one.high, scale, sure)}"
        f'<p class="soft">{numbers.chance(one.p)}, {len(one.improved)} tasks better, {len(one.regressed)} worse, '
        f"paired over {one.n}; {seen(placed(one.run))}</p></section>"
    )


def tone_of_change(value: float, p: float) -> str:
    """Rulings go by p, and so do colours."""
    return "" if p >= SURE else "good" if value > 0 else "bad"


def _in(metric: str) -> str:
    return f"{numbers.unit(metric)}, " if numbers.unit(metric) else ""


def signed_reach(low: float, high: float, metric: str) -> str:
    return f"{numbers.signed(low, metric)} to {numbers.signed(high, metric)}"


def _alone() -> str:
    return (
        '<section class="tile versus"><h2>Against champion and baseline</h2>'
        f"{missing('Compared with nothing: there is neither a champion nor a baseline.')}</section>"
    )


def few(rows: Sequence[Row]) -> str:
    if len(rows) >= FEW:
        return ""
    found = estimate(rows, "greedy")
    return note(
        f"Only {numbers.counted(len(rows), 'task')}: the interval of greedy is {100 * (found.high - found.low):.0f} "
        "points wide. Only a paired comparison can show differences that are smaller."
    )


# ---- why answers failed ----


def failure_cards(run: Run, probe: Probed) -> str:
    misses = misses_of(run.rows)
    if not misses:
        told = "Every greedy answer passed." if run.rows else "Nothing was measured, so nothing failed yet."
        return f'<section id="part-why"><h2>Failures</h2>{missing(told)}</section>'
    by_label: dict[str, list[Row]] = {}
    for row in misses:
        by_label.setdefault(row.greedy.failure or NO_LABEL, []).append(row)
    order = sorted(by_label, key=lambda name: (-len(by_label[name]), name))
    shown = chosen(misses, probe.tiers())
    cards = "".join(_fail(run, probe, name, by_label[name], len(misses), shown) for name in order[:MOST_CARDS])
    left = [f"{name} {len(by_label[name])}" for name in order[MOST_CARDS:]]
    rest = f'<p class="soft">And of other labels: {seen(", ".join(left))}.</p>' if left else ""
    head = f'<h2 id="part-why-name">Why {len(misses):,} of {len(run.rows):,} failed</h2>'
    return (
        f'<section id="part-why" aria-labelledby="part-why-name">{head}<div class="cards">{cards}</div>{rest}</section>'
    )


def _fail(run: Run, probe: Probed, name: str, rows: Sequence[Row], misses: int, shown: Sequence[Row]) -> str:
    """The example is one that the gallery shows, where it shows one of that label."""
    kinds = Counter(label(row.greedy) for row in rows).most_common()
    mend = probe.failures.get(name, "")
    own = {id(row): f"miss-{at}" for at, row in enumerate(shown, 1)}
    candidates = [row for row in rows if id(row) in own] or rows[:1]
    example = next((row for row in candidates if read_as(run, run.answers.get(row.task, "")).strip()), candidates[0])
    return (
        f'<article class="fail"><header><h3>{seen(name)}</h3><b>{len(rows):,}</b></header>'
        f"{f'<p>{seen(mend[:1].upper() + mend[1:])}</p>' if mend else missing('What mends it is not known here.')}"
        f'<p class="soft">{numbers.percent(len(rows) / misses)} of the failures {_kinds(kinds)}</p>'
        f"{_example(run, probe, example, own.get(id(example), 'part-misses'))}</article>"
    )


def _kinds(kinds: Sequence[tuple[str, int]]) -> str:
    told = [f"{kind} {n}" if len(kinds) > 1 else kind for kind, n in kinds if kind != "none"]
    return " ".join(chip(one.replace("_", " "), "") for one in told)


def _example(run: Run, probe: Probed, row: Row, place: str) -> str:
    prompt, answer = probe.prompt(row.task), read_as(run, run.answers.get(row.task, ""))
    asked = f'<p class="soft">{brief(prompt, EXAMPLE)}</p>' if prompt else ""
    told = f'<pre dir="auto">\n{_start(answer)}</pre>' if answer else missing("The answer is empty, or was not kept.")
    return f'{asked}{told}<p class="more">{chip(row.tier, "")} <a href="#{place}">see this one</a></p>'


def _start(text: str) -> str:
    start = "\n".join(text[: 2 * EXAMPLE].split("\n")[:LINES])
    return seen(start) + ("…" if len(text) > len(start) else "")
