"""What the automaton lets through is the language, in the tokenizer's own spelling; and nothing runs into a wall."""

import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from rungwise.contract import Contract, Grammar, load_contract
from rungwise.errors import ContractError, InputError, RungwiseError
from rungwise.policy import dfa
from rungwise.policy.dfa import DEAD, ByteAutomaton, byte_automaton
from rungwise.policy.grammar import Automaton, compile_grammar, packed, unpacked
from rungwise.policy.policy import Vocabulary
from rungwise.policy.regex import read
from rungwise.policy.tokens import Tokens, build
from rungwise.scaffold import TEMPLATE

SPECS: dict[str, tuple[str, dict[str, str]]] = {
    "canvas json": ("canvas", {"surface": "json"}),
    "canvas compact": ("canvas", {"surface": "compact"}),
    "scaffold": (f"{TEMPLATE / 'newlang' / '__init__.py'}:newlang", {}),
}


@cache
def held(name: str, size: int = 420) -> tuple[Contract, Grammar, Tokens, Automaton, list[str]]:
    spec, chosen = SPECS[name]
    contract = load_contract(spec, chosen)
    grammar = contract.grammar()
    assert grammar is not None
    tasks = contract.tasks(contract.splits[0], 3, 0)
    golds = [contract.gold(task) or "" for task in tasks]
    tokens = build(grammar, [*(task.prompt for task in tasks), *golds], size)
    return contract, grammar, tokens, compile_grammar(grammar, tokens), golds


def walk(automaton: Automaton, tokens: Vocabulary, seed: int, soon: int = 40) -> list[int]:
    """Any allowed token, and the end where it is allowed after `soon`."""
    rng, ids = random.Random(seed), list[int]()
    state, previous = automaton.start, -1
    while previous != tokens.end:
        may = np.flatnonzero(automaton.allowed(state, previous))
        previous = tokens.end if len(ids) > soon and tokens.end in may else int(rng.choice(may))
        ids.append(previous)
        state = automaton.advance(state, previous)
    return ids


def lets_through(automaton: Automaton, ids: list[int]) -> bool:
    try:
        return len(automaton.masks(ids)) == len(ids)
    except RungwiseError:
        return False


def accepts(automaton: ByteAutomaton, text: str) -> bool:
    state = 0
    for byte in text.encode():
        state = int(automaton.delta[state, byte])
        if state == DEAD:
            return False
    return bool(automaton.accepting[state])


def one_rule(body: str, *reserved: str) -> Grammar:
    return Grammar(start="a", rules={"a": body}, reserved=reserved)


# ---- the languages that ship ----


@pytest.mark.parametrize("name", SPECS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=12, deadline=None)
def test_what_is_drawn_is_in_the_language_and_spelled_as_the_tokenizer_spells(name: str, seed: int) -> None:
    _, grammar, tokens, automaton, _ = held(name)
    ids = walk(automaton, tokens, seed)
    text = tokens.text(ids)
    assert re.fullmatch(grammar.regex(), text)
    assert tokens.answer(text) == ids


@pytest.mark.parametrize("name", SPECS)
def test_gold_answers_are_let_through(name: str) -> None:
    _, _, tokens, automaton, golds = held(name)
    for gold in golds:
        ids = tokens.answer(gold)
        assert lets_through(automaton, ids)
        assert not lets_through(automaton, [*ids[:-2], ids[-1]])  # the text without its last token is not complete


@pytest.mark.parametrize("name", SPECS)
def test_no_token_that_may_come_is_the_last_that_may(name: str) -> None:
    _, _, tokens, automaton, _ = held(name)
    assert automaton.pairs is not None
    rng = np.random.default_rng(0)
    for state in rng.choice(len(automaton.delta), min(300, len(automaton.delta)), replace=False).tolist():
        for token in np.flatnonzero(unpacked(automaton.bits[[state]], tokens.size)[0]).tolist():
            after = automaton.advance(state, token)
            assert token == tokens.end or (automaton.bits[after] & automaton.pairs[token]).any()


def test_masks_states_and_steps_say_the_same() -> None:
    _, _, tokens, automaton, golds = held("canvas compact")
    ids = np.array(tokens.answer(golds[0]), dtype=np.int32)
    masks, states = automaton.masks(ids), automaton.states(ids)
    state, previous = automaton.start, -1
    for i, token in enumerate(ids.tolist()):
        assert state == states[i] and (automaton.allowed(state, previous) == masks[i]).all() and masks[i, token]
        state, previous = automaton.advance(state, token), token
    assert masks.shape == (len(ids), tokens.size)
    assert automaton.forced(ids).tolist() == [row.sum() == 1 for row in masks]
    assert automaton.masks(ids[:0]).shape == (0, tokens.size)


def test_the_tables_are_what_c_reads() -> None:
    _, _, tokens, automaton, _ = held("scaffold")
    words = -(-tokens.size // 32)
    assert automaton.delta.dtype == np.int32 and automaton.delta.shape[1] == 256 and automaton.delta.flags.c_contiguous
    assert automaton.bits.dtype == np.uint32 and automaton.bits.shape == (len(automaton.delta), words)
    assert automaton.pairs is not None and automaton.pairs.shape == (tokens.size, words)
    assert automaton.bits.flags.c_contiguous and automaton.pairs.flags.c_contiguous
    assert automaton.piece_bytes.dtype == np.uint8 and automaton.piece_start.dtype == np.int32
    for token, piece in enumerate(tokens.pieces):
        inside = automaton.piece_bytes[automaton.piece_start[token] : automaton.piece_start[token + 1]]
        assert inside.tobytes() == (piece or b"")
    may = automaton.allowed(automaton.start, -1)
    assert [bool(automaton.bits[0, t >> 5] >> np.uint32(t & 31) & 1) for t in range(tokens.size)] == may.tolist()


def test_the_end_may_come_exactly_where_the_text_is_complete() -> None:
    _, grammar, tokens, automaton, golds = held("scaffold")
    ids = tokens.answer(golds[0])
    masks = automaton.masks(ids)
    for i in range(len(ids)):
        assert masks[i, tokens.end] == bool(re.fullmatch(grammar.regex(), tokens.text(ids[:i])))


def test_a_choice_of_one_is_forced() -> None:
    grammar = one_rule("(?:left|right) turn", "left", "right")
    tokens = build(grammar, [], 300)
    automaton = compile_grammar(grammar, tokens)
    ids = tokens.answer("right turn")
    assert automaton.forced(ids).tolist() == [False] + [True] * (len(ids) - 1)


# ---- canonical spelling, wherever words overlap ----

words = st.lists(st.text("ab é", min_size=1, max_size=4).filter(lambda word: word != "é"), max_size=5, unique=True)


@given(words, st.lists(st.text("ab é", max_size=20), max_size=6), st.integers(275, 320))
@settings(max_examples=30, deadline=None)
def test_what_is_let_through_is_each_text_once_as_the_tokenizer_writes_it(
    reserved: list[str], prose: list[str], size: int
) -> None:
    grammar = one_rule("[ab é]{0,4}", *reserved)
    tokens = build(grammar, prose * 4, size)
    every = ("".join(text) for length in range(5) for text in product("ab é", repeat=length))
    assert sorted(all_ways(compile_grammar(grammar, tokens), tokens.end)) == sorted(map(tokens.answer, every))


def all_ways(automaton: Automaton, end: int) -> Iterator[list[int]]:
    todo: list[tuple[list[int], int]] = [([], automaton.start)]
    while todo:
        ids, state = todo.pop()
        for token in np.flatnonzero(automaton.allowed(state, ids[-1] if ids else -1)).tolist():
            if token == end:
                yield [*ids, token]
            else:
                todo.append(([*ids, token], automaton.advance(state, token)))


@given(st.lists(st.text("ab", min_size=1, max_size=5), min_size=1, max_size=4), words)
@settings(max_examples=25, deadline=None)
def test_where_the_language_leaves_no_choice_no_spelling_is_begun_that_cannot_be_ended(
    texts: list[str], reserved: list[str]
) -> None:
    grammar = one_rule("|".join(texts), *reserved)
    tokens = build(grammar, texts * 5, 290)
    automaton = compile_grammar(grammar, tokens)
    drawn = {tokens.text(walk(automaton, tokens, seed)) for seed in range(60)}
    assert drawn <= set(texts)
    assert all(lets_through(automaton, tokens.answer(text)) for text in texts)


def test_plain_tokens_never_complete_a_reserved_word() -> None:
    grammar = one_rule("[a-z ]{0,12}", "queue", " queues", "sq")
    tokens = build(grammar, ["que ueq uesq"] * 3, 290)
    automaton = compile_grammar(grammar, tokens)
    id_of = {piece: i for i, piece in enumerate(tokens.pieces) if piece}
    ids = [id_of[bytes([byte])] for byte in b"queue"]
    assert lets_through(automaton, [id_of[b"queue"], tokens.end])
    assert not lets_through(automaton, [*ids, tokens.end])
    assert not lets_through(automaton, [id_of[b"s"], id_of[b"queue"], tokens.end])  # "sq" comes first
    assert not lets_through(automaton, [id_of[b" "], id_of[b"queue"], id_of[b"s"], tokens.end])  # " queues" is longer
    assert lets_through(automaton, [id_of[b" queues"], tokens.end])


def test_text_beyond_ascii_and_control_tokens_in_the_text() -> None:
    grammar = one_rule('"[^"\\\\]{0,9}"', "né")
    tokens = build(grammar, ['"Übel né €uro"'] * 5, 290)
    automaton = compile_grammar(grammar, tokens)
    for text in ('"Übel né"', '"€\U0001f600né"', '""', '"\n"'):
        assert lets_through(automaton, tokens.answer(text))
    assert not lets_through(automaton, tokens.answer('"<|end|>"'))  # never written, see spelling.py
    for seed in range(40):
        ids = walk(automaton, tokens, seed)
        assert tokens.answer(tokens.text(ids)) == ids


def test_a_vocabulary_of_others_is_held_to_the_language_in_any_spelling() -> None:
    _, grammar, own, _, golds = held("scaffold")

    class Others:
        """Bytes, some pairs of them, two unused rows."""

        pieces: tuple[bytes | None, ...] = (
            None,
            *(bytes([byte]) for byte in range(256)),
            *(bytes(two) for two in product(b"updownleft \n", b"123456789 \nfr")),
            None,
            None,
        )
        size, end, reserved, hash = len(pieces), 0, (), "others"
        text = staticmethod(lambda ids: b"".join(Others.pieces[i] or b"" for i in ids).decode())
        prompt = answer = own.answer

    automaton = compile_grammar(grammar, Others())
    assert automaton.pairs is None
    for seed in range(20):
        assert re.fullmatch(grammar.regex(), Others.text(walk(automaton, Others(), seed)))
    spelled = [Others.pieces.index(bytes([byte])) for byte in golds[0].encode()]
    assert lets_through(automaton, [*spelled, 0])
    Others.pieces = tuple(None if piece == b"u" else piece for piece in Others.pieces)
    with pytest.raises(InputError, match="no token for the byte 0x75"):
        compile_grammar(grammar, Others())


# ---- the expressions ----

ATOMS = [
    "a",
    "b",
    "c",
    "é",
    "€",
    r"\.",
    r"\n",
    "[ab]",
    "[^ab]",
    "[b-d]",
    r"[\]x-]",
    "[à-ö]",
    "[^\x00-\U0000ffff]",
    "<b>",
]
bodies = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,}", "{0,2}", "{,1}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@given(bodies, st.data())
@settings(max_examples=80, deadline=None)
def test_an_expression_accepts_what_python_does(body: str, data: st.DataObject) -> None:
    grammar = Grammar(start="a", rules={"a": body, "b": "ab|é?"}, reserved=())
    automaton, expected = byte_automaton(read(grammar)), re.compile(grammar.regex())
    texts = st.one_of(st.text("abcdé€.\n]x-ãz\U0001f600", max_size=6), st.from_regex(expected, fullmatch=True))
    for _ in range(5):
        text = data.draw(texts)
        if text.isprintable() or "\n" in text:  # from_regex also makes lone surrogates, which have no bytes
            assert accepts(automaton, text) == bool(expected.fullmatch(text))


@given(bodies)
@settings(max_examples=60, deadline=None)
def test_no_two_states_are_the_same_and_each_can_be_ended(body: str) -> None:
    automaton = byte_automaton(read(Grammar(start="a", rules={"a": body, "b": "ab|é?"}, reserved=())))
    delta = np.unique(np.vstack([automaton.delta, np.full((1, 256), DEAD)]), axis=1)  # the last row is DEAD's, -1
    accepting = np.append(automaton.accepting, False)
    apart = accepting[:, None] != accepting
    for _ in range(len(delta)):
        apart = apart | apart[delta[:, None], delta[None]].any(2)
    assert (apart | np.eye(len(delta), dtype=bool)).all()
    ends = automaton.accepting
    for _ in range(len(ends)):
        ends = ends | (ends[automaton.delta] & (automaton.delta != DEAD)).any(1)
    assert ends.all()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (r"\d+", r"<a> has at character 2 \\d, .* such as \[0-9\]"),
        ("a.b", r"<a> has at character 2 \., .* a literal one is \\\."),
        ("^a", "has at character 1 "),
        ("(?=a)b", "a group of another kind"),
        ("(?:a", r"character 1 a \( that is not closed"),
        ("a)", "character 2 a .* closes nothing"),
        ("[ab", r"a \[ that is not closed"),
        ("[b-a]", "whose end 'a' is before its beginning 'b'"),
        ("a*?", "repetition of a repetition"),
        ("a{2,1}", "the larger number first"),
        ("a{x}", r"a literal one is \\{"),
        ("*a", r"\*, which is not of the subset"),
        ("a\\", "an end where a character is expected"),
    ],
)
def test_what_is_not_of_the_subset_is_refused_with_its_rule_and_place(body: str, told: str) -> None:
    with pytest.raises(ContractError, match=told):
        read(one_rule(body))


def test_a_name_that_is_no_rule_is_read_as_it_stands() -> None:
    assert accepts(byte_automaton(read(one_rule("<b>"))), "<b>")


def test_rules_that_are_missing_or_go_round_are_refused() -> None:
    with pytest.raises(ContractError, match="no rule <strat>; did you mean 'start'"):
        read(Grammar(start="strat", rules={"start": "a"}, reserved=()))
    with pytest.raises(ContractError, match="<a> refers to itself by way of a > b"):
        read(Grammar(start="a", rules={"a": "x<b>", "b": "y<a>"}, reserved=()))


def test_a_language_too_large_or_empty_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dfa, "MOST_STATES", 1000)
    with pytest.raises(ContractError, match="more than 1,000 states"):
        byte_automaton(read(one_rule("[ab]*a[ab]{12}")))
    with pytest.raises(ContractError, match="more than 1,000 states"):
        byte_automaton(read(one_rule("(?:a{100}){200}")))
    with pytest.raises(ContractError, match="accepts no text"):
        byte_automaton(read(one_rule("a[^\x00-\U0010ffff]")))
    only_a_control = one_rule(r"<\|end\|>")
    with pytest.raises(ContractError, match="no text that the tokenizer can write"):
        compile_grammar(only_a_control, build(only_a_control, [], 260))


def test_a_token_that_was_not_allowed_is_an_error_and_no_silence() -> None:
    _, _, tokens, automaton, golds = held("scaffold")
    ids = tokens.answer(golds[0])
    assert automaton.advance(automaton.start, ids[1]) == DEAD
    with pytest.raises(RungwiseError, match="left the grammar"):
        automaton.allowed(DEAD, ids[1])
    with pytest.raises(RungwiseError, match="at place 0 of an answer is not one that the grammar allows"):
        automaton.masks([ids[1], *ids])
    with pytest.raises(RungwiseError, match=f"token {tokens.end} at place 1 "):
        automaton.masks([ids[0], tokens.end])


@given(st.integers(0, 9), st.integers(1, 70), st.integers(0, 2**32))
def test_bits_come_back_as_they_were_packed(rows: int, size: int, seed: int) -> None:
    flags = np.random.default_rng(seed).random((rows, size)) < 0.5
    assert (unpacked(packed(flags), size) == flags).all()


def test_xgrammar_behind_the_same_small_interface() -> None:
    pytest.importorskip("xgrammar")
    from rungwise.policy.xgrammar import foreign_grammar

    _, grammar, tokens, _, golds = held("scaffold")
    foreign = foreign_grammar("regex", grammar.regex(), tokens)
    ids = tokens.answer(golds[0])
    assert foreign.masks(ids)[np.arange(len(ids)), ids].all()
    assert foreign.advance(foreign.start, ids[1]) == DEAD
    with pytest.raises(InputError, match="did you mean 'schema'"):
        foreign_grammar("schem", "{}", tokens)
