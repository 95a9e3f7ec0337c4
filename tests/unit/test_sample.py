"""Answers as they are drawn: by the model's own probabilities, whatever runs beside them, whichever way."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from scipy.stats import chisquare  # noqa: E402

from rungwise.contract import Task  # noqa: E402
from rungwise.errors import InputError, RungwiseError  # noqa: E402
from rungwise.policy.nano import Nano, Size  # noqa: E402
from rungwise.policy.packed import Row, pack  # noqa: E402
from rungwise.policy.policy import Decode, Group, Sample  # noqa: E402
from tests.unit.small import TOKENS, lively, nano, task, without_kernels  # noqa: E402

TASKS = [task(text) for text in ("a", "what now", "x" * 21, "one two three four", "\n\n")]
SIZES = st.sampled_from(
    [Size(32, 2, 2, 1, 16, 48), Size(48, 1, 6, 2, 32, 80), Size(128, 2, 1, 1, 16, 16), Size(64, 3, 4, 4, 64, 32)]
)
BOTH = pytest.mark.parametrize("kernels", [True, False])
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def made(kernels: bool = True, **more: object) -> Nano:
    policy = nano(**more) if kernels else without_kernels(lambda: nano(**more))  # type: ignore[arg-type]
    if kernels and policy.native is None:
        pytest.skip("no compiler")
    return policy


def bits(sample: Sample) -> tuple[bytes, bytes, str]:
    return sample.tokens.tobytes(), sample.logprobs.tobytes(), sample.ended


def full(policy: Nano, group: Group, temperature: float) -> list[np.ndarray]:
    """The log-probabilities of a group's tokens by the forward pass that learns."""
    rows: list[Row] = [(group.prompt.tolist(), [sample.tokens.tolist() for sample in group.samples])]
    with torch.no_grad():
        told = policy.logprobs(pack(rows), temperature)[0].numpy()
    return np.split(told, np.cumsum([len(sample.tokens) for sample in group.samples])[:-1])


def next_logprobs(policy: Nano, prompt: list[int]) -> np.ndarray:
    """Of every token, after a prompt."""
    with torch.no_grad():
        return policy.logprobs(pack([(prompt, [[token] for token in range(TOKENS.size)])]))[0].numpy()


# ---- sampler and learner ----


@given(SIZES, st.integers(0, 2**40), st.sampled_from([0.6, 1.0, 1.4]), st.booleans())
@SLOW
def test_what_is_sampled_has_the_log_probabilities_of_the_full_pass(
    size: Size, seed: int, temperature: float, kernels: bool
) -> None:
    policy = made(kernels, size=size)
    for group in policy.sample(TASKS, 3, Decode(temperature=temperature, max_new_tokens=40), seed):
        for sample, told in zip(group.samples, full(policy, group, temperature), strict=True):
            assert np.abs(sample.logprobs - told).max() < 1e-3 and np.abs(sample.logprobs - told).mean() < 1e-4


@given(SIZES, st.integers(0, 2**40))
@settings(parent=SLOW, max_examples=6)
def test_in_bfloat16_they_are_near(size: Size, seed: int) -> None:
    policy = made(size=size, precision="bf16", scale=6.0)
    for group in policy.sample(TASKS, 3, Decode(max_new_tokens=40), seed):
        for sample, told in zip(group.samples, full(policy, group, 1.0), strict=True):
            assert np.abs(sample.logprobs - told).mean() < 0.03


def test_prompts_and_answers_longer_than_any_block_agree_too() -> None:
    """Prompts are read 64 tokens at a time, answers grow beyond that, and more samples wait than there is room for."""
    asked = [task("q" * 150), task("ab" * 63), task("c")]
    policy = made(context=320)
    groups = policy.sample(asked, 40, Decode(max_new_tokens=150), 3)
    assert max(len(sample.tokens) for group in groups for sample in group.samples) > 100
    for group in groups:
        for sample, told in zip(group.samples, full(policy, group, 1.0), strict=True):
            assert np.abs(sample.logprobs - told).max() < 5e-4


# ---- two ways, one answer ----


@given(
    SIZES, st.integers(0, 2**40), st.sampled_from([0.0, 0.7, 1.3]), st.sampled_from([0, 5]),
    st.sampled_from([1.0, 0.8]), st.sampled_from([None, -3.0]),
)  # fmt: skip
@SLOW
def test_kernels_and_plain_torch_draw_the_same_answers(
    size: Size, seed: int, temperature: float, top_k: int, top_p: float, floor: float | None
) -> None:
    decode = Decode(temperature=temperature, top_k=top_k, top_p=top_p, floor=floor, max_new_tokens=24)
    ours, plain = (made(kernels, size=size).sample(TASKS, 3, decode, seed) for kernels in (True, False))
    parted = 0
    for one, other in zip(ours, plain, strict=True):
        assert one.prompt.tolist() == other.prompt.tolist()
        for mine, theirs in zip(one.samples, other.samples, strict=True):
            same = (mine.tokens.tolist(), mine.ended, mine.text) == (theirs.tokens.tolist(), theirs.ended, theirs.text)
            parted += not same
            assert not same or np.allclose(mine.logprobs, theirs.logprobs, atol=1e-3)
    # Two ways of adding up differ in the last bits, so in thousands of draws one may fall beyond a bound.
    assert parted <= 1


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_answer_is_the_same_to_the_bit_whatever_is_beside_it(precision: str) -> None:
    decode, seed = Decode(max_new_tokens=40), 11
    policy = made(precision=precision)
    whole = {g.task.id: [bits(s) for s in g.samples] for g in policy.sample(TASKS, 30, decode, seed)}
    for one in TASKS:
        (alone,) = policy.sample([one], 1, decode, seed)
        assert [bits(s) for s in alone.samples] == whole[one.id][:1]
    for workers in (2, 3):
        again = made(precision=precision, workers=workers).sample(TASKS[::-1], 7, decode, seed)
        assert [g.task.id for g in again] == [t.id for t in TASKS[::-1]]
        assert all([bits(s) for s in g.samples] == whole[g.task.id][:7] for g in again)


def test_in_plain_torch_neighbours_change_no_token() -> None:
    policy, decode = made(False), Decode(max_new_tokens=30)
    whole = {g.task.id: g for g in policy.sample(TASKS, 6, decode, 4)}
    for one in TASKS:
        (alone,) = policy.sample([one], 2, decode, 4)
        for mine, theirs in zip(alone.samples, whole[one.id].samples, strict=False):
            assert mine.tokens.tolist() == theirs.tokens.tolist()


@BOTH
def test_seeds_tasks_and_samples_have_streams_of_their_own(kernels: bool) -> None:
    policy, decode = made(kernels), Decode(max_new_tokens=12)
    first, second = (policy.sample(TASKS[:2], 4, decode, seed) for seed in (0, 1))
    texts = [sample.tokens.tobytes() for group in (*first, *second) for sample in group.samples]
    assert len(set(texts)) == len(texts)


# ---- how they are drawn ----


@BOTH
def test_at_temperature_0_each_token_is_the_likeliest(kernels: bool) -> None:
    policy = made(kernels)
    (group,) = policy.sample(TASKS[1:2], 2, Decode(temperature=0.0, max_new_tokens=10), 0)
    sample = group.samples[0]
    assert bits(sample) == bits(group.samples[1])
    for t, (token, logprob) in enumerate(zip(sample.tokens.tolist(), sample.logprobs.tolist(), strict=True)):
        every = next_logprobs(policy, [*group.prompt.tolist(), *sample.tokens[:t].tolist()])
        assert token == int(every.argmax()) and abs(logprob - every[token]) < 1e-4  # as at temperature 1


@BOTH
@pytest.mark.parametrize("cut", [Decode(top_k=4), Decode(top_p=0.6), Decode(top_k=9, top_p=0.8, temperature=1.5)])
def test_what_is_cut_is_never_drawn_and_the_rest_adds_up(kernels: bool, cut: Decode) -> None:
    policy = made(kernels)
    (group,) = policy.sample(TASKS[1:2], 400, replace(cut, max_new_tokens=1), 0)
    every = next_logprobs(policy, group.prompt.tolist()) / cut.temperature
    ranked = np.argsort(-every, kind="stable")[: cut.top_k or None]
    share = np.exp(every[ranked]) / np.exp(every[ranked]).sum()
    stay = ranked[: int((np.cumsum(share) - share < cut.top_p).sum())]
    kept = dict(zip(stay.tolist(), np.exp(every[stay]) / np.exp(every[stay]).sum(), strict=True))
    drawn = Counter(int(sample.tokens[0]) for sample in group.samples)
    assert set(drawn) <= set(kept) and {token for token, share in kept.items() if share > 0.05} <= set(drawn)
    for sample in group.samples:
        assert abs(float(sample.logprobs[0]) - np.log(kept[int(sample.tokens[0])])) < 1e-4


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_tokens_come_as_often_as_the_model_says(temperature: float, precision: str) -> None:
    policy, n = made(precision=precision), 20000
    (group,) = policy.sample(TASKS[:1], n, Decode(temperature=temperature, max_new_tokens=1), 5)
    weight = np.exp(next_logprobs(policy, group.prompt.tolist()).astype(np.float64) / temperature)
    expected = n * weight / weight.sum()
    seen = Counter(int(sample.tokens[0]) for sample in group.samples)
    often = [token for token in range(TOKENS.size) if expected[token] >= 5]
    counts = [seen[token] for token in often] + [n - sum(seen[token] for token in often)]
    ideal = [*expected[often], n - expected[often].sum()]
    if ideal[-1] < 5:  # too few for a class of their own
        counts, ideal = [counts[0] + counts[-1], *counts[1:-1]], [ideal[0] + ideal[-1], *ideal[1:-1]]
    assert len(often) > 5 and chisquare(counts, ideal).pvalue > 1e-3


# ---- how they end ----


@BOTH
def test_answers_end_by_the_end_token_the_limit_or_the_context(kernels: bool) -> None:
    policy = made(kernels, context=40)
    groups = policy.sample(TASKS, 60, Decode(max_new_tokens=25), 2)
    ended = Counter(sample.ended for group in groups for sample in group.samples)
    assert ended["stop"] and ended["length"] and not ended["degenerate"]
    for group in groups:
        room = min(25, 40 - len(group.prompt))
        for sample in group.samples:
            end = TOKENS.end in sample.tokens.tolist()
            assert end == (sample.ended == "stop") and sample.tokens.tolist().count(TOKENS.end) <= 1
            assert end or len(sample.tokens) == room
            assert len(sample.tokens) <= room and len(sample.logprobs) == len(sample.tokens)
            written = sample.tokens[:-1] if end else sample.tokens
            assert sample.text == TOKENS.text(written)


@BOTH
def test_an_answer_that_becomes_too_unlikely_ends_there(kernels: bool) -> None:
    policy, floor = made(kernels), -4.0
    free = policy.sample(TASKS, 20, Decode(max_new_tokens=20), 8)
    held = policy.sample(TASKS, 20, Decode(max_new_tokens=20, floor=floor), 8)
    kinds = set()
    for one, other in zip(free, held, strict=True):
        for sample, cut in zip(one.samples, other.samples, strict=True):
            smooth, n = 0.0, 0
            for n, logprob in enumerate(sample.logprobs.tolist(), 1):
                smooth = 0.992 * smooth + 0.008 * logprob if n > 1 else logprob
                if smooth < floor and int(sample.tokens[n - 1]) != TOKENS.end:
                    break
            else:
                assert bits(cut) == bits(sample)
                kinds.add(cut.ended)
                continue
            assert cut.ended == "degenerate" and cut.tokens.tolist() == sample.tokens[:n].tolist()
            kinds.add(cut.ended)
    assert {"degenerate", "length"} <= kinds


@BOTH
def test_at_the_limit_too_unlikely_is_said_first(kernels: bool) -> None:
    (group,) = made(kernels).sample(TASKS[:1], 50, Decode(max_new_tokens=1, floor=-1.0), 8)
    for sample in group.samples:
        low = float(sample.logprobs[0]) < -1.0
        assert sample.ended == ("stop" if sample.tokens[0] == TOKENS.end else "degenerate" if low else "length")


@BOTH
def test_what_cannot_be_answered_is_told_in_a_line(kernels: bool) -> None:
    policy = made(kernels, context=30)
    long: Task = task("y" * 28)
    with pytest.raises(InputError, match=f"task {long.id}: its prompt has 30 tokens, the context 30"):
        policy.sample([TASKS[0], long], 1, Decode(), 0)
    (group,) = policy.sample([task("y" * 27)], 1, Decode(), 0)  # one token of room
    assert len(group.samples[0].tokens) == 1
    with pytest.raises(InputError, match="max_new_tokens: 0; expected at least 1"):
        policy.sample(TASKS, 1, Decode(max_new_tokens=0), 0)
    with pytest.raises(InputError, match="no grammar"):
        policy.sample(TASKS, 1, Decode(grammar=True), 0)
    assert policy.sample([], 4, Decode(), 0) == []


@BOTH
@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_diverged_model_is_told_in_a_line(kernels: bool, broken: float, temperature: float) -> None:
    policy = made(kernels)
    weights = {**lively(), "model.norm.weight": torch.full((32,), broken)}
    policy.load(weights)
    with pytest.raises(RungwiseError, match="not finite at token 0"):
        policy.sample(TASKS, 2, Decode(temperature=temperature), 0)
