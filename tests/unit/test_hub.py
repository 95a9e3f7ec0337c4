"""Hugging Face models as policies, on tiny random models of four kinds saved on disk."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rungwise.contract import Task  # noqa: E402
from rungwise.errors import InputError  # noqa: E402
from rungwise.policy.hub import LIVE_TOKENS, HubPolicy, _portions, load_hub  # noqa: E402
from rungwise.policy.hub_tokens import HubTokens  # noqa: E402
from rungwise.policy.packed import Row, pack  # noqa: E402
from rungwise.policy.policy import Decode, Group  # noqa: E402

KINDS = ("Qwen2", "Qwen3", "Llama", "GPT2")  # the last has learned positions, where padding would show
CONTROLS = ["<|pad|>", "<|end|>", "<|user|>", "<|model|>"]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|model|>\n{% endif %}"
)
OTHER_ENDS = list(range(40, 60))  # many, so that random models stop now and then
LIVELY = Decode(temperature=0.9, max_new_tokens=24)


def saved(kind: str, folder: Path, *, tied: bool) -> Path:
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        ["a queue sends to a cache and the cache asks the store"] * 3,
        tokenizers.trainers.BpeTrainer(
            vocab_size=300, special_tokens=CONTROLS, initial_alphabet=sorted(alphabet), show_progress=False
        ),
    )
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|end|>", pad_token="<|pad|>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=304, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=8, max_position_embeddings=256, tie_word_embeddings=tied,
    )  # fmt: skip
    torch.manual_seed(KINDS.index(kind))
    model = transformers.AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        parameter.data.mul_(4 if parameter.ndim > 1 else 1)  # far from uniform, or nothing could be told apart
    model.generation_config.eos_token_id = [1, *OTHER_ENDS]
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.set_num_threads(1)
    return {kind: saved(kind, tmp_path_factory.mktemp(kind), tied=kind in ("Qwen3", "GPT2")) for kind in KINDS}


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


@pytest.fixture
def qwen(folders: dict[str, Path]) -> Path:
    return folders["Qwen2"]


def task(prompt: str) -> Task:
    return Task(id=f"id of {prompt}", contract="t", split="train", tier="1", family="f", prompt=prompt, facts={})


TASKS = [task("a queue"), task("the cache asks the store, and the store asks a queue, and so on"), task("?")]


def rows_of(groups: Sequence[Group]) -> list[Row]:
    return [(group.prompt.tolist(), [sample.tokens.tolist() for sample in group.samples]) for group in groups]


def logprobs_of(groups: Sequence[Group]) -> Any:
    return np.concatenate([sample.logprobs for group in groups for sample in group.samples])


def same_answers(one: Group, other: Group) -> bool:
    return [s.tokens.tolist() for s in one.samples] == [s.tokens.tolist() for s in other.samples]


def logits(model: Any) -> Any:
    ids = torch.arange(5, 60)[None]
    with torch.no_grad():
        return model.eval()(input_ids=ids).logits


def plain(folder: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- writing and learning ----


def test_the_sampler_and_the_learner_agree(folder: Path) -> None:
    policy = load_hub(folder)
    groups = policy.sample(TASKS, 6, LIVELY, seed=1)
    logprob, entropy = policy.logprobs(pack(rows_of(groups)), temperature=0.9)
    assert np.abs(logprob.detach().numpy() - logprobs_of(groups)).max() < 1e-4
    assert (entropy >= 0).all() and (entropy <= np.log(304) + 1e-4).all()
    assert {s.ended for g in groups for s in g.samples} == {"stop", "length"}


def test_greedy_is_what_transformers_generates(folder: Path) -> None:
    policy, reference = load_hub(folder), plain(folder)
    groups = policy.sample(TASKS, 1, Decode(temperature=0, max_new_tokens=24), seed=1)
    for group in groups:
        ids = torch.from_numpy(group.prompt).long()[None]
        out = reference.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=24, pad_token_id=0
        )
        assert out[0, ids.shape[1] :].tolist() == group.samples[0].tokens.tolist()
    logprob, _ = policy.logprobs(pack(rows_of(groups)), temperature=0)
    assert np.abs(logprob.detach().numpy() - logprobs_of(groups)).max() < 1e-4


def test_an_answer_depends_neither_on_its_neighbours_nor_on_k(folder: Path) -> None:
    policy = load_hub(folder)
    together = policy.sample(TASKS, 5, LIVELY, seed=2)
    for group in together:
        (alone,) = policy.sample([group.task], 5, LIVELY, seed=2)
        assert same_answers(group, alone)
        (fewer,) = policy.sample([group.task], 2, LIVELY, seed=2)
        assert same_answers(fewer, Group(task=group.task, prompt=group.prompt, samples=group.samples[:2]))
    assert not same_answers(together[0], policy.sample(TASKS[:1], 5, LIVELY, seed=3)[0])


def test_labels_come_in_order_whatever_the_shape_of_the_batch(folder: Path) -> None:
    policy = load_hub(folder)
    batch = pack([([5, 6, 7], [[8, 9], [10]]), ([11], [[12, 13, 14]]), ([15, 16], [[17], [18, 19, 20, 1]])])
    together, _ = policy.logprobs(batch)
    model, expected = plain(folder), []
    for prompt, answers in batch.rows:
        for answer in answers:
            every = model(input_ids=torch.tensor([[*prompt, *answer]])).logits[0].log_softmax(-1)
            expected += [every[len(prompt) - 1 + i, token].item() for i, token in enumerate(answer)]
    assert np.allclose(together.detach().numpy(), expected, atol=1e-4)


def test_descent_makes_the_answers_likelier_and_what_is_saved_is_what_was_trained(folder: Path, tmp_path: Path) -> None:
    policy = load_hub(folder, trainable="last 1 block + norms")
    start = {name: value.clone() for name, value in policy.model.state_dict().items()}
    batch = pack([(policy.tokens.prompt("a queue"), [policy.tokens.answer("the cache")])])
    optimiser = torch.optim.AdamW(list(policy.parameters().values()), lr=3e-3, weight_decay=0)
    told = []
    for _ in range(6):
        loss = -policy.logprobs(batch)[0].mean()
        policy.absorb(torch.autograd.grad(loss, policy.leaves()))
        optimiser.step()
        policy.refresh()
        told.append(loss.item())
    assert told == sorted(told, reverse=True) and told[-1] < told[0] - 0.1
    moved = {name for name, value in policy.model.state_dict().items() if not torch.equal(value, start[name])}
    assert moved and moved <= set(policy.parameters())
    policy.save(tmp_path)
    assert torch.equal(logits(plain(tmp_path)), logits(policy.model))
    again = load_hub(folder, trainable="last 1 block + norms")
    again.load(policy.weights())
    assert torch.equal(logits(again.model), logits(policy.model))


def test_only_adapters_are_trained_and_they_are_merged_in_what_is_saved(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    policy = load_hub(folder, trainable="last 1 block + head", lora_rank=2)
    assert all("lora_" in name and ".1." in name for name in policy.parameters())
    assert torch.equal(logits(policy.model), logits(plain(folder)))  # an adapter starts as nothing
    assert all(torch.equal(w, policy.weights()[n]) for n, w in same_again(folder).weights().items())
    batch = pack([([5, 6], [[7, 8, 9]])])
    for _ in range(2):  # one of the two factors starts at zero, so the other moves from the second step on
        grads = torch.autograd.grad(-policy.logprobs(batch)[0].sum(), policy.leaves())
        for leaf, grad in zip(policy.leaves(), grads, strict=True):
            leaf.data -= 0.1 * grad
    before = {name: value.clone() for name, value in policy.model.state_dict().items()}
    policy.save(tmp_path)
    assert all(torch.equal(value, before[name]) for name, value in policy.model.state_dict().items())
    assert not torch.allclose(logits(plain(tmp_path)), logits(plain(folder)), atol=1e-2)
    assert torch.allclose(logits(plain(tmp_path)), logits(policy.model), atol=1e-4)
    assert not list(tmp_path.glob("adapter*"))


def same_again(folder: Path) -> HubPolicy:
    torch.manual_seed(99)  # the caller's random state must not matter, nor be moved
    state = torch.random.get_rng_state()
    policy = load_hub(folder, trainable="last 1 block + head", lora_rank=2)
    assert torch.equal(torch.random.get_rng_state(), state)
    return policy


class Evens:
    """A language of even tokens, which may end after three of them."""

    start = 0

    def allowed(self, state: int, _: int) -> Any:
        may = np.arange(304) % 2 == 0
        may[1] = state >= 3
        return may

    def advance(self, state: int, _: int) -> int:
        return state + 1


def test_a_grammar_binds_sampler_and_learner_alike(qwen: Path) -> None:
    policy, evens = load_hub(qwen), Evens()
    held = Decode(temperature=0.8, max_new_tokens=12, grammar=True)
    groups = policy.sample(TASKS, 4, held, seed=5, automaton=evens)  # type: ignore[arg-type]
    answers = [sample.tokens for group in groups for sample in group.samples]
    assert all((tokens[:-1] % 2 == 0).all() for tokens in answers)
    masks = torch.from_numpy(np.stack([evens.allowed(i, -1) for tokens in answers for i in range(len(tokens))]))
    logprob, entropy = policy.logprobs(pack(rows_of(groups)), temperature=0.8, masks=masks)
    assert np.abs(logprob.detach().numpy() - logprobs_of(groups)).max() < 1e-4
    grads = torch.autograd.grad((logprob + entropy).sum(), policy.leaves())
    assert all(grad.isfinite().all() for grad in grads)
    barred, _ = policy.logprobs(pack([([5], [[7]])]), masks=torch.from_numpy(evens.allowed(0, -1))[None])
    assert barred.item() == -np.inf
    assert "no grammar" in refused(lambda: policy.sample(TASKS, 1, held, seed=5))


def test_half_precision_computes_in_half_and_keeps_whole_weights(qwen: Path) -> None:
    policy, whole = load_hub(qwen, precision="bf16"), load_hub(qwen)
    groups = policy.sample(TASKS, 4, LIVELY, seed=1)
    batch = pack(rows_of(groups))
    logprob, _ = policy.logprobs(batch, temperature=0.9)
    apart = np.abs(logprob.detach().numpy() - logprobs_of(groups))
    assert apart.mean() < 0.1 and logprob.dtype == torch.float32
    assert not torch.equal(logprob, whole.logprobs(batch, temperature=0.9)[0])
    assert all(parameter.dtype == torch.float32 for parameter in policy.parameters().values())


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=30), st.integers(1, 64), st.integers(1, 4000))
@settings(deadline=None)
def test_portions_cover_all_tasks_within_the_bound(lengths: list[int], k: int, most: int) -> None:
    parts = list(_portions(lengths, k, most))
    assert [i for part in parts for i in range(len(lengths))[part]] == list(range(len(lengths)))
    for part in parts:
        inside = lengths[part]
        assert len(inside) == 1 or len(inside) * k * (max(inside) + most) <= LIVE_TOKENS


# ---- tokens ----

TEXTS = st.text(max_size=30) | st.lists(st.sampled_from([*CONTROLS, "queue", " > ", "\n", "a"])).map("".join)


@pytest.fixture(scope="module")
def both_tokens(folders: dict[str, Path]) -> tuple[HubTokens, HubTokens]:
    """Without and with the chat template."""
    words = ("queue", " > ", "\n")
    plainly, chatting = (load_hub(folders["Qwen2"], reserved=words, chat=chat).tokens for chat in (False, True))
    return plainly, chatting


@given(text=TEXTS, chat=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_text_puts_control_tokens_into_a_prompt_and_every_text_survives(
    both_tokens: tuple[HubTokens, HubTokens], text: str, chat: bool
) -> None:
    tokens = both_tokens[chat]
    ids = tokens.prompt(text)
    assert [i for i in ids if i < len(CONTROLS)] == ([2, 1, 3] if chat else [])
    assert text in tokens.text(ids)
    answer = tokens.answer(text)
    assert answer[-1] == tokens.end == 1 and not set(answer[:-1]) & set(range(len(CONTROLS)))
    assert tokens.text(answer) == text


def test_a_chat_prompt_is_the_template_of_transformers(qwen: Path) -> None:
    tokens = load_hub(qwen, chat=True).tokens
    reference = transformers.AutoTokenizer.from_pretrained(qwen)
    told = [{"role": "user", "content": "a queue\n\nof é"}]
    expected = reference.apply_chat_template(told, add_generation_prompt=True, return_dict=False)
    assert tokens.prompt("a queue\n\nof é") == expected


def test_a_tokenizer_that_writes_spaces_as_low_lines_and_begins_texts() -> None:
    """The sentencepiece manner: no byte-level alphabet, bytes by name, a begin token before every prompt."""
    words = ["<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), "\u2581", "a", "\u2581a"]
    made = tokenizers.Tokenizer(
        tokenizers.models.BPE({w: i for i, w in enumerate(words)}, [("\u2581", "a")], byte_fallback=True)
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    made.decoder = tokenizers.decoders.Sequence(
        [
            tokenizers.decoders.Replace("\u2581", " "),
            tokenizers.decoders.ByteFallback(),
            tokenizers.decoders.Fuse(),
            tokenizers.decoders.Strip(" ", 1, 0),
        ]
    )
    made.post_processor = tokenizers.processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 0), ("</s>", 1)])
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", eos_token="</s>")
    tokens = HubTokens(fast, 300, [])
    assert tokens.prompt("a a")[0] == 0 and tokens.prompt("a a")[-1] == words.index("<0x0A>")
    for text in ("a a", "a  a ", "é\n\taa", "</s>a<s>", ""):
        assert tokens.text(tokens.answer(text)) == text
        assert {0, 1} & set(tokens.answer(text)[:-1]) == set()
    assert tokens.pieces[:3] == (None, None, b"\x00") and tokens.pieces[words.index("\u2581a")] == b" a"
    assert tokens.pieces[len(words) :] == (None,) * (300 - len(words))


def test_structure_tokens_start_as_the_mean_of_what_spelled_them(folder: Path, tmp_path: Path) -> None:
    words = ("queue", " > ", "zebra\n", "cache", "a", *map(str, range(10, 40)))
    before, after = load_hub(folder), load_hub(folder, reserved=words)
    tokens = after.tokens
    assert tokens.size > before.tokens.size and tokens.hash != before.tokens.hash
    for word in words:
        (new,) = tokens.answer(word)[:-1]
        assert tokens.pieces[new] == word.encode()
        parts = before.tokens.answer(word)[:-1]
        for layer in ("get_input_embeddings", "get_output_embeddings"):
            old_rows, new_rows = (getattr(policy.model, layer)().weight for policy in (before, after))
            assert torch.allclose(new_rows[new], old_rows[parts].mean(0), atol=1e-6)
    again = load_hub(folder, reserved=words)
    assert again.tokens.hash == tokens.hash and torch.equal(logits(again.model), logits(after.model))
    after.save(tmp_path)
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path)
    text = "queue > zebra\ncache"
    assert reference.encode(text, add_special_tokens=False) == tokens.answer(text)[:-1]
    assert tokens.text(tokens.answer(text)) == text
    assert torch.equal(logits(plain(tmp_path)), logits(after.model))
    groups = after.sample(TASKS, 2, LIVELY, seed=1)
    reread = load_hub(tmp_path, reserved=words)
    assert all(map(same_answers, groups, reread.sample(TASKS, 2, LIVELY, seed=1)))


def test_every_end_of_the_generation_config_stops_and_its_own_is_trained(qwen: Path) -> None:
    policy = load_hub(qwen)
    assert policy.tokens.end == 1 and set(policy.tokens.stops) == {1, *OTHER_ENDS}
    samples = [s for g in policy.sample(TASKS, 16, LIVELY, seed=4) for s in g.samples]
    last = {int(s.tokens[-1]) for s in samples if s.ended == "stop"}
    assert len(last) > 1 and last <= set(policy.tokens.stops)
    assert not any(set(s.tokens[:-1].tolist()) & set(policy.tokens.stops) for s in samples)
    for s in samples:
        assert s.text == policy.tokens.text(s.tokens[:-1] if s.ended == "stop" else s.tokens)


# ---- what a person gets wrong ----


def test_a_folder_that_is_not_there_or_is_no_model_is_one_line(tmp_path: Path) -> None:
    assert "no such folder; did you mean 'models'" in refused(lambda: load_hub(beside(tmp_path, "models") / "modles"))
    assert "no such folder" in refused(lambda: load_hub("./nothing/here"))
    (tmp_path / "empty").mkdir()
    assert "cannot load the model" in refused(lambda: load_hub(tmp_path / "empty"))
    assert "download = true" in refused(lambda: load_hub("nobody-at-all/no-such-model"))


def beside(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder


def test_weights_that_are_pickled_cut_short_or_missing_are_refused(qwen: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    def with_weights(name: str, write: Callable[[Path], object]) -> Path:
        copy = tmp_path / name
        copy.mkdir()
        for path in qwen.iterdir():
            if path.name != "model.safetensors":
                (copy / path.name).write_bytes(path.read_bytes())
        write(copy)
        return copy

    weights = load_file(qwen / "model.safetensors")
    pickled = with_weights("pickled", lambda copy: torch.save(weights, copy / "pytorch_model.bin"))
    assert "safetensors" in refused(lambda: load_hub(pickled))
    part = {name: value for name, value in weights.items() if "layers.1.mlp.up_proj" not in name}
    lacking = with_weights("lacking", lambda copy: save_file(part, copy / "model.safetensors", {"format": "pt"}))
    assert "lack model.layers.1.mlp.up_proj" in refused(lambda: load_hub(lacking))
    half = (qwen / "model.safetensors").read_bytes()[:5000]
    cut = with_weights("cut", lambda copy: (copy / "model.safetensors").write_bytes(half))
    assert "cannot load the model" in refused(lambda: load_hub(cut))


def test_settings_that_do_not_fit_the_model_are_refused(qwen: Path, tmp_path: Path) -> None:
    assert "context: 4096, and the model reads 256" in refused(lambda: load_hub(qwen, context=4096))
    assert "did you mean 'bf16'" in refused(lambda: load_hub(qwen, precision="bf61"))
    assert "no phrase" in refused(lambda: load_hub(qwen, trainable="some of it"))
    assert "no linear layer" in refused(lambda: load_hub(qwen, trainable="norms", lora_rank=2))
    small = load_hub(qwen, context=8)
    assert "id of the cache" in refused(lambda: small.sample(TASKS, 1, LIVELY, seed=1))
    other = load_hub(qwen, trainable="norms")
    assert "trained on one side only" in refused(lambda: other.load(small.weights()))
    silent = transformers.AutoTokenizer.from_pretrained(qwen)
    silent.chat_template = None
    plain(qwen).save_pretrained(tmp_path)
    silent.save_pretrained(tmp_path)
    assert "no chat template" in refused(lambda: load_hub(tmp_path, chat=True))
