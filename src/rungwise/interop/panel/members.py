"""Which contracts a panel is made of: NAME:KEY=VALUE,KEY=VALUE with semicolons between them, or a list of such.

A member is called by its contract and the values it was given, where they are words: `gym:dataset=gcd` is gym-gcd.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rungwise.contract import Contract, Json, hash_of, identity, load_contract
from rungwise.errors import ContractError
from rungwise.records import settings_of
from rungwise.source import source

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    name: str
    spec: str
    settings: Mapping[str, Json]
    contract: Contract
    splits: Mapping[str, str]  # the panel's -> its own

    def mark(self) -> str:
        """What its tasks and verdicts depend on, its judge's source included."""
        return hash_of([self.spec, identity(self.contract), source(self.spec)])


def members(told: str | Sequence[str]) -> tuple[Member, ...]:
    listed = told.split(";") if isinstance(told, str) else told
    found = [_member(one.strip()) for one in listed if one.strip()]
    for at, one in enumerate(found):
        if one.name in [before.name for before in found[:at]]:
            raise ContractError(f"{one.name} stands twice; expected each member once", field="members")
    if not found:
        raise ContractError(
            "names no contract; expected NAME:KEY=VALUE,... with semicolons between them", field="members"
        )
    return tuple(found)


def _member(told: str) -> Member:
    found = re.fullmatch(r"(.+?):(\w+=.*)", told, re.DOTALL)
    spec, given = found.groups() if found else (told, "")
    settings = settings_of(re.split(r",(?=\w+=)", given)) if given else {}
    contract = load_contract(spec, settings)
    words = [str(value) for value in settings.values() if re.fullmatch(r"[\w.+-]+", str(value))]
    name = "-".join([contract.name, *words])
    return Member(name, spec, settings, contract, _splits(name, contract.splits))


def _splits(name: str, own: Sequence[str]) -> dict[str, str]:
    """Its first split trains; what it measures itself on first, where that is not called test, is the panel's test."""
    others = [split for split in own[1:] if split != "dev"]
    if "dev" not in own or not others:
        raise ContractError(f"{name} has the splits {', '.join(own)}; expected one to train, dev, and another")
    return {"train": own[0], "dev": "dev", "test": "test" if "test" in others else others[0]}
