"""When a sequence of tokens is the one that the tokenizer itself would write for its text.

A text has one spelling that a model is trained on and many more that no grammar over bytes rules out. What makes a
sequence of ours canonical:

1. Reserved words are found first, leftmost and then longest, as the tokenizer does it. So no word may be completed that
   began at a byte of a plain token; and none that began with a reserved word and goes on behind it. `Watch` follows
   every word that has begun and is not yet complete. Where a byte completes words it goes on as if the longest stood
   there as a token; the tokens that complete a word wrongly are told by `completed`.
2. What lies between reserved words is cut and then merged, pair of bytes by pair of bytes. A cut can be told from the
   two bytes it falls between (`tokens.joined`), and merging leaves a sequence as it is exactly where it leaves each two
   neighbours as they are: so the rest is a property of pairs of tokens.
3. A control token's text is followed like a reserved word's and has no token that writes it: it is never written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rungwise.errors import ContractError
from rungwise.policy.dfa import MOST_STATES, Table
from rungwise.policy.tokens import CONTROLS, Tokens, joined

Square = np.ndarray[Any, np.dtype[np.bool_]]  # [vocabulary, vocabulary]


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """State 0: no word has begun."""

    delta: Table  # [states, 256]; a byte always leads somewhere
    completed: Table  # [states, 256]: the length of the longest word that the byte completes, 0 for none


def watch(words: Sequence[bytes]) -> Watch:
    """A state is the set of all that has been read of words not yet complete, which is all that matters of the past."""
    begun = {word[:i] for word in words for i in range(1, len(word))}
    whole = set(words)
    number: dict[frozenset[bytes], int] = {frozenset(): 0}
    states = list(number)
    delta, completed = list[list[int]](), list[list[int]]()
    for state in states:  # it grows on the way
        nexts = _nexts(state, begun, whole)
        delta.append([0] * 256)
        completed.append([0] * 256)
        for byte, (after, length) in nexts.items():
            if after not in number:
                number[after] = len(states)
                states.append(after)
            delta[-1][byte], completed[-1][byte] = number[after], length
    if len(states) > MOST_STATES:
        raise ContractError(f"{len(whole)} reserved words need more than {MOST_STATES:,} states; expected fewer")
    return Watch(np.array(delta, dtype=np.int32), np.array(completed, dtype=np.int32))


def _nexts(state: frozenset[bytes], begun: set[bytes], whole: set[bytes]) -> dict[int, tuple[frozenset[bytes], int]]:
    """For every byte that matters: what has then begun, and how long a word it completes."""
    found: dict[int, tuple[frozenset[bytes], int]] = {}
    for byte in range(256):
        read = [part + bytes([byte]) for part in (b"", *state)]
        length = max((len(word) for word in read if word in whole), default=0)
        after = frozenset(part for part in read if part in begun and len(part) >= length)
        if after or length:
            found[byte] = after, length
    return found


def words_of(tokens: Tokens) -> list[bytes]:
    return [word.encode() for word in (*tokens.reserved, *CONTROLS)]


def neighbours(tokens: Tokens) -> Square:
    """[a, b]: nothing between them would be merged or cut in another way; a reserved word stands beside everything."""
    pieces = tokens.pieces
    may = np.ones((tokens.size, tokens.size), dtype=bool)
    plain = [i for i, piece in enumerate(pieces) if piece is not None and i not in tokens.reserved_ids]
    for a, b in _mergeable(tokens, plain):
        may[a, b] = tokens.merged(_piece(pieces, a) + _piece(pieces, b)) == [a, b]
    for a in plain:
        if tokens.merged(_piece(pieces, a)) != [a]:
            may[a, :] = may[:, a] = False
    return may


def _mergeable(tokens: Tokens, plain: Sequence[int]) -> list[tuple[int, int]]:
    """The pairs that must be tried: uncut, and some end of the first merges with some beginning of the second."""
    pieces = tokens.pieces
    id_of = {pieces[i]: i for i in plain}
    ends, begins = (np.zeros((tokens.size, tokens.size), dtype=np.float32) for _ in range(2))
    for i in plain:
        piece = _piece(pieces, i)
        for cut in range(len(piece)):
            if piece[cut:] in id_of:
                ends[i, id_of[piece[cut:]]] = 1
            if piece[: cut + 1] in id_of:
                begins[id_of[piece[: cut + 1]], i] = 1
    merges = np.zeros_like(ends)
    merges[tuple(np.array(tokens.merges, dtype=np.int64).reshape(-1, 2).T)] = 1
    together = np.array([[joined(first, second) for second in range(256)] for first in range(256)])
    last, first = (np.array([piece[at] if piece else 0 for piece in pieces]) for at in (-1, 0))
    candidates = (ends @ merges @ begins > 0) & together[last][:, first]
    return [(int(a), int(b)) for a, b in np.argwhere(candidates)]


def _piece(pieces: Sequence[bytes | None], i: int) -> bytes:
    piece = pieces[i]
    assert piece is not None
    return piece
