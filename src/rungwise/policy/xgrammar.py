"""Grammars that our own tables cannot hold, recursive ones and JSON schemas, behind the small part of `Automaton` that
a sampler and a learner call. The library xgrammar does the work; it is imported on use.

1. A state is a number for the tokens drawn so far. xgrammar's matchers have a life of their own and only go forward:
   the newest are kept, one a state, and one that is gone is made again from its tokens. The numbers stay, so one of
   these is made anew for each stretch of work, not kept for a whole training.
2. Its masks allow every spelling of a text, not only the tokenizer's own. It has no tables for the sampler in C: what
   draws with it is `stepping`.
3. Tried with xgrammar 0.2.8 (TokenizerInfo, GrammarCompiler, GrammarMatcher), installed with apache-tvm-ffi alone. It
   asks for triton and is not among what the suite installs: its test runs only where it is installed.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.policy.dfa import DEAD, Flags
from rungwise.policy.grammar import not_allowed
from rungwise.policy.policy import Ids, Vocabulary

KEPT = 4096  # matchers at a time


def foreign_grammar(kind: str, source: str, tokens: Vocabulary) -> "ForeignGrammar":
    """`source` is a JSON schema ("schema"), a grammar in EBNF ("ebnf") or a regular expression ("regex")."""
    try:
        library = importlib.import_module("xgrammar")
    except ImportError as error:
        raise InputError(f"a grammar of kind {kind} needs xgrammar; expected `pip install xgrammar`") from error
    compiler = library.GrammarCompiler(
        library.TokenizerInfo([piece or b"" for piece in tokens.pieces], stop_token_ids=[tokens.end])
    )
    kinds = {"schema": compiler.compile_json_schema, "ebnf": compiler.compile_grammar, "regex": compiler.compile_regex}
    if kind not in kinds:
        raise InputError(f"no kind of grammar {kind!r}; {nearest(kind, kinds)}")
    return ForeignGrammar(library, kinds[kind](source), tokens.size)


class ForeignGrammar:
    start = 0

    def __init__(self, library: Any, compiled: Any, size: int) -> None:
        self.size, self._library, self._compiled = size, library, compiled
        self._mask = library.allocate_token_bitmask(1, size)
        self._came: list[tuple[int, int]] = [(DEAD, -1)]  # of each state the one before it and the token between
        self._number: dict[tuple[int, int], int] = {}
        self._matchers: dict[int, Any] = {}

    def advance(self, state: int, token: int) -> int:
        """DEAD where the token is not of the grammar."""
        if state == DEAD or (state, token) in self._number:
            return self._number.get((state, token), DEAD)
        matcher = self._matcher(state)
        if not matcher.accept_token(token):
            return DEAD
        del self._matchers[state]
        self._number[state, token] = len(self._came)
        self._came.append((state, token))
        self._keep(len(self._came) - 1, matcher)
        return len(self._came) - 1

    def allowed(self, state: int, _previous: int) -> Flags:
        if state == DEAD:
            raise RungwiseError("the text has left the grammar: a token was drawn that its mask did not allow")
        self._library.reset_token_bitmask(self._mask)
        self._matcher(state).fill_next_token_bitmask(self._mask, 0)
        eights = self._mask.numpy().astype("<i4").view(np.uint8)
        flags: Flags = np.unpackbits(eights, axis=1, count=self.size, bitorder="little")[0].view(np.bool_)
        return flags

    def masks(self, ids: Sequence[int] | Ids) -> Flags:
        state, rows = self.start, np.zeros((len(ids), self.size), dtype=bool)
        for at, token in enumerate(ids):
            rows[at] = self.allowed(state, -1)
            if not rows[at, token]:
                raise not_allowed(int(token), at)
            state = self.advance(state, int(token))
        return rows

    def _matcher(self, state: int) -> Any:
        if state not in self._matchers:
            matcher, path, at = self._library.GrammarMatcher(self._compiled), list[int](), state
            while at != self.start:
                at, token = self._came[at]
                path.append(token)
            for token in reversed(path):
                matcher.accept_token(token)
            self._keep(state, matcher)
        return self._matchers[state]

    def _keep(self, state: int, matcher: Any) -> None:
        self._matchers[state] = matcher
        if len(self._matchers) > KEPT:
            del self._matchers[next(iter(self._matchers))]
