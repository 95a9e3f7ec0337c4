"""What a task says: a draft's rules as tagged lines (explicit) or as sentences (prose).

Each rule can be said in many ways, made of alternatives. A quarter of the sentences is never in training: a split with
hidden wording says everything in those. What is tested is the reading of a new sentence, not the guessing of an unknown
word: every word of a hidden sentence stands in some that is seen.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from rungwise.contract import hash_of
from rungwise.contracts.scene.draft import Clause, Draft, Rule, items_of
from rungwise.contracts.scene.families import FAMILIES

NOUNS: Mapping[str, tuple[str, str]] = {
    "header_band": ("header", "headers"), "section_card": ("card", "cards"), "compare_bar": ("bar", "bars"),
    "table_header": ("table head", "table heads"), "table_row": ("row", "rows"), "compare_panel": ("panel", "panels"),
    "callout_card": ("callout", "callouts"), "badge_pill": ("badge", "badges"), "footer_note": ("footer", "footers"),
    "axis": ("axis", "axes"), "legend_row": ("legend entry", "legend entries"),
    "annotation": ("annotation", "annotations"), "span_bracket": ("bracket", "brackets"),
    "thesis_box": ("thesis", "theses"), "phase_divider": ("phase divider", "phase dividers"),
    "stage_card": ("stage", "stages"), "flow_arrow": ("arrow", "arrows"), "timeline_stage": ("stage", "stages"),
    "timeline_arrow": ("arrow", "arrows"), "table_block": ("table", "tables"), "note_band": ("note", "notes"),
    "entry_badge": ("entry", "entries"), "decision_node": ("node", "nodes"), "outcome_panel": ("outcome", "outcomes"),
    "decision_edge": ("edge", "edges"), "address_strip": ("address strip", "address strips"),
    "memory_segment": ("segment", "segments"), "region_bracket": ("bracket", "brackets"),
    "info_card": ("card", "cards"), "flow_node": ("node", "nodes"), "flow_edge": ("edge", "edges"),
    "comparison_column": ("column", "columns"), "comparison_metric": ("metric", "metrics"),
    "comparison_callout": ("callout", "callouts"), "system_stage": ("stage", "stages"),
    "terminal_panel": ("terminal", "terminals"), "system_link": ("link", "links"), "spectrum_pole": ("pole", "poles"),
    "continuum_arc": ("arc", "arcs"), "marker_band": ("marker", "markers"), "map_node": ("node", "nodes"),
    "map_edge": ("edge", "edges"),
}  # fmt: skip
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


# A form with alternatives in brackets stands for every sentence that choosing one of each makes.
_SHOWING = "(, | with | that show | showing | for )"
_DO, _PUT, _HAS, _JOIN = (
    "(Use|Take|Choose|Set)",
    "(Add|Put in|Include|Show|Use)",
    "(There are|It has|We need|It needs|I want)",
    "(join|connect|link)",
)
_THEME, _TONE = "(the theme {theme}|the {theme} theme)", "(tone {tone}|{tone} tone)"
_DENSITY = "(density {density}|{density} density)"
_ALL, _EACH, _THE = "(all {plural}|every {noun}|each {noun})", "(each|every one)", "(The {plural}|{Plural})"


def _on(whom: str) -> tuple[str, ...]:
    """How a value is given to some components."""
    return (
        f"The {{field}} of {whom} is {{value}}.", f"{_DO} {{field}} {{value}} (for|on) {whom}.",
        f"(For|On) {whom} (use|take|choose|set) {{field}} {{value}}.", f"With {{field}} {{value}} (for|on) {whom}.",
    )  # fmt: skip


def _joining(how: str) -> tuple[str, ...]:
    return (
        f"{_THE} {_JOIN} {how}.", f"(Join|Connect|Link) {how} (by|with) {{plural}}.",
        f"(By|With) {{plural}}, {_JOIN} {how}.",
    )  # fmt: skip


FORMS: Mapping[str, tuple[str, ...]] = {
    "open": (
        "(Draw|Make|Build|Show|Design) (a|the) {family} (about|on|for) {topic}.",
        "(We need|I want) a {family} (about|on|for|that shows) {topic}.",
        "(Draw|Make|Build|Show|Design) {topic} as a {family}.",
        "For {topic}, (draw|make|build|show|design) a {family}.",
    ),
    "look": (
        f"(Use|Take|Choose|With) {_THEME}, {_TONE} and {_DENSITY}.",
        f"(Use|Take|Choose|With) {_TONE}, {_DENSITY} and {_THEME}.",
        "(Its|The) theme is {theme}, (its|the) tone {tone}, (its|the) density {density}.",
        "(Its|The) density is {density}, (its|the) theme {theme}, (its|the) tone {tone}.",
        "(Its|The) tone is {tone}, (its|the) density {density}, (its|the) theme {theme}.",
    ),
    "attribute": (
        "(The|Its) {name} (is|should be) {value}.", f"{_DO} {{value}} (for|as) (the|its) {{name}}.",
        f"{_DO} {{name}} {{value}}.", "For (the|its) {name} (use|take|choose|set) {value}.",
    ),
    "one": (
        f"{_PUT} a {{noun}}.", "(There is|It has|We need|It needs|I want) a {noun}.", "A {noun} (is|stands) in it.",
    ),
    "many": (
        f"{_PUT} {{n}} {{plural}}{{items}}.", f"{_HAS} {{n}} {{plural}}{{items}}.",
        "In it (are|stand) {n} {plural}{items}.",
    ),
    "run": (f"{_SHOWING}(items {{a}} to {{b}}|items from {{a}} to {{b}}|item {{a}} to item {{b}})",),
    "run one": ("(, | with | that shows | showing | for )(item {a}|item number {a}|the item {a}|number {a})",),
    "back": (f"{_SHOWING}(items {{b}} (down|back) to {{a}}|items from {{b}} (down|back) to {{a}})",),
    "skip": (f"{_SHOWING}every (second|other) item (from {{a}} on|from item {{a}} on|starting at {{a}})",),
    "list": (f"{_SHOWING}items {{list}}( in this order| as listed|)",),
    "all": ("(All {plural} have|Every {noun} has|Each {noun} has) {field} {value}.", *_on(_ALL)),
    "at": ("{Noun} {at} has {field} {value}.", *_on("{noun} {at}")),
    "first": ("The first {noun} has {field} {value}.", *_on("the first {noun}")),
    "last": ("The last {noun} has {field} {value}.", *_on("the last {noun}")),
    "second": ("Every (second|other) {noun} has {field} {value}.", *_on("every (second|other) {noun}")),
    "swap": (
        "The {plural} (have|take|use) {field} {value} and {other} in turn.",
        "(In turn|By turns), the {plural} (have|take|use) {field} {value} and {other}.",
        "The {field} of the {plural} is {value} and {other} in turn.",
        f"{_DO} {{field}} {{value}} and {{other}} (in turn|by turns) (for|on) the {{plural}}.",
    ),
    "chain": (f"{_THE} (make|form) a chain.", *_joining(f"{_EACH} to the next")),
    "fan": _joining("the first to all others"),
    "binary": _joining(f"{_EACH} to two below it"),
    "diamond": _joining("the first to all between and those to the last"),
    "pairs": ("(There are|It has) {plural} {pairs}.", *_joining("{pairs}")),
    "further": (
        f"(Also|And also) {_JOIN} {{pairs}}.", "(Join|Connect|Link) also {pairs}.",
        "(There are|It has) also {plural} {pairs}.",
    ),
    "labels": (
        "(Every|Each) {noun} has a label.", "All {plural} have a label.",
        "(Put|Set|Write) a label on (every|each) {noun}.", "(There is|Put) a label on all {plural}.",
        "A label (is|stands) on (every|each) {noun}.",
    ),
    "label": (
        "{Noun} {at} has a label.", "(Put|Set|Write) a label on {noun} {at}.", "There is a label on {noun} {at}.",
        "A label (is|stands) on {noun} {at}.", "(Only|Just) {noun} {at} has a label.",
    ),
}  # fmt: skip
HIDDEN = 4  # every fourth sentence of a form is never in training


class Sentences(NamedTuple):
    seen: tuple[str, ...]
    hidden: tuple[str, ...]


@cache
def sentences(form: str) -> Sentences:
    """What a form can be said as; a hash decides which of it is hidden."""
    every = {text for skeleton in FORMS[form] for text in _expanded(skeleton)}
    ranked = sorted(every, key=lambda text: hash_of([form, text]))
    cut = max(1, len(ranked) // HIDDEN)
    return Sentences(tuple(sorted(ranked[cut:])), tuple(sorted(ranked[:cut])))


def _expanded(skeleton: str) -> list[str]:
    group = re.search(r"\(([^()]*)\)", skeleton)  # the innermost first
    if group is None:
        return [skeleton]
    return [
        text
        for choice in group[1].split("|")
        for text in _expanded(skeleton[: group.start()] + choice + skeleton[group.end() :])
    ]


SEPARATORS = (" ", "\n")
_A = re.compile(r"\b([Aa])(?= [aeio])")


# ---- explicit: one line a clause, words of the table ----


def explicit(draft: Draft, topic: str) -> str:
    style = ", ".join(f"{name} {value}" for name, value in draft.attributes.items())
    lines = [f"layout {draft.layout}", style, f"about {topic}"]
    lines += [_explicit_line(draft, clause) for clause in draft.clauses if clause.tag != "header_band"]
    return "\n".join(lines)


def _explicit_line(draft: Draft, clause: Clause) -> str:
    part = FAMILIES[draft.layout].part[clause.tag]
    told = [clause.tag + (f" x{clause.count}" if clause.count > 1 else "")]
    if part.joins:
        told = [f"{clause.tag}" + (f" {clause.edges}" if clause.edges else "")]
        told += [" ".join(f"{a}>{b}" for a, b in clause.pairs)] if clause.pairs else []
        told += [f"labels {clause.labels}"] if clause.labels != "none" and part.bare else []
    elif "ref" in part.fields:
        told += _explicit_items(draft, clause, draft.keys.get(part.content or ""))
    for rule in clause.rules:
        which = str(rule.at) if rule.kind == "one" else rule.kind
        told.append(f"{rule.field} {which} {rule.value}" + (f" {rule.other}" if rule.other else ""))
    return ", ".join(told)


def _explicit_items(draft: Draft, clause: Clause, keys: Sequence[str] | None) -> list[str]:  # noqa: ARG001
    if keys:
        return ["items " + " ".join(keys[number - 1] for number in items_of(clause))]
    return {
        "run": [] if clause.start == 1 else [f"items from {clause.start}"],
        "back": [f"items back to {clause.start}"],
        "skip": [f"items skip from {clause.start}"],
        "list": ["items " + " ".join(map(str, clause.listed))],
    }[clause.items]


# ---- prose ----


def prose(draft: Draft, topic: str, rng: random.Random, *, hidden: bool) -> str:
    def say(form: str, **words: str) -> str:
        said = sentences(form)
        text = rng.choice(said.hidden if hidden else said.seen)
        for name, word in words.items():
            text = text.replace("{" + name + "}", word).replace(
                "{" + name.capitalize() + "}", word[:1].upper() + word[1:]
            )
        return text

    look = {name: _spoken(draft.attributes.get(name, "")) for name in ("theme", "tone", "density")}
    told = [say("open", family=draft.layout.replace("_", " "), topic=topic)]
    style = [say("look", **look)]
    style += [
        say("attribute", name=name, value=_spoken(value))
        for name, value in draft.attributes.items()
        if name not in look
    ]
    body = [
        sentence
        for clause in draft.clauses
        if clause.tag != "header_band"
        for sentence in _sentences(draft, clause, rng, say)
    ]
    told += [*style, *body] if rng.random() < 0.5 else [*body, *style]
    return _A.sub(r"\1n", rng.choice(SEPARATORS).join(told))


Say = Callable[..., str]


def _sentences(draft: Draft, clause: Clause, rng: random.Random, say: Say) -> list[str]:
    part = FAMILIES[draft.layout].part[clause.tag]
    noun, plural = NOUNS[clause.tag]
    named = {"noun": noun, "plural": plural}
    if part.joins:
        return _joined(clause, named, say, labelled=part.bare)
    items = _items(clause, draft.keys.get(part.content or ""), say) if "ref" in part.fields else ""
    if clause.count == 1:
        told = [say("one", **named)[:-1] + items + "."]
    else:
        told = [say("many", n=_number(clause.count, rng), items=items, **named)]
    return told + [_ruled(rule, named, say) for rule in clause.rules]


def _ruled(rule: Rule, named: Mapping[str, str], say: Say) -> str:
    form = "at" if rule.kind == "one" else rule.kind
    return say(form, field=rule.field, value=_spoken(rule.value), other=_spoken(rule.other), at=str(rule.at), **named)


def _items(clause: Clause, keys: Sequence[str] | None, say: Say) -> str:
    numbers = items_of(clause)
    if keys:
        return say("list", list=" ".join(keys[number - 1] for number in numbers))
    if clause.items == "run":
        if clause.start == 1:
            return ""
        return say("run one" if clause.count == 1 else "run", a=str(numbers[0]), b=str(numbers[-1]))
    if clause.items == "back":
        return say("back", a=str(numbers[-1]), b=str(numbers[0]))
    return say(clause.items, a=str(clause.start), list=" ".join(map(str, clause.listed)))


def _joined(clause: Clause, named: Mapping[str, str], say: Say, *, labelled: bool) -> list[str]:
    pairs = ", ".join(f"{a} to {b}" for a, b in clause.pairs)
    told = [say(clause.edges, **named)] if clause.edges else [say("pairs", pairs=pairs, **named)]
    if clause.edges and clause.pairs:
        told.append(say("further", pairs=pairs, **named))
    if labelled and clause.labels == "all":
        told.append(say("labels", **named))
    elif labelled and clause.labels != "none":
        told.append(say("label", at=clause.labels, **named))
    return told


def _number(n: int, rng: random.Random) -> str:
    return NUMBERS[n] if n < len(NUMBERS) and rng.random() < 0.5 else str(n)


def _spoken(value: str) -> str:
    return value.replace("_", " ")
