"""Drafts drawn at random: a family, a size, rules. What may be drawn follows from the family table."""

import random
from collections.abc import Callable, Sequence

from rungwise.contracts.scene.draft import Clause, Draft, Rule, pairs_of
from rungwise.contracts.scene.families import (
    ATTRIBUTES,
    ENUMS,
    FAMILIES,
    MOST_COMPONENTS,
    PLAIN,
    TONES_OF,
    Family,
    Part,
)

MOST_ITEM, LONGEST_LIST, TRIES = 12, 6, 40
OPTIONAL = (
    "canvas", "frame", "inset", "gap", "hero", "columns", "emphasis", "rail", "background", "connector", "legend",
)  # fmt: skip


def draft(layout: str, size: tuple[int, int], rng: random.Random) -> Draft:
    """A draft whose body has a size within these bounds, or, where a family seldom has it, as near as was drawn."""
    family = FAMILIES[layout]
    best: tuple[int, list[Clause]] = (MOST_COMPONENTS, [])
    for _ in range(TRIES):
        clauses = _clauses(family, rng.randint(*size), rng)
        body = sum(_components(clause, clauses, family) for clause in clauses if clause.tag not in PLAIN)
        beyond = max(size[0] - body, body - size[1], 0)
        if family.body[0] <= body <= family.body[1] and beyond < best[0]:
            best = beyond, clauses
            if not beyond:
                break
    return Draft(layout, attributes(family, rng), tuple(best[1]))


def sizes(layout: str) -> tuple[int, int]:
    """The smallest and largest body a family may have."""
    family = FAMILIES[layout]
    parts = [part for part in family.parts if part.tag not in PLAIN]
    most = sum(part.most for part in parts)
    return max(family.body[0], sum(part.least for part in parts)), min(family.body[1], most)


def attributes(family: Family, rng: random.Random) -> dict[str, str]:
    theme = rng.choice(list(TONES_OF))
    given = {"theme": theme, "tone": rng.choice(TONES_OF[theme]), "density": rng.choice(ATTRIBUTES["density"])}
    may = [name for name in OPTIONAL if name in family.attributes]
    for name in rng.sample(may, rng.choice((0, 1, 1, 2, 2, 3))):
        given[name] = rng.choice(ATTRIBUTES[name][1:])
    return given


def _components(clause: Clause, clauses: Sequence[Clause], family: Family) -> int:
    part = family.part[clause.tag]
    if not part.joins:
        return clause.count
    nodes = sum(one.count for one in clauses if one.tag in part.joins)
    return len(pairs_of(clause, nodes))


def _clauses(family: Family, size: int, rng: random.Random) -> list[Clause]:
    """Counts first: every part its least, then more of what may be more, until the size is about reached."""
    counts = {part.tag: part.least for part in family.parts if not part.joins}
    joined = family.rule not in ("loose", "span")
    # An edge comes with nearly every node, so nodes are half of the size where there are edges.
    target = max(2, (size + 1) // 2 + rng.randint(0, 1)) if joined else size
    growing = [part for part in family.parts if part.tag in counts and part.tag not in PLAIN and part.most > part.least]
    while growing and sum(counts[tag] for tag in counts if tag not in PLAIN) < target:
        part = rng.choices(growing, [part.most for part in growing])[0]
        counts[part.tag] += 1
        if counts[part.tag] >= part.most:
            growing.remove(part)
    for one, other in family.same:
        if bool(counts[one]) != bool(counts[other]):
            counts[one], counts[other] = max(counts[one], 1), max(counts[other], 1)
    for part in family.parts:
        if part.tag in ("badge_pill", "footer_note"):
            counts[part.tag] = rng.choice((0, 0, 1, 2)[: part.most + 1])
    return [found for part in family.parts if (found := _clause(family, part, counts, rng))]


def _clause(family: Family, part: Part, counts: dict[str, int], rng: random.Random) -> Clause | None:
    if part.joins:
        return _edge_clause(family, part, sum(counts.get(tag, 0) for tag in part.joins), rng)
    count = counts[part.tag]
    if not count:
        return None
    items, start, listed = _items(part, count, rng)
    return Clause(part.tag, count, items, start, listed, _rules(part, count, rng))


def _items(part: Part, count: int, rng: random.Random) -> tuple[str, int, tuple[int, ...]]:
    if "ref" not in part.fields or rng.random() < 0.4:
        return "run", 1, ()
    kind = rng.choice(("run", "back", "skip", "list"))
    if kind == "list" and 1 < count <= LONGEST_LIST:
        return kind, 1, tuple(rng.sample(range(1, min(MOST_ITEM, count + 3) + 1), count))
    if kind == "skip" and 1 < count <= 5:
        return kind, rng.choice((1, 2)), ()
    return ("back" if kind == "back" and count > 1 else "run"), rng.choice((1, 1, 2, 3)), ()


def _rules(part: Part, count: int, rng: random.Random) -> tuple[Rule, ...]:
    fields = [name for name in part.fields if name in ENUMS and name != "side"]
    return tuple(_rule(name, count, rng) for name in fields if rng.random() < (0.75 if name == "lane" else 0.35))


def _rule(name: str, count: int, rng: random.Random) -> Rule:
    value, other = rng.sample(ENUMS[name][1:], 2)
    if count < 2:
        return Rule(name, "all", value)
    kind = rng.choice(("all", "one", "first", "last", "second", "swap"))
    return Rule(name, kind, value, other if kind == "swap" else "", rng.randint(1, count) if kind == "one" else 0)


# ---- edges, by what a family's must form ----


def _edge_clause(family: Family, part: Part, nodes: int, rng: random.Random) -> Clause | None:
    if part.tag == "timeline_arrow" and rng.random() < 0.15:
        return None
    edges, pairs = EDGES[family.rule](nodes, rng)
    if not edges and not pairs:
        return None
    clause = Clause(part.tag, 0, edges=edges, pairs=pairs)
    found = len(pairs_of(clause, nodes))
    if not found:
        return None
    labels = rng.choice(("none", "none", "all", str(rng.randint(1, found))))
    return Clause(part.tag, 0, edges=edges, pairs=pairs, labels=labels if part.bare else "all")


Drawn = tuple[str, tuple[tuple[int, int], ...]]


def _chain(n: int, rng: random.Random) -> Drawn:  # noqa: ARG001 - one interface
    return "chain", ()


def _tree(n: int, rng: random.Random) -> Drawn:
    kind = rng.choice(("fan", "binary", "chain", "pairs"))
    if kind != "pairs" or n < 4 or n > 8:
        return ("binary" if kind == "pairs" else kind), ()
    return "", tuple(sorted((rng.randint(max(1, to - 3), to - 1), to) for to in range(2, n + 1)))


def _acyclic(n: int, rng: random.Random) -> Drawn:
    kind = rng.choice(("chain", "fan", "binary", "diamond")) if n > 3 else "chain"
    return kind, _further(kind, n, rng)


def _connected(n: int, rng: random.Random) -> Drawn:
    kind = rng.choice(("chain", "chain", "fan", "diamond")) if n > 3 else "chain"
    return kind, _further(kind, n, rng)


def _further(kind: str, n: int, rng: random.Random) -> tuple[tuple[int, int], ...]:
    """None, one or two edges that lead forward beside the pattern's."""
    known = set(pairs_of(Clause("", edges=kind), n))
    free = [(a, b) for a in range(1, n) for b in range(a + 1, min(n, a + 4) + 1) if (a, b) not in known]
    return tuple(sorted(rng.sample(free, min(len(free), rng.choice((0, 0, 1, 2))))))


def _span(n: int, rng: random.Random) -> Drawn:
    """Brackets over neighbouring stretches, which do not overlap."""
    pairs, at = list[tuple[int, int]](), 1
    while at < n and len(pairs) < 2 and rng.random() < 0.7:
        end = rng.randint(at + 1, min(n, at + 3))
        pairs.append((at, end))
        at = end + 1
    return "", tuple(pairs)


EDGES: dict[str, Callable[[int, random.Random], Drawn]] = {
    "chain": _chain, "tree": _tree, "acyclic": _acyclic, "connected": _connected, "span": _span,
}  # fmt: skip
