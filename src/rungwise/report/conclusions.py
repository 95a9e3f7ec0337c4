"""Sections 9 and 10: what is learned from the run, and what was decided: each with the file it rests on.

1. Lessons are at least two and at most five where anything was measured: the diagnosis, then symptoms by severity, then
   what the rows alone say. Symptoms that have no room among them stand folded below.
2. What may be claimed ends at the splits that were measured; the boundary is stated beside it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rungwise.probe.result import estimate, k_of, mended
from rungwise.report import numbers
from rungwise.report.artifacts import link
from rungwise.report.frame import Column, Line, chip, code, facts, fold, hashed, items, missing, table, tone_of
from rungwise.report.misses import misses_of
from rungwise.report.page import seen
from rungwise.report.run_files import Run
from rungwise.report.run_records import Diagnosis, Ruling

MOST, LEAST = 5, 2
SEVERITY = {"critical": "bad", "warn": "warn", "info": "blue"}
RULING, ROWS = "ruling.json", "probe/rows.jsonl"


# ---- 9 lessons ----


@dataclass(frozen=True, slots=True)
class Lesson:
    title: str
    says: str
    do: str
    tone: str
    file: str


def lessons(run: Run) -> str:
    ruled = list(_of_ruling(run.ruling)) if run.ruling else []
    counted = list(_of_rows(run)) if run.rows else []
    if not ruled and not counted:
        return missing("Nothing was measured or ruled on: there is nothing to learn from it yet.")
    kept = [*ruled[:MOST], *counted[: max(0, LEAST - len(ruled))]]
    rest = ruled[MOST:]
    more = fold("More symptoms", _listed(run, rest), f"{len(rest)}") if rest else ""
    none = missing("There is no ruling.json: nothing was diagnosed.")
    return _listed(run, kept) + more + (_evidence(run.ruling.diagnosis) if run.ruling else none)


def _listed(run: Run, found: Sequence[Lesson]) -> str:
    return f'<ul class="lessons">{"".join(_lesson(run, one) for one in found)}</ul>'


def _lesson(run: Run, one: Lesson) -> str:
    do = f'<p class="do"><strong>Do:</strong> {seen(one.do)}</p>' if one.do else ""
    where = f'<p class="sources">{link(run.artifacts, one.file)}</p>'
    return f'<li class="{one.tone}"><h3>{seen(one.title)}</h3><p>{seen(one.says)}</p>{do}{where}</li>'


def _of_ruling(ruling: Ruling) -> Iterator[Lesson]:
    yield _of_diagnosis(ruling.diagnosis)
    rank = {name: at for at, name in enumerate(SEVERITY)}
    for one in sorted(ruling.symptoms, key=lambda one: rank.get(one.severity, len(rank))):
        yield Lesson(_spoken(one.name), one.sentence, one.action, SEVERITY.get(one.severity, ""), RULING)


def _of_diagnosis(found: Diagnosis) -> Lesson:
    if found.primary == "none":
        return Lesson("Nothing to diagnose", "No class of failures reaches its threshold.", found.mend, "good", RULING)
    beside = f" Beside it: {', '.join(map(_spoken, found.secondary))}." if found.secondary else ""
    says = f"To be mended first in: {found.layer or 'not known'}.{beside}"
    return Lesson(f"Diagnosis: {_spoken(found.primary)}", says, found.mend, "bad", RULING)


def _of_rows(run: Run) -> Iterator[Lesson]:
    """What the rows alone say; enough for two."""
    rows, misses = run.rows, len(misses_of(run.rows))
    found, (improved, regressed) = estimate(rows, "greedy"), mended(rows)
    wide = 100 * (found.high - found.low)
    yield Lesson(
        "How sure this is", f"{numbers.counted(found.n, 'task')} leave {wide:.0f} points of interval around greedy.",
        "Read no difference that is smaller than that without a paired comparison.", "blue", ROWS,
    )  # fmt: skip
    yield Lesson(
        "What repair is worth", f"It mends {len(improved)} of {misses} misses and breaks {len(regressed)} that passed.",
        "", "blue", ROWS,
    )  # fmt: skip
    if k_of(rows):
        best = estimate(rows, "oracle")
        yield Lesson(
            "What is within reach", f"Among {k_of(rows)} samples {numbers.percent(best.value)} of the tasks have a "
            f"right answer, greedy finds {numbers.percent(found.value)}.", "", "blue", ROWS,
        )  # fmt: skip


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _evidence(found: Diagnosis) -> str:
    if not found.evidence:
        return missing("The diagnosis gives no figures.")
    marks = {**dict.fromkeys(found.secondary, chip("beside it", "warn")), found.primary: chip("primary", "bad")}
    columns = [Column("class of failure"), Column("", "state"), Column("found", "number"), Column("from", "number")]
    lines = (
        Line([seen(_spoken(name)), marks.get(name, ""), f"{one.value:.3g}", f"{one.threshold:g}"])
        for name, one in found.evidence.items()
    )
    head = "<h3>What was looked for <small>in this order; the first that reaches its threshold is primary</small></h3>"
    return head + table(columns, lines, "classes of failures", "narrow")


# ---- 10 decision ----


def decision(run: Run) -> str:
    found = run.ruling
    if found is None:
        return missing("There is no ruling.json: nothing was decided.") + _frozen(run) + _cost(run)
    return "".join(
        [
            f'<p class="decided {tone_of(found.verb)}"><b class="verb">{seen(found.verb)}</b> {_by(found)}</p>',
            items(found.reasons),
            f"<h3>Next</h3>{items(found.next, 'ol') or missing('The ruling names nothing that comes next.')}",
            f"<h3>What may be claimed</h3>{_claims(run, found.claims)}",
            f"<h3>What is frozen</h3>{_frozen(run)}",
            f"<h3>What it cost</h3>{_cost(run)}",
        ]
    )


def _by(found: Ruling) -> str:
    if found.signed.by:
        return f"signed by {seen(found.signed.by)}"
    return "waits for a person's name" if found.signed.needed else "by the rules, no person's name was asked for"


def _claims(run: Run, claims: Sequence[str]) -> str:
    """Each with the file whose rows it was counted from."""
    told = "".join(f"<li>{seen(claim)} {link(run.artifacts, ROWS)}</li>" for claim in claims)
    splits = " and ".join(sorted({row.split for row in run.rows}))
    bounds = (
        f"<p>The policy writes the answers; the judge alone says which are right; the probe holds tasks drawn as "
        f"{seen(splits) or 'nothing yet'} is. Nothing is claimed beyond those.</p>"
    )
    return (f'<ul class="claims">{told}</ul>' if told else missing("Nothing is claimed.")) + bounds


def _frozen(run: Run) -> str:
    if run.result is None:
        return missing("There is no probe/result.json: no hash of a probe, a judge or weights is known.")
    probe, policy = run.result.probe, run.result.policy
    weights = policy.get("weights")
    told = [("probe", probe.hash), ("tasks", probe.tasks), ("judge", probe.judge)]
    told.append(("tokenizer", str(policy.get("tokens", ""))))
    told += [(str(name), str(one)) for name, one in weights.items()] if isinstance(weights, dict) else []
    return facts([(name, hashed(one)) for name, one in told if one] + [("contract", code(probe.contract))])


def _cost(run: Run) -> str:
    own = run.cost
    if own is None:
        return missing("There is no cost.json: what it cost was not written down.")
    return facts(
        [
            ("by the clock", numbers.time(own.wall_seconds)),
            ("of processors", numbers.time(own.cpu_seconds)),
            ("of that measuring", numbers.time(own.measuring_seconds) if own.measuring_seconds else ""),
            ("tokens learned from", numbers.many(own.trained_tokens)),
            ("tokens sampled", numbers.many(own.sampled_tokens)),
            ("operations", numbers.many(own.flops)),
            ("money", f"{own.money:,.2f} {seen(own.currency)}" if own.money else "no price was stated"),
            ("machine", seen(own.machine)),
        ]
    )
