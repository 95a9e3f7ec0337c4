"""Scenes of any family and content for them, drawn from a seed: what the compiler's tests and pictures are made of.

The words are those of posters about running models and services; lengths vary as people's do.
"""

import random
from itertools import pairwise
from typing import Any

from rungwise.contracts.scene.families import ATTRIBUTES, ENUMS, FAMILIES, PLAIN, TONES_OF, Family, Item, Part
from rungwise.contracts.scene.language import parse, scene_of, write
from rungwise.contracts.scene.tree import Component, Scene

HEADLINES = (
    "Why the cache misses at noon", "From raw text to a promoted model", "Where a request spends its time",
    "How the ledger survives a crash", "Four ways to serve one model", "What fails first under load",
)  # fmt: skip
KICKERS = ("Field guide", "Operations", "Training notes", "Postmortem 14", "Architecture")
TITLES = (
    "Ingest", "Token cache", "Replay buffer", "Write-ahead log", "Feature store", "Rank and rerank", "Shadow traffic",
    "Checkpoint", "Gradient sync", "Admission control", "Frozen probe", "Canary release", "Model registry",
    "Batch scheduler", "Backpressure", "Quorum read", "Page table", "KV blocks", "Evaluate", "Promote",
)  # fmt: skip
LABELS = ("on miss", "retry", "99% of calls", "if stale", "yes", "no", "after review", "every 5 min", "gRPC", "events",
          "fallback", "promotes", "over budget")  # fmt: skip
SHORTS = ("4 KiB", "12 ms", "Step 2", "Q3", "98.4%", "v2", "512 MB", "hot", "3x", "cold path", "32 GiB", "beta")
LINES = ("Reads the last good snapshot", "Retries with jitter", "One writer, many readers", "Drops what is late",
         "Holds 30 days of events", "Keeps p99 under 40 ms", "Costs two replicas", "Checked by hash", "Batches of 64",
         "No shared state", "Alerts on drift")  # fmt: skip
TEXTS = ("Splits the stream by key so that one slow tenant cannot hold up the rest.",
         "Every batch carries its own checksum; a mismatch stops the line.",
         "Small, boring and fast.",
         "Warm replicas take over within a second, cold ones within a minute, and nobody is paged for either.",
         "Old weights stay on disk until the new ones have passed the frozen probe three times in a row.",
         "A queue in front hides spikes; a queue behind hides faults.")  # fmt: skip
CELLS = ("12 ms", "340 ms", "yes", "no", "$1.20", "4 nodes", "linear", "eventual", "strong", "0.3%", "8 GB", "manual")


def any_scene(layout: str, size: int, seed: int, **attributes: str) -> Scene:
    """A valid scene with about this many components in its body."""
    family, rng = FAMILIES[layout], random.Random(f"{layout} {size} {seed}")
    counts = _counts(family, size, rng)
    components, ids = list[Component](), dict[str, list[str]]()
    for part in family.parts:
        if part.joins:
            ends = [name for tag in part.joins for name in ids.get(tag, [])]
            components += _edges(family, part, ends, size, rng)
            continue
        made = [_component(part, order, rng) for order in range(counts[part.tag])]
        ids[part.tag] = [one.fields["id"] for one in made if "id" in one.fields]
        components += made
    found = parse(write(scene_of(layout, attributes, tuple(components))))
    assert isinstance(found, Scene), found
    return found


def any_style(layout: str, rng: random.Random) -> dict[str, str]:
    style = {name: rng.choice(ATTRIBUTES[name]) for name in FAMILIES[layout].attributes}
    return {**style, "tone": rng.choice(TONES_OF[style["theme"]])}


def _counts(family: Family, size: int, rng: random.Random) -> dict[str, int]:
    parts = [part for part in family.parts if not part.joins]
    counts = {part.tag: part.least for part in parts}
    body = [part for part in parts if part.tag not in PLAIN]
    nodes = size - size // 2 if family.rule not in ("loose", "span") else size
    while sum(counts[part.tag] for part in body) < max(nodes, family.body[0]):
        free = [part for part in body if counts[part.tag] < part.most]
        if not free:
            break
        counts[rng.choices(free, [part.most for part in free])[0].tag] += 1
    for one, other in family.same:
        if bool(counts[one]) != bool(counts[other]):
            counts[one], counts[other] = max(1, counts[one]), max(1, counts[other])
    for tag in ("badge_pill", "footer_note"):
        counts[tag] = rng.randint(0, 2 if tag == "badge_pill" else 1)
    return counts


def _component(part: Part, order: int, rng: random.Random) -> Component:
    fields = {"id": f"{part.tag[0]}{part.tag[-1]}{order + 1}"} if "id" in part.fields else {}
    if "ref" in part.fields:
        fields["ref"] = f"{part.content}.{order + 1}"
    if "side" in part.fields:
        fields["side"] = ("left", "right")[order % 2]
    for name in part.fields:
        if name in ENUMS and name != "side" and rng.random() < (0.6 if name in ("lane", "place") else 0.25):
            fields[name] = rng.choice(ENUMS[name])
    return Component(part.tag, fields)


def _edges(family: Family, part: Part, ends: list[str], size: int, rng: random.Random) -> list[Component]:
    pairs = _pairs(family.rule, len(ends), size // 2, rng)[: part.most]
    made = []
    for order, (a, b) in enumerate(pairs):
        fields = {"from": ends[a], "to": ends[b]}
        if not part.bare or rng.random() < 0.5:
            fields["ref"] = f"{part.content}.{order + 1}"
        made.append(Component(part.tag, fields))
    return made


def _pairs(rule: str, n: int, wanted: int, rng: random.Random) -> list[tuple[int, int]]:
    if rule == "chain":
        return list(pairwise(range(n)))
    if rule == "tree":
        return [(rng.randint(max(0, to - 4), to - 1), to) for to in range(1, n)]
    if rule == "span":
        return sorted({tuple(sorted(rng.sample(range(n), 2))) for _ in range(min(2, n // 2))})  # type: ignore[misc]
    pairs = (
        set(pairwise(range(n)))
        if rng.random() < 0.6
        else {(rng.randint(max(0, to - 3), to - 1), to) for to in range(1, n)}
    )
    for _ in range(max(0, min(wanted - len(pairs), n))):
        a, b = rng.sample(range(n), 2)
        pairs.add((min(a, b), max(a, b)) if rule == "acyclic" else (a, b))
    return sorted(pairs)


# ---- content ----


def any_content(layout: str, seed: int, items: int = 24, long: float = 0.5) -> dict[str, Any]:
    """Content for every part of the family, with so many items in each collection; `long`: how wordy."""
    rng, content = random.Random(f"{layout} {seed}"), dict[str, Any]()
    for part in FAMILIES[layout].parts:
        if part.content and part.item:
            several = "ref" in part.fields
            made = [_item(part, part.item, rng, long) for _ in range(items if several else 1)]
            content[part.content] = made if several else made[0]
    return content


def _item(part: Part, item: Item, rng: random.Random, long: float) -> dict[str, Any]:
    kinds = {**item.must, **{name: kind for name, kind in item.may.items() if rng.random() < 0.35 + long / 2}}
    return {name: _value(part, name, kind, rng, long) for name, kind in kinds.items()}


def _value(part: Part, name: str, kind: str, rng: random.Random, long: float) -> Any:
    if kind == "number":
        return rng.choice([rng.randint(1, 900), round(rng.uniform(0.1, 40), 1), str(rng.randint(5, 99))])
    if kind == "rows":
        return [
            {"cells": rng.choices(CELLS, k=4), "state": rng.choice(ENUMS["state"])} for _ in range(rng.randint(2, 5))
        ]
    if kind == "cells":
        return rng.choices(CELLS, k=5 if name == "values" else 4)
    if name == "offsets":
        return [f"0x{at * 0x4000:06x}" for at in range(rng.randint(3, 6))]
    if kind == "lines":
        return rng.sample(LINES, rng.randint(1, 1 + round(4 * long)))
    if kind == "short":
        return rng.choice(KICKERS if name == "kicker" else LABELS if name in ("label", "text") else SHORTS)
    if kind == "title":
        title = rng.choice(HEADLINES if part.tag == "header_band" else TITLES)
        return (
            f"{title} {rng.choice(TITLES).lower()}"
            if rng.random() < long - 0.3 and part.tag != "header_band"
            else title
        )
    texts = rng.sample(TEXTS, 2)
    return " ".join(texts) if rng.random() < long - 0.4 else texts[0]
