"""A scene as rules: so many of this, items 2 to 6, every second one on top, joined in a chain. A prompt says the rules,
the scene is what they come to: so a prompt determines its answer, and answering is applying rules, not copying.

A draft is data (it is hashed, and stored with a task); `scene_of_draft` is the only reading of it.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from rungwise.contracts.scene.families import FAMILIES, Part
from rungwise.contracts.scene.language import scene_of
from rungwise.contracts.scene.tree import Component, Scene


class Rule(msgspec.Struct, frozen=True, array_like=True):
    """What field of which of a clause's components has which value.

    all v: every one. one v at: the one. first v, last v. second v: the 2nd, 4th, ... swap v w: v, w, v, w, ...
    """

    field: str
    kind: str
    value: str
    other: str = ""
    at: int = 0


class Clause(msgspec.Struct, frozen=True, array_like=True):
    """The components of one tag.

    items: run (from `start` on), back (down to `start`), skip (every second from `start` on), or list.
    edges: chain, fan (the first to all others), binary (two children each), diamond (the first to all between, those
    to the last), all of them with further pairs; or pairs alone. labels: none, all, or the number of the labelled edge.
    """

    tag: str
    count: int = 1
    items: str = "run"
    start: int = 1
    listed: tuple[int, ...] = ()
    rules: tuple[Rule, ...] = ()
    edges: str = ""
    pairs: tuple[tuple[int, int], ...] = ()
    labels: str = "none"


class Draft(msgspec.Struct, frozen=True, array_like=True):
    layout: str
    attributes: dict[str, str]
    clauses: tuple[Clause, ...]
    keys: dict[str, tuple[str, ...]] = {}  # content by name where it is not by number: collection -> names in order


def scene_of_draft(draft: Draft) -> Scene:
    family = FAMILIES[draft.layout]
    components: list[Component] = []
    nodes: dict[str, list[str]] = {}
    for clause in draft.clauses:
        part = family.part[clause.tag]
        if part.joins:
            components += _edges(part, clause, [name for tag in part.joins for name in nodes.get(tag, ())])
            continue
        made = _plain(part, clause, draft.keys.get(part.content or ""), sum(map(len, nodes.values())))
        nodes.setdefault(clause.tag, []).extend(one.fields["id"] for one in made if "id" in one.fields)
        components += made
    return scene_of(draft.layout, draft.attributes, tuple(components))


def _plain(part: Part, clause: Clause, keys: Sequence[str] | None, nodes: int) -> list[Component]:
    items = items_of(clause)
    made = []
    for at in range(clause.count):
        fields: dict[str, str] = {}
        if part.node:
            fields["id"] = f"n{nodes + at + 1}"
        if "ref" in part.fields:
            fields["ref"] = f"{part.content}.{keys[items[at] - 1] if keys else items[at]}"
        if "side" in part.fields:
            fields["side"] = ("left", "right")[at]
        fields |= {rule.field: value for rule in clause.rules if (value := value_at(rule, at, clause.count))}
        made.append(Component(clause.tag, fields))
    return made


def items_of(clause: Clause) -> tuple[int, ...]:
    match clause.items:
        case "run":
            return tuple(range(clause.start, clause.start + clause.count))
        case "back":
            return tuple(range(clause.start + clause.count - 1, clause.start - 1, -1))
        case "skip":
            return tuple(range(clause.start, clause.start + 2 * clause.count, 2))
    return clause.listed


def value_at(rule: Rule, at: int, count: int) -> str | None:
    """The value that the component at this place (from 0) has by the rule; None for the default."""
    holds = {
        "all": True, "first": at == 0, "last": at == count - 1, "one": at + 1 == rule.at, "second": at % 2 == 1,
        "swap": True,
    }[rule.kind]  # fmt: skip
    if not holds:
        return None
    return rule.other if rule.kind == "swap" and at % 2 else rule.value


def _edges(part: Part, clause: Clause, nodes: Sequence[str]) -> list[Component]:
    pairs = pairs_of(clause, len(nodes))
    made = []
    for at, (source, target) in enumerate(pairs, start=1):
        fields = {"from": nodes[source - 1], "to": nodes[target - 1]}
        if clause.labels == "all" or clause.labels == str(at):
            fields["ref"] = f"{part.content}.{at}"
        made.append(Component(clause.tag, fields))
    return made


def pairs_of(clause: Clause, nodes: int) -> list[tuple[int, int]]:
    """The edges as pairs of node numbers, from 1, in their legal order."""
    return sorted({*_pattern(clause.edges, nodes), *clause.pairs})


def _pattern(edges: str, n: int) -> Sequence[tuple[int, int]]:
    match edges:
        case "chain":
            return list(pairwise(range(1, n + 1)))
        case "fan":
            return [(1, to) for to in range(2, n + 1)]
        case "binary":
            return [(to // 2, to) for to in range(2, n + 1)]
        case "diamond":
            middle = range(2, n)
            return [(1, to) for to in middle] + [(one, n) for one in middle]
    return ()


def counts_of(draft: Draft) -> Mapping[str, int]:
    """How many items of each collection the draft's scene needs: up to the highest number that it shows."""
    family, counts = FAMILIES[draft.layout], dict[str, int]()
    nodes = sum(clause.count for clause in draft.clauses if family.part[clause.tag].node)
    for clause in draft.clauses:
        part = family.part[clause.tag]
        if part.content is None or "ref" not in part.fields:
            continue
        shown = len(pairs_of(clause, nodes)) if part.joins else max(items_of(clause), default=0)
        counts[part.content] = max(counts.get(part.content, 0), shown)
    return counts
