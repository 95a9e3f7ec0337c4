"""What is wrong with what a blueprint says, all of it at once, each fault with its place in the file."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rungwise.errors import RungwiseError, nearest
from rungwise.ladder.blueprint import BANNED_TYPES, TYPES, VERSION, Blueprint, require_in_phase
from rungwise.ladder.ledger import Ledger
from rungwise.train.rungfile import Keys
from rungwise.train.settings import ContractSettings

WHOLE, TOLERANCE = 100.0, 1e-6  # of a stage's weights; what adding up floats may be off by
HALF = 50.0  # one surface with more than this makes the stage its own
FEW_SURFACES = 4  # besides anchors, in a stage after the first
FEW_OF_FAMILY = 3  # surfaces that a family stands in
LISTS = ("families", "profiles", "competencies", "surfaces", "frontiers", "stages", "holdouts")


@dataclass(frozen=True, slots=True)
class Finding:
    keys: Keys
    problem: str
    warning: bool = False


Found = Iterator[Finding]


def audit(blueprint: Blueprint) -> list[Finding]:
    """Faults first, then warnings."""
    found = [one for look in LOOKS for one in look(blueprint)]
    return sorted(found, key=lambda one: one.warning)


def stated(
    blueprint: Blueprint, ledger: Ledger, contract: ContractSettings | None = None
) -> tuple[list[str], list[str]]:
    """Faults and warnings of the file itself, a line each: the audit, the phase, and whether it is of that contract."""
    found = audit(blueprint)
    told = [
        [blueprint.fault(one.keys, one.problem) for one in found if one.warning is warning] for warning in (False, True)
    ]
    if contract is not None and contract != blueprint.contract:
        told[0].append(blueprint.fault(("contract",), f"is {blueprint.contract.name}; the rung's is {contract.name}"))
    try:
        require_in_phase(blueprint, ledger)
    except RungwiseError as error:
        told[0].append(blueprint.fault(("phase",), str(error)))
    return told[0], told[1]


def _version(of: Blueprint) -> Found:
    if of.version != VERSION:
        yield Finding(("version",), f"{of.version}; expected {VERSION}")


def _twice(of: Blueprint) -> Found:
    for kind in LISTS:
        names = [one.name for one in getattr(of, kind)]
        for at, name in enumerate(names):
            if name in names[:at]:
                yield Finding((kind, at, "name"), f"{name!r} stands twice")


def _families(of: Blueprint) -> Found:
    for at, family in enumerate(of.families):
        for field in ("forms", "counts"):
            if not getattr(family, field):
                yield Finding(("families", at), f"{family.name!r} has no {field}; expected at least one")


def _profiles(of: Blueprint) -> Found:
    """Forms need one where rows only say what is wanted."""
    forms = {family.name: family.forms for family in of.families}
    for at, profile in enumerate(of.profiles):
        if profile.family not in forms:
            yield _unknown(("profiles", at, "family"), profile.family, forms, "family")
        elif profile.form not in forms[profile.family]:
            yield _unknown(("profiles", at, "form"), profile.form, forms[profile.family], f"form of {profile.family}")
    if not (of.profiles or any(surface.type == "intent" for surface in of.surfaces)):
        return
    told = {(profile.family, profile.form) for profile in of.profiles}
    for at, family in enumerate(of.families):
        for form in family.forms:
            if (family.name, form) not in told:
                yield Finding(("families", at, "forms"), f"{form!r} has no profile: no intent leads to it")


def _references(of: Blueprint) -> Found:
    known = {kind: [one.name for one in getattr(of, kind)] for kind in LISTS}
    for kind, field, names_of in (
        ("surfaces", "families", "families"), ("surfaces", "competencies", "competencies"),
        ("competencies", "stages", "stages"), ("frontiers", "covered_by", "surfaces"),
        ("stages", "mix", "surfaces"), ("holdouts", "surfaces", "surfaces"),
    ):  # fmt: skip
        for at, one in enumerate(getattr(of, kind)):
            yield from _missing((kind, at, field), getattr(one, field), known[names_of], names_of)
    yield from _missing(("non_regression",), of.non_regression, known["surfaces"], "surfaces")


def _missing(keys: Keys, names: Iterable[str], known: Sequence[str], kind: str) -> Found:
    return (_unknown(keys, name, known, f"one of the {kind}") for name in names if name not in known)


def _unknown(keys: Keys, name: str, known: Iterable[str], what: str) -> Finding:
    return Finding(keys, f"{name!r} is no {what}; {nearest(name, known)}")


def _types(of: Blueprint) -> Found:
    for at, surface in enumerate(of.surfaces):
        if surface.type in BANNED_TYPES:
            yield Finding(("surfaces", at, "type"), f"{surface.type!r} is banned: such rows teach what they warn of")
        elif surface.type not in TYPES:
            yield _unknown(("surfaces", at, "type"), surface.type, TYPES, "type of surface")


def _untaught(of: Blueprint) -> Found:
    for at, competency in enumerate(of.competencies):
        teaching = {one.name for one in of.surfaces if competency.name in one.competencies}
        if not teaching:
            yield Finding(("competencies", at), f"no surface teaches {competency.name!r}")
            continue
        for stage in of.stages:
            if stage.name in competency.stages and not teaching & _present(stage.mix):
                yield Finding(("competencies", at, "stages"), f"{competency.name!r} is not taught in {stage.name!r}")


def _uncovered(of: Blueprint) -> Found:
    present = {name for stage in of.stages for name in _present(stage.mix)}
    for at, frontier in enumerate(of.frontiers):
        if not frontier.why:
            yield Finding(("frontiers", at), f"{frontier.name!r} has no why; expected what makes it predictable")
        if not present & set(frontier.covered_by):
            yield Finding(("frontiers", at), f"{frontier.name!r} is covered by no surface that stands in a stage")


def _weights(of: Blueprint) -> Found:
    for at, stage in enumerate(of.stages):
        for name, weight in stage.mix.items():
            if weight <= 0:
                yield Finding(("stages", at, "mix", name), f"{weight:g}; expected above 0, or no such surface in it")
        if abs(sum(stage.mix.values()) - WHOLE) > TOLERANCE:
            yield Finding(("stages", at, "mix"), f"weights sum to {sum(stage.mix.values()):g}; expected {WHOLE:g}")


def _holdouts(of: Blueprint) -> Found:
    for at, holdout in enumerate(of.holdouts):
        if holdout.per_family <= 0:
            yield Finding(("holdouts", at, "per_family"), f"{holdout.per_family}; expected at least 1")


def _kept(of: Blueprint) -> Found:
    for at, stage in enumerate(of.stages):
        for name in of.non_regression:
            if name not in _present(stage.mix):
                yield Finding(("stages", at, "mix"), f"{name!r} is not in {stage.name!r}, and must not regress")


def _uneven(of: Blueprint) -> Found:
    """Warnings: what is not wrong, and often goes wrong."""
    anchors = {surface.name for surface in of.surfaces if surface.type == "anchor"}
    for at, stage in enumerate(of.stages):
        for name, weight in stage.mix.items():
            if weight > HALF:
                yield Finding(("stages", at, "mix"), f"{name!r} is {weight:g} of {WHOLE:g}: more than all else", True)
        others = len(_present(stage.mix) - anchors)
        if at and others < FEW_SURFACES:
            yield Finding(
                ("stages", at, "mix"), f"{others} surfaces besides anchors; {FEW_SURFACES} are few already", True
            )
    times = Counter(family for surface in of.surfaces for family in surface.families)
    for at, family in enumerate(of.families):
        if times[family.name] < FEW_OF_FAMILY:
            told = f"{family.name!r} stands in {times[family.name]} surfaces; expected {FEW_OF_FAMILY} or more"
            yield Finding(("families", at), told, True)


def _present(mix: dict[str, float]) -> set[str]:
    return {name for name, weight in mix.items() if weight > 0}


LOOKS = (
    _version, _twice, _families, _profiles, _references, _types, _untaught, _uncovered, _weights, _holdouts, _kept,
    _uneven,
)  # fmt: skip
