"""What a task says: a draft's rules as tagged lines (explicit) or as sentences (prose).

Each rule has several seen forms and a few hidden ones. A hidden form is another sentence made of words that seen forms
use: what is tested is the reading of a new sentence, not the guessing of an unknown word. Splits with hidden wording
take hidden forms wherever there is one.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Forms:
    seen: tuple[str, ...]
    hidden: tuple[str, ...]


FORMS: Mapping[str, Forms] = {
    "open": Forms(
        (
            "Draw a {family} about {topic}.",
            "Make a {family} that shows {topic}.",
            "We need a {family} on {topic}.",
            "Build the {family} for {topic}.",
            "The picture is a {family} about {topic}.",
            "Show {topic} as a {family}.",
        ),
        (
            "We need the picture of {topic} as a {family}.",
            "For {topic}, draw a {family}.",
            "Build a {family} that is about {topic}.",
        ),
    ),
    "look": Forms(
        (
            "Use the {theme} theme in {tone} with {density} density.",
            "Its theme is {theme}, its tone {tone}, its density {density}.",
            "Take {tone} tone, {density} density and the theme {theme}.",
            "The look: theme {theme}, tone {tone}, density {density}.",
            "It is {density} in density, {tone} in tone, and the theme is {theme}.",
            "With theme {theme} and tone {tone}; density {density}.",
        ),
        (
            "Take the theme {theme} with density {density} and tone {tone}.",
            "In tone it is {tone}, in theme {theme}, in density {density}.",
            "The density is {density}, the theme {theme}, the tone {tone}.",
        ),
    ),
    "attribute": Forms(
        (
            "The {name} is {value}.",
            "Take {value} for the {name}.",
            "Use {name} {value}.",
            "Its {name} is {value}.",
            "Set {name} to {value}.",
        ),
        ("For the {name} use {value}.", "Set the {name}: {value}."),
    ),
    "one": Forms(
        ("Add a {noun}.", "There is a {noun}.", "It has a {noun}.", "Put a {noun} in it.", "With a {noun}."),
        ("Put in a {noun}.", "A {noun} is in it."),
    ),
    "many": Forms(
        (
            "It has {n} {plural}{items}.",
            "Put {n} {plural} in it{items}.",
            "There are {n} {plural}{items}.",
            "Add {n} {plural}{items}.",
            "Show {n} {plural}{items}.",
            "With {n} {plural}{items}.",
        ),
        ("In it are {n} {plural}{items}.", "We need {n} {plural} in it{items}."),
    ),
    "run": Forms(
        (", items {a} to {b}", " that show items {a} to {b}", " with items {a} to {b}", ", from item {a} to item {b}"),
        (" that show from item {a} to {b}", " for items {a} to {b}"),
    ),
    "run one": Forms((", item {a}", " that shows item {a}", " with item {a}"), (" for item {a}",)),
    "back": Forms(
        (
            ", items {b} down to {a}",
            " that show items {b} down to {a}",
            " with items {b} back to {a}",
            ", from item {b} back to item {a}",
        ),
        (" for items {b} down to {a}", " that show from item {b} back to {a}"),
    ),
    "skip": Forms(
        (
            ", every second item from {a} on",
            " that show every second item from {a} on",
            " with every second item, from item {a} on",
        ),
        (" for every second item from item {a} on",),
    ),
    "list": Forms(
        (", items {list}", " that show items {list} in this order", " with items {list} in this order"),
        (" for items {list} in this order",),
    ),
    "all": Forms(
        (
            "All {plural} have {field} {value}.",
            "Every {noun} has {field} {value}.",
            "The {field} of all {plural} is {value}.",
            "Set the {field} of every {noun} to {value}.",
            "Use {field} {value} for all {plural}.",
        ),
        ("For every {noun} use {field} {value}.", "The {field} is {value} for all {plural}."),
    ),
    "at": Forms(
        (
            "{Noun} {at} has {field} {value}.",
            "The {field} of {noun} {at} is {value}.",
            "Set {noun} {at} to {field} {value}.",
            "Use {field} {value} for {noun} {at}.",
        ),
        ("For {noun} {at} the {field} is {value}.", "With {field} {value}: {noun} {at}."),
    ),
    "first": Forms(
        (
            "The first {noun} has {field} {value}.",
            "The {field} of the first {noun} is {value}.",
            "Use {field} {value} for the first {noun}.",
        ),
        ("For the first {noun} the {field} is {value}.",),
    ),
    "last": Forms(
        (
            "The last {noun} has {field} {value}.",
            "The {field} of the last {noun} is {value}.",
            "Use {field} {value} for the last {noun}.",
        ),
        ("For the last {noun} the {field} is {value}.",),
    ),
    "second": Forms(
        (
            "Every second {noun} has {field} {value}.",
            "The {field} of every second {noun} is {value}.",
            "Use {field} {value} for every second {noun}.",
        ),
        ("For every second {noun} the {field} is {value}.",),
    ),
    "swap": Forms(
        (
            "The {plural} have {field} {value} and {other} in turn.",
            "In turn, the {plural} take {field} {value} and {other}.",
            "The {field} of the {plural} is {value}, then {other}, in turn.",
        ),
        ("For the {plural} the {field} is {value} and {other} in turn.",),
    ),
    "chain": Forms(
        (
            "{Plural} join all in a chain.",
            "Join each to the next by {plural}.",
            "The {plural} go in a chain.",
            "Each is joined to the next by a {noun}.",
        ),
        ("The {plural} join each to the next.", "By {plural}, all join in a chain."),
    ),
    "fan": Forms(
        (
            "{Plural} join the first to all others.",
            "From the first, {plural} go to all others.",
            "Join all others to the first by {plural}.",
        ),
        ("The {plural} go from the first to all others.",),
    ),
    "binary": Forms(
        (
            "{Plural} join each to two below it.",
            "Each has two below it, joined by {plural}.",
            "By {plural}, each is joined to two below it.",
        ),
        ("The {plural} go from each to two below it.",),
    ),
    "diamond": Forms(
        (
            "{Plural} join the first to all between and those to the last.",
            "From the first, {plural} go to all between, and from those to the last.",
        ),
        ("Join the first to all between by {plural}, and those to the last.",),
    ),
    "pairs": Forms(
        ("{Plural} join {pairs}.", "There are {plural} {pairs}.", "Join {pairs} by {plural}."),
        ("The {plural} go {pairs}.",),
    ),
    "further": Forms(
        ("Also join {pairs}.", "And also {pairs}.", "There are also {plural} {pairs}."),
        ("Join also {pairs}.",),
    ),
    "labels": Forms(
        ("Every {noun} has a label.", "All {plural} have a label.", "Put a label on every {noun}."),
        ("A label is on every {noun}.",),
    ),
    "label": Forms(
        ("{Noun} {at} has a label.", "Put a label on {noun} {at}.", "There is a label on {noun} {at}."),
        ("A label is on {noun} {at}.",),
    ),
}
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
        forms = FORMS[form]
        text = rng.choice(forms.hidden if hidden and forms.hidden else forms.seen)
        for name, word in words.items():
            text = text.replace("{" + name + "}", word).replace(
                "{" + name.capitalize() + "}", word[:1].upper() + word[1:]
            )
        return text

    look = {name: _spoken(draft.attributes.get(name, "")) for name in ("theme", "tone", "density")}
    sentences = [say("open", family=draft.layout.replace("_", " "), topic=topic)]
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
    sentences += [*style, *body] if rng.random() < 0.5 else [*body, *style]
    return _A.sub(r"\1n", rng.choice(SEPARATORS).join(sentences))


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
