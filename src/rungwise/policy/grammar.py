"""A contract's grammar as tables of what token may come next: decoding held to the language, in microseconds a step.

1. A state is where the text stands in the grammar's byte automaton (`dfa`), together with what has begun of reserved
   words (`spelling`). Tokens move it byte by byte, so one small table serves any vocabulary.
2. `bits` says for each state which tokens may come, `pairs` for each token which may come next to it. A token may come
   where both say so. The end token may come exactly where the text is complete.
3. For our own tokenizer the tokens of a text are then exactly `Tokens.answer` of it: no probability goes to other
   spellings. Other vocabularies are held to the grammar alone, in any spelling, and have no `pairs`.
4. There is never a dead end. A token stays allowed in a state only while some token may follow it there; where one is
   struck, those that led to it are looked at again, until nothing changes. A vocabulary of others needs no such search:
   it writes every byte, and every state of a byte automaton can be completed.
5. What the sampler draws from and what the learner computes with is the same mask (`masks`), so their ratio is exact.
   Where one token alone may come (`forced`) it costs no chance and carries no gradient.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rungwise.contract import Grammar
from rungwise.errors import ContractError, InputError, RungwiseError
from rungwise.policy.dfa import DEAD, ByteAutomaton, Flags, Table, byte_automaton, require_few
from rungwise.policy.policy import Ids, Vocabulary
from rungwise.policy.regex import read
from rungwise.policy.spelling import Watch, neighbours, watch, words_of
from rungwise.policy.tokens import Tokens

Words = np.ndarray[Any, np.dtype[np.uint32]]  # 32 tokens a word: token t is bit t & 31 of word t >> 5
MOST_BYTES = 1 << 30  # of tables
AT_ONCE = 1 << 17  # rows of a table that are looked at together


@dataclass(frozen=True, slots=True, eq=False)
class Automaton:
    """Plain arrays, so that C reads them as they are."""

    start: int
    delta: Table  # [states, 256]
    bits: Words  # [states, words]
    pairs: Words | None  # [vocabulary, words]
    piece_bytes: np.ndarray[Any, np.dtype[np.uint8]]  # of all tokens, one after the other
    piece_start: Table  # [vocabulary + 1]

    @property
    def size(self) -> int:
        return len(self.piece_start) - 1

    def advance(self, state: int, token: int) -> int:
        """DEAD where the token's bytes leave the grammar; the end token and other controls have none."""
        for byte in self.piece_bytes[self.piece_start[token] : self.piece_start[token + 1]].tolist():
            if state == DEAD:
                return DEAD
            state = int(self.delta[state, byte])
        return state

    def states(self, ids: Sequence[int] | Ids) -> Table:
        """The state before each token."""
        found = [self.start]
        for at, token in enumerate(ids[:-1]):
            found.append(self.advance(found[-1], int(token)))
            if found[-1] == DEAD:
                raise not_allowed(int(token), at)
        return np.array(found[: len(ids)], dtype=np.int32)

    def allowed(self, state: int, previous: int) -> Flags:
        """[vocabulary]: what may come in a state after a token, -1 at the beginning."""
        if state == DEAD:
            raise RungwiseError("the text has left the grammar: a token was drawn that its mask did not allow")
        row: Flags = self._row(np.array([state]), np.array([previous]))[0]
        if not row.any():
            raise RungwiseError(f"the grammar allows no token in state {state} after token {previous}: a dead end")
        return row

    def masks(self, ids: Sequence[int] | Ids) -> Flags:
        """[tokens, vocabulary]: what might have come in the place of each token, which itself must be among it."""
        before = np.concatenate([[-1], np.asarray(ids, dtype=np.int64)[:-1]])[: len(ids)]
        rows = self._row(self.states(ids), before)
        wrong = np.flatnonzero(~rows[np.arange(len(ids)), np.asarray(ids, dtype=np.int64)])
        if len(wrong):
            raise not_allowed(int(ids[wrong[0]]), int(wrong[0]))
        return rows

    def forced(self, ids: Sequence[int] | Ids) -> Flags:
        """The places where nothing else might have come."""
        alone: Flags = np.count_nonzero(self.masks(ids), axis=1) == 1
        return alone

    def _row(self, states: np.ndarray[Any, Any], previous: np.ndarray[Any, Any]) -> Flags:
        words = self.bits[states]
        if self.pairs is not None:
            words = np.where(previous[:, None] < 0, words, words & self.pairs[previous])
        return unpacked(words, self.size)


def not_allowed(token: int, at: int) -> RungwiseError:
    return RungwiseError(f"token {token} at place {at} of an answer is not one that the grammar allows there")


def compile_grammar(grammar: Grammar, tokens: Vocabulary) -> Automaton:
    language = byte_automaton(read(grammar))
    pieces = [piece or b"" for piece in tokens.pieces]
    starts = np.cumsum([0, *map(len, pieces)], dtype=np.int64).astype(np.int32)
    flat = np.frombuffer(b"".join(pieces), dtype=np.uint8)
    if not isinstance(tokens, Tokens):
        _require_bytes(language, tokens)
        return Automaton(0, language.delta, _fitting(language, tokens), None, flat, starts)
    delta, bits, pairs = _canonical(language, tokens)
    return Automaton(0, delta, bits, pairs, flat, starts)


def packed(flags: Flags) -> Words:
    """[rows, tokens] as bits."""
    rows, size = flags.shape
    padded = np.zeros((rows, -(-size // 32) * 32), dtype=bool)
    padded[:, :size] = flags
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def unpacked(words: Words, size: int) -> Flags:
    eights = np.ascontiguousarray(words, dtype="<u4").view(np.uint8)
    flags: Flags = np.unpackbits(eights, axis=1, count=size, bitorder="little").view(np.bool_)
    return flags


# ---- any vocabulary ----


def _require_bytes(language: ByteAutomaton, tokens: Vocabulary) -> None:
    """That every byte of the language has a token of its own, so that whatever has begun can be ended."""
    written = {piece[0] for piece in tokens.pieces if piece and len(piece) == 1}
    missing = [byte for byte in np.flatnonzero((language.delta != DEAD).any(0)).tolist() if byte not in written]
    if missing:
        raise InputError(f"the tokenizer has no token for the byte {missing[0]:#04x}, which the grammar needs")


def _fitting(language: ByteAutomaton, tokens: Vocabulary) -> Words:
    """Of each state the tokens whose bytes it can read."""
    words = -(-tokens.size // 32)
    if len(language.delta) * words * 4 > MOST_BYTES:
        raise ContractError(
            f"{len(language.delta)} states and {tokens.size} tokens need tables of more than {MOST_BYTES >> 30} GiB; "
            "expected a smaller grammar, or one held by xgrammar"
        )
    bits = np.zeros((len(language.delta), words), dtype=np.uint32)
    for token, states in _walked(language.delta, tokens.pieces):
        bits[states != DEAD, token >> 5] |= np.uint32(1 << (token & 31))
    bits[language.accepting, tokens.end >> 5] |= np.uint32(1 << (tokens.end & 31))
    return bits


def _walked(delta: Table, pieces: Sequence[bytes | None]) -> Iterator[tuple[int, Table]]:
    """Each token that has bytes, and where it leads from every state; in such an order that beginnings are shared."""
    with_dead = np.vstack([delta, np.full((1, 256), DEAD, dtype=np.int32)])  # the row that DEAD, -1, is
    path, steps = b"", [np.arange(len(delta), dtype=np.int32)]
    for piece, token in sorted((piece, token) for token, piece in enumerate(pieces) if piece):
        common = _shared(path, piece)
        del steps[common + 1 :]
        for byte in piece[common:]:
            steps.append(with_dead[steps[-1], byte])
        path = piece
        yield token, steps[-1]


def _shared(one: bytes, other: bytes) -> int:
    """How long a beginning they have in common."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


# ---- our own, in its own spelling ----


@dataclass(frozen=True, slots=True, eq=False)
class _Product:
    """Where a text stands in the language and what has begun of reserved words, as far as bytes lead there together."""

    delta: Table
    language: Table  # of each state its part in the language
    words: Table  # and in the watch over reserved words
    number: Table  # [parts in the language, parts in the watch]: the state, DEAD where there is none


def _canonical(language: ByteAutomaton, tokens: Tokens) -> tuple[Table, Words, Words]:
    begun, follows = watch(words_of(tokens)), neighbours(tokens)
    product = _product(language.delta, begun.delta)
    moves = dict(_walked(language.delta, tokens.pieces))
    turns = dict(_walked(begun.delta, tokens.pieces))
    fits = np.zeros((len(language.delta), tokens.size), dtype=bool)
    spells = np.ones((len(begun.delta), tokens.size), dtype=bool)
    for token, states in moves.items():
        fits[:, token] = (states != DEAD) & follows[token].any()
        spells[:, token] = _spelled(begun, tokens.pieces[token] or b"", reserved=token in tokens.reserved_ids)
    fits[language.accepting, tokens.end] = True
    pairs, bits = packed(follows), packed(fits)[product.language] & packed(spells)[product.words]

    def led(token: int, states: Table) -> Table:
        return product.number[moves[token][product.language[states]], turns[token][product.words[states]]]

    bits = _without_dead_ends(bits, pairs, [token for token in moves if follows[token].any()], led)
    if not bits[0].any():
        raise ContractError("the grammar has no text that the tokenizer can write")
    return product.delta, bits, pairs


def _product(language: Table, words: Table) -> _Product:
    both = np.vstack([language, words])
    _, kinds, kind_of = np.unique(both, axis=1, return_index=True, return_inverse=True)
    language, words = language[:, kinds], words[:, kinds]
    number = np.full((len(language), len(words)), DEAD, dtype=np.int32)
    number[0, 0], count = 0, 1
    fresh = [np.array([0])]  # places in `number`, in the order of their states
    while len(fresh[-1]):
        after, begun = language[fresh[-1] // len(words)], words[fresh[-1] % len(words)]
        places = np.unique(after[after != DEAD].astype(np.int64) * len(words) + begun[after != DEAD])
        fresh.append(places[number.reshape(-1)[places] == DEAD])
        number.reshape(-1)[fresh[-1]] = np.arange(count, count + len(fresh[-1]))
        count += len(fresh[-1])
        require_few(count)
    stands, begun_there = (part.astype(np.int32) for part in np.divmod(np.concatenate(fresh), len(words)))
    after = language[stands]
    delta = np.where(after == DEAD, DEAD, number[after, words[begun_there]])
    return _Product(np.ascontiguousarray(delta[:, kind_of.reshape(-1)]), stands, begun_there, number)


def _spelled(begun: Watch, piece: bytes, *, reserved: bool) -> Flags:
    """In which states a token completes no word that it must not: a reserved one may complete what begins with it."""
    states = np.arange(len(begun.delta))
    may = np.ones(len(states), dtype=bool)
    for read_, byte in enumerate(piece, 1):
        may &= begun.completed[states, byte] <= (read_ if reserved else 0)
        states = begun.delta[states, byte]
    return may


def _without_dead_ends(bits: Words, pairs: Words, tokens: Sequence[int], led: Callable[[int, Table], Table]) -> Words:
    """Strikes tokens after which none may come.

    A state is safe where some token may come that goes with any other: only what leads to the others needs a look.
    """
    with_any = np.bitwise_and.reduce(pairs[np.array(tokens)])
    while True:
        safe = (bits & with_any).any(1)
        sources, drawn, targets = _edges(bits, tokens, led, safe)
        while not (alive := _goes_on(bits, pairs, drawn, targets)).all():
            struck = np.uint32(1) << (drawn[~alive] & 31).astype(np.uint32)
            np.bitwise_and.at(bits, (sources[~alive], drawn[~alive] >> 5), ~struck)
            sources, drawn, targets = sources[alive], drawn[alive], targets[alive]
        if np.array_equal(safe, (bits & with_any).any(1)):
            return bits


def _edges(
    bits: Words, tokens: Sequence[int], led: Callable[[int, Table], Table], safe: Flags
) -> tuple[Table, Table, Table]:
    """State, token and state after it, wherever a token leads to a state that is not safe."""
    found, columns = [], np.ascontiguousarray(bits.T)
    for token in tokens:
        sources = np.flatnonzero(columns[token >> 5] >> np.uint32(token & 31) & 1).astype(np.int32)
        targets = led(token, sources)
        sources, targets = sources[~safe[targets]], targets[~safe[targets]]
        found.append(np.stack([sources, np.full_like(sources, token), targets]))
    sources, drawn, targets = np.concatenate(found, axis=1)
    return sources, drawn, targets


def _goes_on(bits: Words, pairs: Words, drawn: Table, targets: Table) -> Flags:
    parts = [slice(i, i + AT_ONCE) for i in range(0, len(drawn), AT_ONCE)]
    return np.concatenate([(bits[targets[p]] & pairs[drawn[p]]).any(1) for p in parts] or [np.ones(0, dtype=bool)])
