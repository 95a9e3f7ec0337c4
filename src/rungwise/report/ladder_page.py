"""All runs of a ladder on one page, in the order they were preregistered: what each asked, found, was ruled and cost.

1. Made from the entries alone. Runs stand together where they were measured by one contract on one probe: only those
   can be compared, and each such group has its own champion.
2. A report is linked where a run was ruled on, as seen from the folder in which the page stands.
3. Costs are those that were entered when training ended, and their sum.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rungwise.contract import Json
from rungwise.ladder.ledger import DEFAULT, Entry, champions, state
from rungwise.probe.stats import Estimate
from rungwise.report import numbers, strips
from rungwise.report.frame import (
    Column,
    Line,
    chip,
    code,
    facts,
    fold,
    framed,
    hashed,
    items,
    missing,
    placed,
    table,
    tone_of,
)
from rungwise.report.page import seen

HOME = DEFAULT.parent
COSTS = ("wall_seconds", "cpu_seconds", "trained_tokens", "sampled_tokens", "flops")
MARK = "\N{BLACK STAR}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """A run, from all its entries."""

    place: str
    entries: Sequence[Entry]
    state: str
    crowned: bool

    def last(self, kind: str) -> Mapping[str, Json]:
        return next((entry.body for entry in reversed(self.entries) if entry.kind == kind), {})

    @property
    def group(self) -> tuple[str, str]:
        asked = self.last("preregistered")
        return str(asked.get("contract", "")), str(asked.get("probe", ""))

    @property
    def target(self) -> str:
        """The metric that was to rise, where the ladder has it; else the first that was measured."""
        settings, held = self.last("preregistered").get("settings"), self.last("measured").get("headline", {})
        named = str(settings.get("target", "greedy")) if isinstance(settings, dict) else "greedy"
        return named if named in held else next(iter(held), "greedy")

    @property
    def found(self) -> Estimate | None:
        told = self.last("measured").get("headline", {}).get(self.target)
        plain = isinstance(told, list) and len(told) == 4 and all(isinstance(one, int | float) for one in told)
        return Estimate(float(told[0]), float(told[1]), float(told[2]), int(told[3])) if plain else None


def ladder_page(entries: Sequence[Entry], home: Path = HOME) -> str:
    """`home` is the folder in which the page will stand, as runs are named: from where the command runs."""
    climbs = list(_climbs(entries))
    groups: dict[tuple[str, str], list[Climb]] = {}
    for climb in climbs:
        groups.setdefault(climb.group, []).append(climb)
    ruled = sum(climb.state == "ruled" for climb in climbs)
    lead = f"{numbers.counted(len(climbs), 'run')} in the order they were preregistered, {ruled} of them ruled on."
    html = [
        f'<header class="top" id="top"><h1>The ladder</h1><p class="lead">{lead}</p></header><main>',
        *[_group(contract, probe, own, home) for (contract, probe), own in groups.items()],
        *([] if climbs else [missing("Nothing was preregistered yet.")]),
        f'<section id="part-cost"><h2>What all of it cost</h2>{_costs(climbs)}</section>' if climbs else "",
        _record(entries),
        "</main>",
    ]
    return framed("The ladder", "\n".join(html))


def _climbs(entries: Sequence[Entry]) -> Iterator[Climb]:
    runs: dict[str, list[Entry]] = {}
    for entry in entries:
        runs.setdefault(entry.run, []).append(entry)
    crowned = {entry.run for entry in champions(entries).values()}
    for place, own in runs.items():
        if now := state(own):
            yield Climb(place=place, entries=own, state=now, crowned=place in crowned)


# ---- one contract on one probe ----


def _group(contract: str, probe: str, climbs: Sequence[Climb], home: Path) -> str:
    columns = [
        Column("run", "text"), Column("", "state"), Column("the target with its interval, 0 to 1", "plot"),
        Column("", "number"), Column("interval", "number small"), Column("n", "number small"),
        Column("by the clock", "number small"),
    ]  # fmt: skip
    runs = table(columns, (_line(one, home) for one in climbs), f"runs of {contract}", "forest runs")
    return (
        f"<section><h2>{seen(contract) or 'No contract'} <span>probe {hashed(probe) or 'not named'}</span></h2>"
        f"{_champion(climbs, home)}{runs}<h3>Rulings</h3>{_rulings(climbs, home)}</section>"
    )


def _champion(climbs: Sequence[Climb], home: Path) -> str:
    own = next((climb for climb in climbs if climb.crowned), None)
    if own is None:
        return missing("No champion stands here: the first rung whose gates hold becomes it.")
    question = seen(str(own.last("preregistered").get("question", "")))
    return (
        f'<div class="ruling good"><p class="verb">{MARK} champion</p>'
        f"<div><strong>{_link(own, home)}</strong> {_told(own)}<br>{question}</div></div>"
    )


def _told(climb: Climb) -> str:
    found = climb.found
    if found is None:
        return ""
    reach = numbers.between(found.low, found.high, climb.target)
    return f"{code(climb.target)} <b>{numbers.amount(found.value, climb.target, 1)}</b>, {reach}, n={found.n:,}"


def _line(climb: Climb, home: Path) -> Line:
    found, target, asked = climb.found, climb.target, climb.last("preregistered")
    seconds = _cost(climb, "wall_seconds")
    name = f"{asked.get('rung', '')}, seed {asked.get('seed', '')}"
    head = (
        f"{MARK + ' ' if climb.crowned else ''}{_link(climb, home)} <small>{seen(name)}</small>"
        f"<br><small>{seen(str(asked.get('question', '')))}</small>"
    )
    told = ["", "", "", ""]
    if found is not None:
        tone = "good" if climb.crowned else ""
        told = [
            strips.rate(found.value, found.low, found.high, tone),
            f"<b>{numbers.amount(found.value, target, 1)}</b> <small>{seen(target)}</small>",
            numbers.between(found.low, found.high, target), f"{found.n:,}",
        ]  # fmt: skip
    return Line([head, _state(climb), *told, numbers.time(seconds) if seconds else ""], "axis" if climb.crowned else "")


def _state(climb: Climb) -> str:
    ruling = climb.last("ruled")
    if climb.state != "ruled":
        return f"{chip(climb.state, '')} <small>waits</small>"
    verb = str(ruling.get("verb", ""))
    return chip(verb, tone_of(verb)) + (" <small>to be signed</small>" if ruling.get("waits") else "")


def _rulings(climbs: Sequence[Climb], home: Path) -> str:
    told = [(entry, climb) for climb in climbs for entry in climb.entries if entry.kind in ("ruled", "unfrozen")]
    cards = "".join(_ruling(entry, climb, home) for entry, climb in sorted(told, key=lambda pair: pair[0].number))
    return f'<ul class="lessons">{cards}</ul>' if cards else missing("Nothing was ruled on yet.")


def _ruling(entry: Entry, climb: Climb, home: Path) -> str:
    body = entry.body
    if entry.kind == "unfrozen":
        return (
            f'<li class="warn"><h3>set aside: {_link(climb, home)}</h3><p>{seen(str(body.get("reason", "")))}</p></li>'
        )
    verb, following = str(body.get("verb", "")), _texts(body.get("next"))
    do = f'<p class="do"><strong>Next:</strong> {seen(following[0])}</p>' if following else ""
    by = f'<p class="sources">by {seen(str(body.get("by", "")))}, entry {entry.number}</p>'
    reasons = items(_texts(body.get("reasons")))
    return f'<li class="{tone_of(verb)}"><h3>{seen(verb)}: {_link(climb, home)}</h3>{reasons}{do}{by}</li>'


def _texts(value: Json) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def _link(climb: Climb, home: Path) -> str:
    """Never with the name of a place on this machine, unless the run was given as one that lies elsewhere."""
    place = Path(os.path.relpath(climb.place, home)).as_posix()
    name = seen(placed(climb.place) if Path(climb.place).is_absolute() and place.startswith("..") else place)
    return f'<a href="{quote(place, errors="replace")}/report.html">{name}</a>' if climb.state == "ruled" else name


# ---- costs and the record ----


def _cost(climb: Climb, name: str) -> float:
    value = climb.last("trained").get("cost", {}).get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _costs(climbs: Sequence[Climb]) -> str:
    tell: Mapping[str, tuple[str, Callable[[float], str]]] = {
        "wall_seconds": ("by the clock", numbers.time), "cpu_seconds": ("of processors", numbers.time),
        "trained_tokens": ("tokens learned from", numbers.many), "sampled_tokens": ("tokens sampled", numbers.many),
        "flops": ("operations", numbers.many),
    }  # fmt: skip
    summed = [(tell[name][0], tell[name][1](sum(_cost(one, name) for one in climbs))) for name in COSTS]
    trained = sum(bool(one.last("trained")) for one in climbs)
    return f"<p>Training of {numbers.counted(trained, 'run')}.</p>{facts([*summed, ('money', _money(climbs))])}"


def _money(climbs: Sequence[Climb]) -> str:
    sums: dict[str, float] = {}
    for climb in climbs:
        if money := _cost(climb, "money"):
            currency = str(climb.last("trained")["cost"].get("currency", ""))
            sums[currency] = sums.get(currency, 0.0) + money
    return ", ".join(f"{money:,.2f} {seen(currency)}" for currency, money in sums.items()) or "no price was stated"


def _record(entries: Sequence[Entry]) -> str:
    columns = [Column("entry"), Column("at"), Column("kind"), Column("run"), Column("what", "text"), Column("hash")]
    told = (
        table(columns, map(_entry, entries), "entries of the ladder") if entries else missing("There are no entries.")
    )
    every = fold("All entries", told, f"{len(entries):,}, each holding the hash of the one before it")
    return f'<section id="part-record"><h2>The record</h2>{every}</section>'


def _entry(one: Entry) -> Line:
    told = [str(one.number), one.at, one.kind, placed(one.run), _what(one)]
    return Line([*map(seen, told), hashed(one.hash)])


def _what(entry: Entry) -> str:
    body = entry.body
    return str(body.get("verb") or body.get("reason") or body.get("text" if entry.kind == "note" else "rung") or "")
