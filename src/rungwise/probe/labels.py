"""What one failed answer is, in words that hold for any contract; the contract's own label stands beside it.

1. One answer has one label. What was cut off or written past its end is not counted again as unreadable.
2. What a contract does not tell is not guessed at. Without a canonical form, an answer is unreadable where the contract
   labels it so; without gold, none is known to be empty or to have stopped early.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from rungwise.contract import Contract, Task, judge_all
from rungwise.probe.result import Outcome, Row

UNREADABLE = ("unreadable",)  # failure labels of text that is no answer at all, for contracts with no canonical form
LABELS = (
    "none", "exploit", "control_junk", "tail_spill", "degenerate", "truncated", "empty", "unreadable", "wrong"
)  # fmt: skip
LINES = 64  # at most so many are taken off an answer in search of one that stands before them


def label(outcome: Outcome) -> str:
    """One of LABELS. The contract's own label stands beside it, in `outcome.failure`."""
    if outcome.exploit is not None:
        return "exploit"
    if outcome.passed:
        return "none"
    if outcome.control:
        return "control_junk"
    if outcome.tail:
        return "tail_spill"
    if outcome.ended == "degenerate":
        return "degenerate"
    if outcome.ended == "length":
        return "truncated"
    if empty(outcome):
        return "empty"
    return "wrong" if readable(outcome) else "unreadable"


def counted(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How many greedy answers have each label, by the contract's own label."""
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(label(row.greedy), Counter())[row.greedy.failure or "none"] += 1
    return {name: dict(sorted(found[name].items())) for name in LABELS if name in found}


def readable(outcome: Outcome) -> bool:
    return outcome.failure not in UNREADABLE if outcome.parsed is None else outcome.parsed


def empty(outcome: Outcome) -> bool:
    """Known where there is gold: only nothing at all stands at its beginning and differs from its first character."""
    return outcome.prefix is True and outcome.divergence == 0


def stopped_early(outcome: Outcome) -> bool:
    return outcome.prefix is True and not empty(outcome) and label(outcome) in ("unreadable", "wrong")


def spilled(contract: Contract, task: Task, text: str, gold: str | None = None) -> bool:
    """Whether an unreadable text is an answer that would have been right, had it stopped in time.

    A readable beginning is not enough: in a language of lines, every broken line has one before it.
    """
    canonical: Callable[[str], str | None] | None = getattr(contract, "canonical", None)
    if canonical is None or canonical(text) is not None:
        return False
    right = None if gold is None else canonical(gold)
    lines = text.split("\n")
    begun = ["\n".join(lines[:end]) for end in range(len(lines) - 1, max(0, len(lines) - 1 - LINES), -1)]
    read = [(beginning, form) for beginning in begun if (form := canonical(beginning)) is not None]
    if any(form == right for _, form in read):
        return True
    return bool(read) and judge_all(contract, [(task, read[0][0])])[0].passed
