"""Text and ids are the same thing twice, whoever reads the tokenizer; what is too long is told before training."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from rungwise.contract import Grammar
from rungwise.errors import InputError
from rungwise.policy.gate import STEP, measure
from rungwise.policy.tokens import CONTROLS, WORDS, Tokens, build, joined

GRAMMAR = Grammar(start="a", rules={"a": "queue x2"}, reserved=("queue", " x2", "\n", " > ", "7", "que"))
PROSE = [
    "The queue holds 120 letters until the sorter takes them.",
    "def f(x):\n    return x > 2\n",
    "Ein Übel kommt selten allein; naïve Wörter 17 x2.",
] * 3
TOKENS = build(GRAMMAR, PROSE, 340)
LEAST = 256 + len(CONTROLS)

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.sampled_from([*CONTROLS, *GRAMMAR.reserved, *"que x2>\n 47.é", "the", "return"])).map("".join),
)


@given(texts)
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    assert TOKENS.text(TOKENS.answer(text)) == text
    assert TOKENS.text(TOKENS.prompt(text)) == text


@given(texts)
def test_a_text_cannot_write_a_control_token(text: str) -> None:
    prompt, answer = TOKENS.prompt(text), TOKENS.answer(text)
    assert [TOKENS.pieces[i] is None for i in prompt] == [True] + [False] * (len(prompt) - 2) + [True]
    assert TOKENS.end not in answer[:-1] and answer[-1] == TOKENS.end
    assert prompt[1:-1] == answer[:-1]


def test_every_byte_has_an_id_and_the_size_is_kept() -> None:
    bytes_alone = build(None, [], LEAST)
    assert bytes_alone.size == LEAST == len(bytes_alone.pieces)
    assert {piece for piece in bytes_alone.pieces if piece} == {bytes([byte]) for byte in range(256)}
    assert TOKENS.size == len(TOKENS.pieces) <= 340
    assert build(GRAMMAR, PROSE, 300).size <= 300
    assert build(GRAMMAR, ["ab"], 5000).size < 300  # nothing left to merge
    with pytest.raises(InputError, match=r"259; expected at least 260"):
        build(None, [], LEAST - 1)


def test_reserved_words_are_one_token_wherever_they_stand_and_the_longest_wins() -> None:
    words = [TOKENS.pieces[i] for i in TOKENS.answer("a queue x2\nquest > 47")[:-1]]
    for word in (b"queue", b" x2", b"\n", b"que", b" > ", b"7"):
        assert word in words
    assert b"".join(word or b"" for word in words) == b"a queue x2\nquest > 47"
    assert set(GRAMMAR.reserved) == set(TOKENS.reserved)


@pytest.mark.parametrize(("word", "told"), [("", "neither empty"), ("<|end|>", "nor control"), ("é", "other bytes")])
def test_a_word_that_cannot_be_reserved_is_refused(word: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        build(Grammar(start="a", rules={"a": "a"}, reserved=(word,)), [], 300)


def test_other_prose_leaves_the_reserved_words_and_no_merge_runs_across_one() -> None:
    other = build(GRAMMAR, ["queues of queued queue x2x2 > > things 1717"] * 20, 340)
    assert set(other.reserved) == set(TOKENS.reserved)
    for tokens in (TOKENS, other):
        plain = [p for i, p in enumerate(tokens.pieces) if p and len(p) > 1 and i not in tokens.reserved_ids]
        longer = [piece for piece in plain if len(piece) > 1]
        assert longer and not [piece for piece in longer if any(word.encode() in piece for word in tokens.reserved)]
        assert all(sum(48 <= byte < 58 for byte in piece) <= 1 for piece in plain)


@pytest.mark.parametrize("word", ["", "\xe9", "a<|end|>"])
def test_a_word_that_would_break_the_vocabulary_is_refused(word: str) -> None:
    with pytest.raises(InputError, match="reserved"):
        build(Grammar(start="a", rules={"a": "x"}, reserved=("x", word)), [], 300)


def test_the_same_prose_makes_the_same_tokenizer() -> None:
    assert build(GRAMMAR, PROSE, 340).hash == TOKENS.hash
    assert build(GRAMMAR, PROSE, 320).hash != TOKENS.hash
    assert build(None, PROSE, 340).hash != TOKENS.hash


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    TOKENS.save(tmp_path)
    again = Tokens.load(tmp_path)
    assert (again.hash, again.pieces, again.reserved, again.end) == (
        TOKENS.hash,
        TOKENS.pieces,
        TOKENS.reserved,
        TOKENS.end,
    )
    with pytest.raises(InputError, match=r"no tokenizer\.json"):
        Tokens.load(tmp_path / "elsewhere")


def test_plain_transformers_reads_the_same_ids(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    TOKENS.save(tmp_path)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    assert theirs.eos_token_id == TOKENS.end and theirs.pad_token_id == TOKENS.pad
    for text in [*PROSE, "queue x2 > que7\n  é", *CONTROLS]:
        ids = TOKENS.answer(text)
        assert theirs.encode(text, add_special_tokens=False, split_special_tokens=True) == ids[:-1]
        assert theirs.decode(ids, skip_special_tokens=True) == text
    config = json.loads((tmp_path / "tokenizer.json").read_text())
    assert {word["content"] for word in config["added_tokens"] if not word["special"]} == set(GRAMMAR.reserved)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=2))
def test_two_bytes_tell_whether_a_cut_comes_between_them(text: str) -> None:
    from tokenizers import Regex, pre_tokenizers

    cut = pre_tokenizers.Split(Regex(WORDS), "isolated").pre_tokenize_str(text)
    ends, at = set(), 0
    for piece, _ in cut:
        at += len(piece.encode())
        ends.add(at)
    data = text.encode()
    assert {i for i in range(1, len(data)) if not joined(data[i - 1], data[i])} | {len(data)} == ends


# ---- the gate ----


@given(st.lists(st.tuples(st.text("ab\n", max_size=300), st.text("queue7é", max_size=300)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_the_context_is_the_smallest_that_leaves_room(pairs: list[tuple[str, str]]) -> None:
    found = measure(TOKENS, pairs)
    both = sorted(len(TOKENS.prompt(p)) + len(TOKENS.answer(g)) for p, g in pairs)
    usual = next(n for n in both if sum(m <= n for m in both) * 20 >= len(both) * 19)

    def does(context: int) -> bool:
        return 100 * usual <= 78 * context and 10 * both[-1] <= 8 * context

    assert found.both.most == both[-1] and found.both.p95 >= usual
    assert found.context % STEP == 0 and does(found.context)
    if found.both.p95 == usual:
        assert found.context == STEP or not does(found.context - STEP)
    assert found.unreadable == 0 and sum(found.classes.values()) == pytest.approx(1)


def test_what_an_answer_is_made_of_is_counted() -> None:
    found = measure(TOKENS, [("how", "queue x2zz")])
    assert found.classes == {"control": 0.2, "reserved": 0.4, "byte": 0.4}


def test_a_gold_answer_that_does_not_fit_is_refused_in_one_line() -> None:
    found = measure(TOKENS, [("q", "z" * 100), ("q", "z" * 700)])
    found.refuse(found.context)
    with pytest.raises(InputError, match=rf"704 tokens with its prompt, the context 512; .* {found.context} would do"):
        found.refuse(512)
    with pytest.raises(InputError, match="no gold answers"):
        measure(TOKENS, [])
