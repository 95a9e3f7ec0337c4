"""Bounded intent: a topic, a goal, an audience, a constraint, how many items and which one matters. Each decides its
own part of the scene, so a topic and a goal that were never met together still determine one answer:

    topic       the family, and how its nodes are joined
    goal        optional parts, connector and emphasis, and how the nodes are told apart
    audience    theme, tone, density
    constraint  labels, inset, background
    items, key  how many of the family's main part, and which of them is highlighted

No prompt names a layout, a theme, a tone or a density.
"""

import random
from collections.abc import Mapping

import msgspec

from rungwise.contract import hash_of
from rungwise.contracts.scene.draft import Clause, Draft, Rule
from rungwise.contracts.scene.families import ENUMS, FAMILIES, TONES_OF, Family, Part


class Intent(msgspec.Struct, frozen=True):
    topic: str
    goal: str
    audience: str
    constraint: str
    items: int
    key: int


TOPICS: Mapping[str, tuple[str, ...]] = {  # family -> what is best shown by it
    "poster_stack": ("launch day", "open house", "safety week"),
    "comparison_span_chart": ("wage gap", "battery range", "rain deficit"),
    "pipeline_lane": ("ore to steel", "milk run", "video encoding"),
    "dashboard_cards": ("ward status", "fleet health", "sales week"),
    "timeline": ("moon program", "merger steps", "vaccine trial"),
    "table_matrix": ("bus fares", "grain grades", "chip variants"),
    "decision_tree": ("loan approval", "fault finding", "plant doctor"),
    "memory_map": ("boot image", "page cache", "tape archive"),
    "flow_graph": ("tax return", "parcel sorting", "claim review"),
    "comparison_board": ("phone plans", "roof types", "train classes"),
    "system_diagram": ("water works", "search engine", "post office"),
    "spectrum_map": ("risk appetite", "sound levels", "soil acidity"),
    "architecture_map": ("city hall", "game server", "ant colony"),
}
JOINED: Mapping[str, str] = {"chain": "chain", "connected": "chain", "tree": "binary", "acyclic": "fan"}
AUDIENCES: Mapping[str, tuple[str, str, str]] = {
    "engineers": ("infra_dark", "blue", "compact"),
    "operators": ("infra_dark", "amber", "balanced"),
    "executives": ("paper_editorial", "blue", "balanced"),
    "public": ("paper_editorial", "green", "airy"),
    "students": ("signal_glow", "green", "airy"),
}
CONSTRAINTS: Mapping[str, tuple[str, Mapping[str, str]]] = {  # labels, further attributes
    "brief": ("none", {}),
    "balanced": ("none", {"background": "grid"}),
    "dense": ("all", {"inset": "sm"}),
}
GOALS: Mapping[str, tuple[int, int, Mapping[str, str], str, str]] = {
    # badges, footers, attributes, which of the main part is told apart, and the state, variant or accent it gets
    "explain": (0, 1, {"emphasis": "left"}, "", ""),
    "teach": (1, 1, {"hero": "center"}, "", ""),
    "compare": (0, 0, {"rail": "muted"}, "swap", "blue amber"),
    "warn": (1, 0, {"rail": "accent"}, "last", "danger"),
    "decide": (0, 1, {"frame": "card"}, "first", "success"),
    "plan": (2, 0, {"connector": "arrow"}, "second", "muted"),
    "report": (2, 1, {"frame": "none"}, "last", "success"),
    "sell": (1, 1, {"hero": "split", "background": "rings"}, "first", "warning"),
}
LEAST_ITEMS, MOST_ITEMS = 2, 8
HELD = 5  # every fifth pair of topic and goal is held out


def held(intent: Intent) -> bool:
    """Whether this pair of topic and goal belongs to the intent split alone."""
    return int(hash_of([intent.topic, intent.goal])[:8], 16) % HELD == 0


def families(allowed: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in allowed if name in TOPICS)


def draw(layout: str, rng: random.Random) -> Intent:
    low, high = bounds(FAMILIES[layout])
    items = rng.randint(low, high)
    choose = rng.choice
    return Intent(
        choose(TOPICS[layout]), choose(list(GOALS)), choose(list(AUDIENCES)), choose(list(CONSTRAINTS)), items,
        rng.randint(1, items),
    )  # fmt: skip


def bounds(family: Family) -> tuple[int, int]:
    part = main_part(family)
    others = sum(one.least for one in family.parts if one is not part and not one.joins and one.tag != "header_band")
    return max(LEAST_ITEMS, part.least, family.body[0] - others), min(MOST_ITEMS, part.most)


def main_part(family: Family) -> Part:
    """The part of which there may be most; of parts alike, the first."""
    return max(
        (part for part in family.parts if not part.joins and part.tag != "table_row"), key=lambda part: part.most
    )


def prompt(intent: Intent) -> str:
    return "\n".join(
        f"{name} {value}"
        for name, value in (
            ("topic", intent.topic), ("goal", intent.goal), ("audience", intent.audience),
            ("constraint", intent.constraint), ("items", intent.items), ("key", intent.key),
        )
    )  # fmt: skip


def layout_of(intent: Intent) -> str:
    return next(layout for layout, topics in TOPICS.items() if intent.topic in topics)


def draft_of(intent: Intent) -> Draft:
    family = FAMILIES[layout_of(intent)]
    badges, footers, given, which, look = GOALS[intent.goal]
    theme, tone, density = AUDIENCES[intent.audience]
    labels, further = CONSTRAINTS[intent.constraint]
    attributes = {"theme": theme, "tone": tone, "density": density, **further, **given}
    assert tone in TONES_OF[theme]
    main, clauses = main_part(family), list[Clause]()
    counts = {"badge_pill": badges, "footer_note": footers, main.tag: intent.items}
    nodes = sum(counts.get(part.tag, part.least) for part in family.parts if part.node)
    for part in family.parts:
        if part.joins and nodes > 1 and family.rule in JOINED:
            clauses.append(Clause(part.tag, 0, edges=JOINED[family.rule], labels=labels if part.bare else "all"))
        elif not part.joins and (count := counts.get(part.tag, part.least)):
            rules = _rules(part, which, look, intent.key) if part is main else ()
            clauses.append(Clause(part.tag, count, rules=rules))
    allowed = {name: value for name, value in attributes.items() if name in family.attributes}
    return Draft(family.name, allowed, tuple(clauses))


def _rules(part: Part, which: str, look: str, key: int) -> tuple[Rule, ...]:
    """The key item's highlight, and before it what the goal tells apart; on different fields, so that neither hides the
    other: the highlight is a state or a variant, the goal's mark an accent where there is one."""
    mark = next((name for name in ("state", "variant", "place", "lane") if name in part.fields), "")
    rules = [Rule(mark, "one", ENUMS[mark][1], "", key)] if mark else []
    if which and "accent" in part.fields:
        value, _, other = {"danger": "red", "success": "green", "warning": "amber"}.get(look, look).partition(" ")
        rules.append(Rule("accent", which, value, other))
    return tuple(rules)
