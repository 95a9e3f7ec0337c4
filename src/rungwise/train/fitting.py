"""What a rung can be held to only when its contract is there: the splits, tiers and labels that it names."""

from collections.abc import Iterator, Sequence

from rungwise.contract import Contract
from rungwise.errors import InputError, nearest
from rungwise.train.rungfile import Keys
from rungwise.train.settings import Rung
from rungwise.train.shaping import require_sound


def require_known(rung: Rung, contract: Contract) -> None:
    """Every split, tier and label that the rung names is the contract's."""
    faults = [rung.fault(keys, f"no {what} {name!r}; {nearest(name, known)}")
              for what, name, known, keys in _named(rung, contract) if name not in known]  # fmt: skip
    if rung.rl:
        try:
            require_sound(rung.rl.form(), rung.rl.terms(), contract.failures, contract.tiers)
        except InputError as error:
            faults.append(rung.fault(("rl",), str(error)))
    if faults:
        raise InputError("\n".join(faults))


def _named(rung: Rung, contract: Contract) -> Iterator[tuple[str, str, Sequence[str], Keys]]:
    splits, tiers = contract.splits, contract.tiers
    if rung.sft:
        yield "split", rung.sft.split, splits, ("sft", "split")
        if rung.sft.heldout:
            yield "split", rung.sft.heldout_split, splits, ("sft", "heldout_split")
        yield from (("tier", tier, tiers, ("sft", "tiers", tier)) for tier in rung.sft.tiers)
        for i, source in enumerate(rung.sft.mixture):
            yield from (("tier", tier, tiers, ("sft", "mixture", i, "tiers", tier)) for tier in source.tiers)
    if rung.rl:
        yield "split", rung.rl.split, splits, ("rl", "split")
        yield from (("tier", tier, tiers, ("rl", "tiers", tier)) for tier in rung.rl.tiers)
