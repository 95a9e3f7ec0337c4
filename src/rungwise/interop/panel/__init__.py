"""A panel: many small contracts as one, so that a model trained on all but some is measured on each.

members.py      which they are
matrix.py       what was trained on against what is measured: the transfer matrix
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from rungwise.contract import (
    Contract,
    Grammar,
    Json,
    Repair,
    Sabotage,
    Task,
    Verdict,
    hash_of,
    judge_all,
    structure_of,
    task_id,
)  # fmt: skip
from rungwise.errors import ContractError, InputError, nearest
from rungwise.interop.panel.members import SPLITS, Member, members

MARK = 8  # digits of the hash over all members
BRIEF = 48  # characters
ONE = "all"
TIERS = ("one", "union")  # a member may have tiers that none of its three splits here shows, and no order with others'


class Panel:
    """Tasks of its members in turn, each judged by its own judge."""

    name = "panel"
    splits = SPLITS

    def __init__(self, found: tuple[Member, ...], leave: tuple[str, ...], tiers: str) -> None:
        self.members = {one.name: one for one in found}
        self.left = leave
        self.version = f"1+{hash_of([one.mark() for one in found])[:MARK]}"
        union = dict.fromkeys(tier for one in found for tier in one.contract.tiers)
        self.tiers = (ONE,) if tiers == "one" else tuple(union)
        self.failures: Mapping[str, str] = {
            label: mend for one in reversed(found) for label, mend in one.contract.failures.items()
        }
        self.gold_floor = min(one.contract.gold_floor for one in found)
        self.settings: Mapping[str, Json] = {
            "members": _brief(list(self.members)), "leave": _brief(leave), "tiers": tiers,
        }  # fmt: skip

    def tasks(self, split: str, n: int, seed: int) -> Sequence[Task]:
        if split not in SPLITS:
            raise InputError(f"no split {split!r}; {nearest(split, SPLITS)}", field="split")
        taking = [one for one in self.members.values() if split != "train" or one.name not in self.left]
        drawn = [self._drawn(one, split, -(-(n - at) // len(taking)), seed) for at, one in enumerate(taking)]
        return [drawn[i % len(taking)][i // len(taking)] for i in range(n)]

    def _drawn(self, member: Member, split: str, n: int, seed: int) -> list[Task]:
        found = member.contract.tasks(member.splits[split], n, seed) if n > 0 else ()
        if len(found) < max(0, n):
            raise InputError(f"{member.name} has {len(found)} tasks for {split}; {n} asked for")
        return [self._task(member, split, task) for task in found]

    def _task(self, member: Member, split: str, task: Task) -> Task:
        return Task(
            id=task_id(self.name, "1", member=member.name, task=task.id), contract=self.name, split=split,
            tier=task.tier if self.tiers != (ONE,) else ONE, family=member.name, prompt=task.prompt,
            facts={"member": member.name, "task": asdict(task)},
        )  # fmt: skip

    def gold(self, task: Task) -> str | None:
        contract, own = self._own(task)
        return contract.gold(own)

    def judge(self, task: Task, answer: str) -> Verdict:
        contract, own = self._own(task)
        return contract.judge(own, answer)

    def sabotage(self, task: Task, seed: int) -> Iterable[Sabotage]:
        contract, own = self._own(task)
        return contract.sabotage(own, seed)

    def repair(self, answer: str) -> Repair:
        """A mend on which all members agree: whose task it is for is not known here."""
        mends = [one.contract.repair(answer) for one in self.members.values()]
        return mends[0] if len({mend.answer for mend in mends}) == 1 else Repair(answer=answer)

    def grammar(self) -> Grammar | None:
        """That of all members, where they have one in common."""
        first, *others = [one.contract.grammar() for one in self.members.values()]
        return first if all(other == first for other in others) else None

    def picture(self, task: Task, answer: str) -> str | None:
        contract, own = self._own(task)
        return contract.picture(own, answer)

    # What a contract may also offer.

    def judge_batch(self, pairs: Sequence[tuple[Task, str]]) -> list[Verdict]:
        """Each member's together, in the order of the pairs."""
        verdicts: dict[int, Verdict] = {}
        for name, one in self.members.items():
            mine = [at for at, (task, _) in enumerate(pairs) if task.facts["member"] == name]
            own = [(self._own(pairs[at][0])[1], pairs[at][1]) for at in mine]
            verdicts.update(zip(mine, judge_all(one.contract, own, attempts=1) if own else (), strict=True))
        return [verdicts[at] for at in range(len(pairs))]

    def structure(self, task: Task) -> Json:
        contract, own = self._own(task)
        return [task.facts["member"], structure_of(contract, own)]

    def public(self, task: Task) -> Mapping[str, Json]:
        contract, own = self._own(task)
        of = getattr(contract, "public", None)
        return {"member": task.facts["member"], **(of(own) if of else {})}

    def _own(self, task: Task) -> tuple[Contract, Task]:
        """The member that the task is of, and the task as that one made it."""
        return self.members[task.facts["member"]].contract, Task(**task.facts["task"])


def _brief(names: Sequence[str]) -> str:
    """As much as fits where an identity names a file; the whole members are in the version's hash."""
    whole = "+".join(names)
    return whole if len(whole) <= BRIEF else f"{len(names)}-{hash_of(whole)[:MARK]}"


def panel(
    members: str | Sequence[str] = "gym:dataset=leg_counting;gym:dataset=chain_sum;trace:surface=compact",
    leave: str | Sequence[str] = "",
    tiers: str = "one",
) -> Contract:
    """`members` are contracts with their settings, `leave` names those that `train` does without, with commas between
    them; the other splits have all. `tiers` is "one" for all, or "union": those of the members, in their order."""
    found = _members(members)
    known = [one.name for one in found]
    listed = leave.split(",") if isinstance(leave, str) else leave
    left = tuple(name.strip() for name in listed if name.strip())
    for name in left:
        if name not in known:
            raise ContractError(f"no member {name!r}; {nearest(name, known)}", field="leave")
    if set(left) == set(known):
        raise ContractError("leaves no member to train on", field="leave")
    if tiers not in TIERS:
        raise ContractError(f"no way {tiers!r} of having tiers; {nearest(tiers, TIERS)}", field="tiers")
    return Panel(found, left, tiers)


_members = members  # the factory's setting has the same name
