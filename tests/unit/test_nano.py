"""The decoder: equal to transformers', the kernels equal to plain torch, and only what is named is trained."""

import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from rungwise.errors import InputError  # noqa: E402
from rungwise.policy.nano import Nano, Size, load_nano  # noqa: E402
from rungwise.policy.packed import Row, pack  # noqa: E402
from rungwise.train.learner import Learner  # noqa: E402
from tests.unit.small import TINY, TOKENS, lively, nano, surprise, task, without_kernels  # noqa: E402

HEADS = st.sampled_from([(1, 1), (2, 1), (2, 2), (4, 2), (6, 2), (3, 1)])
SIZES = st.builds(
    lambda width, layers, heads, head, ff: Size(width, layers, heads[0], heads[1], head, ff),
    st.sampled_from([16, 48, 64]), st.integers(1, 3), HEADS, st.sampled_from([16, 32, 64]), st.sampled_from([16, 80]),
)  # fmt: skip
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rows_of(draw: np.random.Generator, n: int) -> list[Row]:
    """Ragged prompts and answers; some answers are one token, some prompts are shared."""
    made: list[Row] = []
    for _ in range(n):
        answers = [
            draw.integers(0, TOKENS.size, draw.choice([1, 2, 7, 19])).tolist() for _ in range(draw.integers(1, 5))
        ]
        made.append((draw.integers(0, TOKENS.size, draw.integers(1, 40)).tolist(), answers))
    return made


def told(
    policy: Nano, rows: list[Row], temperature: float, masks: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    """Log-probabilities, entropies and the slopes of a mixture of both with weights that differ from token to token."""
    logprobs, entropy = policy.logprobs(pack(rows), temperature, masks)
    weights = torch.arange(len(logprobs)).sin()
    slopes = torch.autograd.grad((logprobs * weights + entropy * weights.flip(0)).sum(), policy.leaves())
    return logprobs.detach(), entropy.detach(), [slope.float() for slope in slopes]


def apart(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).norm() / (other.norm() + 1e-6))


def masks_for(rows: list[Row], draw: np.random.Generator) -> torch.Tensor:
    """About half of the vocabulary, and always the label."""
    labels = torch.from_numpy(pack(rows).labels)
    allowed = torch.from_numpy(draw.random((len(labels), TOKENS.size)) < 0.5)
    return allowed.scatter(1, labels[:, None], True)


# ---- as transformers computes it ----


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Nano, Path]:
    folder = tmp_path_factory.mktemp("nano") / "model"
    made = Nano(Size(64, 2, 4, 2, 32, 80), TOKENS, 64, lively(Size(64, 2, 4, 2, 32, 80)), precision="fp32", theta=500.0)
    made.save(folder)
    return made, folder


def test_transformers_gives_the_same_log_probabilities(saved: tuple[Nano, Path]) -> None:
    transformers = pytest.importorskip("transformers")
    made, folder = saved
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    assert type(model).__name__ == "LlamaForCausalLM"
    ids = np.random.default_rng(1).integers(0, TOKENS.size, 60).tolist()
    with torch.no_grad():
        theirs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        for token in range(0, TOKENS.size, 37):  # every place's log-probability of many tokens
            ours = made.logprobs(pack([(ids[: i + 1], [[token]]) for i in range(0, 60, 7)]))[0]
            assert torch.allclose(ours, theirs[::7, token], atol=1e-4)
        whole = made.logprobs(pack([(ids[:1], [ids[1:]])]))[0]
    assert torch.allclose(whole, theirs[:-1].gather(1, torch.tensor(ids[1:])[:, None])[:, 0], atol=1e-4)
    fast = transformers.AutoTokenizer.from_pretrained(folder)
    assert (
        fast.encode("a queue\n<|end|> é", add_special_tokens=False, split_special_tokens=True)
        == TOKENS.prompt("a queue\n<|end|> é")[1:-1]
    )


def test_a_saved_model_is_read_back_as_it_was(saved: tuple[Nano, Path]) -> None:
    made, folder = saved
    back = load_nano(folder, precision="fp32")
    assert (back.size, back.context, back.theta, back.eps) == (made.size, made.context, made.theta, made.eps)
    assert back.tokens.hash == made.tokens.hash
    for name, weight in made.weights().items():
        assert torch.equal(weight, back.weights()[name]), name


def test_what_transformers_saves_is_read_back_too(saved: tuple[Nano, Path], tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    made, folder = saved
    transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).save_pretrained(tmp_path)
    shutil.copy(folder / "tokenizer.json", tmp_path)
    back = load_nano(tmp_path, precision="fp32")
    assert (back.size, back.theta) == (made.size, made.theta)
    assert all(torch.equal(weight, back.weights()[name]) for name, weight in made.weights().items())


# ---- kernels and plain torch ----


@given(SIZES, st.integers(0, 2**32), st.sampled_from([0.5, 1.0, 1.7]), st.booleans())
@SLOW
def test_kernels_and_plain_torch_agree(size: Size, seed: int, temperature: float, masked: bool) -> None:
    one = nano(size)
    if one.native is None:
        pytest.skip("no compiler")
    draw = np.random.default_rng(seed)
    rows = rows_of(draw, int(draw.integers(1, 5)))
    masks = masks_for(rows, draw) if masked else None
    ours = told(one, rows, temperature, masks)
    plain = told(without_kernels(lambda: nano(size)), rows, temperature, masks)
    assert torch.allclose(ours[0], plain[0], atol=1e-4, rtol=1e-4)
    assert torch.allclose(ours[1], plain[1], atol=1e-4, rtol=1e-3)
    for mine, theirs in zip(ours[2], plain[2], strict=True):
        assert apart(mine, theirs) < 1e-3


@given(SIZES, st.integers(0, 2**32))
@settings(parent=SLOW, max_examples=8)
def test_kernels_in_bfloat16_are_near_plain_torch_in_single_precision(size: Size, seed: int) -> None:
    one = nano(size, precision="bf16", scale=6.0)
    if one.native is None:
        pytest.skip("no compiler")
    rows = rows_of(np.random.default_rng(seed), 3)
    ours, exact = told(one, rows, 1.0, None), told(without_kernels(lambda: nano(size, scale=6.0)), rows, 1.0, None)
    assert float((ours[0] - exact[0]).abs().mean()) < 0.02
    for mine, theirs in zip(ours[2], exact[2], strict=True):
        assert apart(mine, theirs) < 0.1


@given(st.integers(0, 2**32), st.booleans())
@settings(parent=SLOW, max_examples=10)
def test_a_shared_prompt_changes_neither_value_nor_slope(seed: int, kernels: bool) -> None:
    policy = nano() if kernels else without_kernels(nano)
    rows = rows_of(np.random.default_rng(seed), 3)
    apart_rows: list[Row] = [(prompt, [answer]) for prompt, answers in rows for answer in answers]
    shared, separate = told(policy, rows, 1.0, None), told(policy, apart_rows, 1.0, None)
    assert torch.allclose(shared[0], separate[0], atol=1e-5)
    assert torch.allclose(shared[1], separate[1], atol=1e-5)
    for mine, theirs in zip(shared[2], separate[2], strict=True):
        assert apart(mine, theirs) < 1e-4


def test_masks_and_temperature_are_those_of_the_definition() -> None:
    policy, draw = nano(), np.random.default_rng(3)
    rows: list[Row] = [(draw.integers(0, TOKENS.size, 9).tolist(), [draw.integers(0, TOKENS.size, 5).tolist()])]
    masks, (prompt, (answer,)) = masks_for(rows, draw), rows[0]
    with torch.no_grad():
        found, entropy = policy.logprobs(pack(rows), 0.7, masks)
        for t, label in enumerate(answer):
            every: list[Row] = [([*prompt, *answer[:t]], [[token] for token in range(TOKENS.size)])]
            exact = (policy.logprobs(pack(every))[0] / 0.7).masked_fill(~masks[t], -torch.inf).log_softmax(-1)
            assert abs(float(found[t] - exact[label])) < 1e-4
            assert abs(float(entropy[t]) - float(torch.special.entr(exact.exp()).sum())) < 1e-4


# ---- what is trained ----


def stepped(policy: Nano) -> set[str]:
    """The weights that one step has changed."""
    before = {name: weight.clone() for name, weight in policy.weights().items()}
    rows = rows_of(np.random.default_rng(5), 3)
    Learner(policy, betas=(0.9, 0.99), weight_decay=0.0, clip=1.0).step(
        [rows], lambda rows: (surprise(policy, rows), {}), 1e-2, "step 1"
    )
    return {name for name, weight in policy.weights().items() if not torch.equal(weight, before[name])}


@pytest.mark.parametrize(
    ("phrase", "named"),
    [
        ("all", lambda _: True),
        ("last 1 blocks", lambda name: ".1." in name),
        ("last 1 blocks + head", lambda name: ".1." in name or "embed" in name),
        ("attention only", lambda name: "self_attn" in name),
        ("mlp only", lambda name: "mlp" in name),
        ("norms", lambda name: "norm" in name),
        ("embeddings", lambda name: "embed" in name),
        ("first 50% frozen", lambda name: ".0." not in name and "embed" not in name),
        ("*.q_proj.*", lambda name: "q_proj" in name),
    ],
)
@pytest.mark.parametrize("kernels", [True, False])
def test_a_phrase_trains_what_it_names_and_nothing_else(phrase: str, named: object, kernels: bool) -> None:
    policy = nano(trainable=phrase) if kernels else without_kernels(lambda: nano(trainable=phrase))
    expected = {name for name in policy.weights() if named(name)}  # type: ignore[operator]
    assert set(policy.parameters()) == expected
    assert stepped(policy) == expected


def test_low_rank_adapters_alone_are_trained_and_merge_to_the_same_model(tmp_path: Path) -> None:
    policy, rows = nano(lora_rank=3, trainable="attention only"), rows_of(np.random.default_rng(6), 3)
    start, plain = policy.weights(), nano()
    assert torch.equal(policy.logprobs(pack(rows))[0], plain.logprobs(pack(rows))[0])  # adapters begin as nothing
    adapters = {f"{name}.{side}" for name in plain.weights() if "self_attn" in name for side in ("down", "up")}
    assert set(policy.parameters()) == adapters
    assert stepped(policy) == {name for name in adapters if name.endswith(".up")}  # and at first only one side moves
    assert stepped(policy) == adapters
    policy.save(tmp_path / "model")
    merged = load_nano(tmp_path / "model", precision="fp32")
    assert set(merged.weights()) == set(plain.weights()) < set(start)
    assert torch.allclose(merged.logprobs(pack(rows))[0], policy.logprobs(pack(rows))[0], atol=1e-5)
    assert not torch.allclose(merged.logprobs(pack(rows))[0], plain.logprobs(pack(rows))[0], atol=1e-2)


def test_the_tied_matrix_gets_the_slopes_of_both_its_uses() -> None:
    policy = nano()
    rows: list[Row] = [([5, 6], [[7, 8]])]
    loss = surprise(policy, rows)
    policy.absorb(torch.autograd.grad(loss, policy.leaves(), allow_unused=True))
    slope = policy.parameters()["model.embed_tokens.weight"].grad
    assert slope is not None
    name, at, by = "model.embed_tokens.weight", (6, 3), 1e-2
    losses = []
    for sign in (1, -1):  # token 6 is read and, as every token, could be written
        weights = {key: weight.clone() for key, weight in policy.weights().items()}
        weights[name][at] += sign * by
        moved = Nano(TINY, TOKENS, 96, weights, precision="fp32", workers=1)
        losses.append(float(surprise(moved, rows).detach()))
    assert (losses[0] - losses[1]) / (2 * by) == pytest.approx(float(slope[at]), rel=2e-2, abs=1e-4)


def test_weights_of_another_shape_are_refused_in_a_line() -> None:
    policy = nano()
    with pytest.raises(InputError, match=r"model.norm.weight: \(7,\); expected \(32,\)"):
        policy.load({**policy.weights(), "model.norm.weight": torch.ones(7)})


def test_low_rank_adapters_need_a_projection() -> None:
    with pytest.raises(InputError, match="names no projection"):
        nano(lora_rank=2, trainable="norms")


def test_a_refreshed_model_samples_from_its_new_weights() -> None:
    from rungwise.policy.policy import Decode

    policy, asked, decode = nano(), [task("what now")], Decode(max_new_tokens=12)
    before = policy.sample(asked, 4, decode, 0)
    stepped(policy)
    after, fresh_copy = policy.sample(asked, 4, decode, 0), Nano(TINY, TOKENS, 96, policy.weights(), precision="fp32")
    again = fresh_copy.sample(asked, 4, decode, 0)
    assert [s.text for s in after[0].samples] == [s.text for s in again[0].samples]
    assert [s.logprobs.tolist() for s in after[0].samples] != [s.logprobs.tolist() for s in before[0].samples]
