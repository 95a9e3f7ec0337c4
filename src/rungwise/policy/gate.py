"""Whether a tokenizer and a context suit a contract's tasks, told before anything is trained."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rungwise.errors import InputError
from rungwise.policy.policy import Vocabulary

STEP = 64  # contexts are multiples of it
MOST, USUAL = 80, 78  # hundredths of the context that the longest, and all but a twentieth, may take


@dataclass(frozen=True, slots=True)
class Spread:
    p50: int
    p95: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    prompt: Spread
    gold: Spread
    both: Spread
    context: int  # the smallest that will do
    classes: Mapping[str, float]  # shares of the tokens of gold answers: control, reserved, byte, piece
    unreadable: int  # texts that do not come back from their tokens

    def refuse(self, context: int) -> None:
        if self.unreadable:
            raise InputError(f"{self.unreadable} texts do not come back from their tokens", field="tokens")
        if self.both.most > context:
            raise InputError(
                f"the longest gold answer has {self.both.most} tokens with its prompt, the context {context}; "
                f"model.context = {self.context} would do",
                field="model.context",
            )


def measure(tokens: Vocabulary, pairs: Iterable[tuple[str, str]]) -> Lengths:
    """Of prompts and their gold answers."""
    prompts, golds, unreadable = [], [], 0
    kinds: Counter[str] = Counter()
    reserved = {word.encode() for word in tokens.reserved}
    for prompt, gold in pairs:
        asked, answer = tokens.prompt(prompt), tokens.answer(gold)
        prompts.append(len(asked))
        golds.append(len(answer))
        unreadable += tokens.text(answer) != gold
        kinds.update(_kind(tokens.pieces[i], reserved) for i in answer)
    if not golds:
        raise InputError("there are no gold answers to measure; expected at least one task with its gold")
    both = _spread([p + g for p, g in zip(prompts, golds, strict=True)])
    return Lengths(
        prompt=_spread(prompts), gold=_spread(golds), both=both, context=_context(both), unreadable=unreadable,
        classes={kind: kinds[kind] / kinds.total() for kind in sorted(kinds)},
    )  # fmt: skip


def _kind(piece: bytes | None, reserved: set[bytes]) -> str:
    if piece is None:
        return "control"
    return "reserved" if piece in reserved else "byte" if len(piece) == 1 else "piece"


def _spread(lengths: Sequence[int]) -> Spread:
    p50, p95 = np.percentile(lengths, [50, 95], method="higher").tolist()
    return Spread(int(p50), int(p95), max(lengths))


def _context(both: Spread) -> int:
    return max(-(-100 * both.p95 // (USUAL * STEP)), -(-100 * both.most // (MOST * STEP))) * STEP
