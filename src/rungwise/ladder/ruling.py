"""What becomes of a measured rung, by rules that stood before it ran.

    promote   the target is surely above the champion's, no slice is surely below it, and every gate holds
    repair    the target rose but something else is in the way, or most misses are mended without training
    branch    a measured ceiling: nothing cheaper is left to try
    reject    everything else

1. All is looked at raw, on the greedy answer or whatever the rung named as its target beforehand.
2. Where there is no champion yet, the first rung whose gates hold becomes it, if it does anything at all.
3. What to try next comes from the diagnosis and the symptoms, in their order; more capacity stands last there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from rungwise.contract import Json
from rungwise.ladder import gates
from rungwise.ladder.compare import ALPHA, Comparison, compare
from rungwise.ladder.rung import Rung
from rungwise.ladder.shallow import strongest
from rungwise.probe.diagnosis import Symptom
from rungwise.probe.failures import Diagnosis
from rungwise.probe.measure import Result
from rungwise.probe.result import estimate, mended
from rungwise.probe.shallow import says
from rungwise.probe.stats import Estimate

MENDED = 0.5  # of the misses: beyond it repair comes first


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    verb: str
    reasons: Sequence[str]
    next: Sequence[str]
    headline: str
    target: str
    comparisons: Mapping[str, Comparison]
    expectations: Sequence[gates.Found]
    gates: Sequence[gates.Found]
    claims: Sequence[str]
    shallow: Mapping[str, Estimate]  # the target of each shallow policy


def rule(
    rung: Rung, ours: Result, others: Mapping[str, Result | None], diagnosis: Diagnosis, symptoms: Sequence[Symptom],
    shallow: Mapping[str, Result] | None = None,
) -> Ruling:  # fmt: skip
    """`others` are the baseline and the champion, where there are any; `shallow` what needs no understanding, of which
    the strongest is compared with."""
    shallow = shallow or {}
    compared = {name: compare(ours, other, rung.target) for name, other in others.items() if other is not None}
    best = strongest(shallow, rung.target)
    without = {says(best): compare(ours, shallow[best], rung.target)} if best else {}
    against = {**others, **shallow}
    gated = [gates.found(gates.parsed(text), ours, against) for text in rung.gates]
    verb, reasons = _verb(rung, ours, compared.get("champion"), gated, symptoms)
    return Ruling(
        verb=verb, reasons=reasons, next=_next(verb, diagnosis, symptoms), headline=headline(rung, ours, compared),
        target=rung.target, comparisons={**compared, **without}, gates=gated, claims=claims(ours),
        expectations=[gates.found(gates.parsed(text), ours, against) for text in rung.expectations],
        shallow={name: estimate(one.rows, rung.target) for name, one in shallow.items()},
    )  # fmt: skip


def _verb(
    rung: Rung, ours: Result, champion: Comparison | None, gated: Sequence[gates.Found], symptoms: Sequence[Symptom]
) -> tuple[str, list[str]]:
    failing = [f"the gate {found} does not hold" for found in gated if not found.point]
    worse = [f"{name} is surely worse than the champion's" for name in champion.worse()] if champion else []
    rises, told = _rises(rung, ours, champion)
    if rises and not failing and not worse:
        return "promote", [told, "no slice is surely worse, and every gate holds"]
    if rises:
        return "repair", [told, *failing, *worse]
    improved, _ = mended(ours.rows)
    misses = sum(not row.greedy.passed for row in ours.rows)
    if misses and len(improved) >= MENDED * misses:
        return "repair", [
            told,
            f"repair alone mends {len(improved)} of {misses} misses: decoding and repair come first",
        ]
    if any(symptom.name == "ceiling" for symptom in symptoms):
        return "branch", [told, "nothing cheaper than more capacity is left that the figures point to"]
    return "reject", [told, *failing, *worse]


def _rises(rung: Rung, ours: Result, champion: Comparison | None) -> tuple[bool, str]:
    if champion is None:
        value = estimate(ours.rows, rung.target)
        return value.value > 0, f"there is no champion on this probe yet; {rung.target} is {value}"
    whole = champion.whole
    told = (
        f"{rung.target} {whole.value:+.1%} [{whole.low:+.1%}, {whole.high:+.1%}] against the champion, p={whole.p:.2g}"
    )
    if champion.better:
        return True, told
    return False, f"{told}: {'surely lower' if whole.value < 0 and whole.p < ALPHA else 'no sure difference'}"


def _next(verb: str, diagnosis: Diagnosis, symptoms: Sequence[Symptom]) -> list[str]:
    told = [symptom.action for symptom in symptoms if symptom.severity != "info"]
    if diagnosis.primary != "none":
        told.insert(0, f"{diagnosis.primary}: {diagnosis.mend}")
    if verb == "promote":
        told.insert(0, "the next rung changes one axis against this one")
    return list(dict.fromkeys(told))


def headline(rung: Rung, ours: Result, compared: Mapping[str, Comparison]) -> str:
    told = f"{rung.target} {estimate(ours.rows, rung.target)}"
    for name, found in compared.items():
        whole = found.whole
        told += f"; {whole.value:+.1%} [{whole.low:+.1%}, {whole.high:+.1%}] p={whole.p:.2g} against the {name}"
    return told


def claims(ours: Result) -> list[str]:
    """What may be said, and where that ends."""
    splits = sorted({row.split for row in ours.rows})
    probe = ours.record["probe"]
    told = [
        f"On {len(ours.rows)} tasks of {' and '.join(splits)} of {probe['contract']}: "
        f"greedy {estimate(ours.rows, 'greedy')}, after repair {estimate(ours.rows, 'repaired')}."
    ]
    if len(ours.rows) < 100:
        found = estimate(ours.rows, "greedy")
        told.append(f"With {len(ours.rows)} tasks the interval is {100 * (found.high - found.low):.0f} points wide.")
    return [*told, f"Nothing is said of tasks that are not drawn as {' and '.join(splits)} is."]


def record(
    ruling: Ruling, diagnosis: Diagnosis, symptoms: Sequence[Symptom], runs: Mapping[str, str]
) -> dict[str, Json]:
    """`runs` are the folders of what was compared with."""
    return {
        **{name: getattr(ruling, name) for name in ("verb", "reasons", "next", "headline", "target", "claims")},
        "comparisons": {
            name: {"run": runs[name], "metric": one.metric, **asdict(one.whole),
                   "parts": {part: asdict(found) for part, found in one.parts.items()}, "adjusted": one.adjusted,
                   "improved": one.improved, "regressed": one.regressed}
            for name, one in ruling.comparisons.items()
        },
        "shallow": {name: asdict(found) for name, found in ruling.shallow.items()},
        "expectations": [asdict(found) for found in ruling.expectations],
        "gates": [asdict(found) for found in ruling.gates],
        "diagnosis": asdict(diagnosis), "symptoms": [asdict(symptom) for symptom in symptoms],
    }  # fmt: skip
