"""What a phrase trains, on the names of real layouts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.errors import InputError
from rungwise.policy.trainable import chosen

PARTS = [
    "self_attn.q_proj.weight",
    "self_attn.q_norm.weight",
    "self_attn.o_proj.weight",
    "mlp.down_proj.weight",
    "input_layernorm.weight",
    "post_attention_layernorm.weight",
]


def llama(blocks: int, tied: bool = True) -> list[str]:
    inner = [f"model.layers.{i}.{part}" for i in range(blocks) for part in PARTS]
    return ["model.embed_tokens.weight", *inner, "model.norm.weight", *([] if tied else ["lm_head.weight"])]


GPT2 = ["transformer.wte.weight", "transformer.wpe.weight"]
GPT2 += [f"transformer.h.{i}.{p}" for i in range(12) for p in ("ln_1.weight", "attn.c_attn.weight", "mlp.c_fc.bias")]
GPT2 += ["transformer.ln_f.weight"]


def blocks_of(names: tuple[str, ...]) -> set[int]:
    return {int(part) for name in names for part in name.split(".") if part.isdigit()}


def refused(phrase: str, names: list[str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        chosen(names or llama(4), phrase)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_all_is_every_name_in_order() -> None:
    assert chosen(llama(3), "all") == tuple(llama(3))


def test_the_last_blocks_count_from_the_end_and_not_as_text() -> None:
    trained = chosen(llama(12), "last 3 blocks")
    assert blocks_of(trained) == {9, 10, 11} and len(trained) == 3 * len(PARTS)
    assert blocks_of(chosen(llama(12), "first 2 blocks")) == {0, 1}
    assert blocks_of(chosen(GPT2, "last 1 block")) == {11}


def test_head_is_the_tied_matrix_where_there_is_no_other() -> None:
    assert chosen(llama(2), "head") == ("model.embed_tokens.weight",)
    assert chosen(llama(2, tied=False), "head") == ("lm_head.weight",)
    assert chosen(GPT2, "head") == ("transformer.wte.weight",)
    assert chosen(GPT2, "embeddings") == ("transformer.wte.weight", "transformer.wpe.weight")


def test_parts_of_a_block_are_known_in_both_layouts() -> None:
    assert {name.split(".", 3)[3] for name in chosen(llama(2), "attention only")} == set(PARTS[:3])
    assert {name.split(".", 3)[3] for name in chosen(llama(2), "mlp only")} == {PARTS[3]}
    assert set(chosen(llama(2), "norms")) == {name for name in llama(2) if "norm" in name}
    assert set(chosen(GPT2, "norms")) == {f"transformer.h.{i}.ln_1.weight" for i in range(12)} | {GPT2[-1]}


def test_a_frozen_share_freezes_the_embeddings_and_whole_blocks() -> None:
    trained = chosen(llama(12, tied=False), "first 30% frozen")  # 3.6 of 12 blocks: 4
    assert blocks_of(trained) == set(range(4, 12))
    assert "model.embed_tokens.weight" not in trained
    assert {"lm_head.weight", "model.norm.weight"} <= set(trained)


def test_a_pattern_or_a_whole_name_is_a_phrase_too() -> None:
    assert chosen(llama(2), "*.q_proj.*") == tuple(n for n in llama(2) if "q_proj" in n)
    assert chosen(llama(2), "model.norm.weight") == ("model.norm.weight",)


@given(st.lists(st.sampled_from(["last 2 blocks", "head", "norms", "mlp only", "*.q_proj.*"]), min_size=1))
def test_joined_phrases_train_what_each_does_and_nothing_else(phrases: list[str]) -> None:
    names = llama(6)
    union = set().union(*(chosen(names, phrase) for phrase in phrases))
    assert chosen(names, " + ".join(phrases)) == tuple(name for name in names if name in union)


@given(st.integers(1, 40), st.integers(1, 40))
def test_first_and_last_blocks_share_out_the_model(blocks: int, n: int) -> None:
    names = llama(blocks)
    if n > blocks:
        assert f"has {blocks} blocks" in refused(f"last {n} blocks", names)
        return
    last = blocks_of(chosen(names, f"last {n} blocks"))
    first = blocks_of(chosen(names, f"first {blocks - n} blocks")) if n < blocks else set()
    assert last | first == set(range(blocks)) and not last & first and len(last) == n


def test_what_is_no_phrase_gets_the_nearest_one() -> None:
    assert "did you mean 'last 3 blocks'" in refused("lst 3 blocks")
    assert "did you mean 'attention only'" in refused("head + attention")
    assert "did you mean 'embeddings'" in refused("embedding")
    assert "did you mean 'first 30% frozen'" in refused("first 30 frozen")
    assert "no phrase ''" in refused("")


def test_what_trains_nothing_is_refused_with_names_to_go_by() -> None:
    assert "model.embed_tokens.weight" in refused("*.lora.*")
    assert "trains nothing" in refused("norms", ["model.layers.0.mlp.down_proj.weight"])
    assert "at most 100%" in refused("first 120% frozen")
