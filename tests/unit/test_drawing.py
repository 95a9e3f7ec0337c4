"""How tokens are drawn, and the loop that draws them: against probabilities, a slow reference and each other."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from scipy.stats import chisquare  # noqa: E402

from rungwise.errors import RungwiseError  # noqa: E402
from rungwise.policy.drawing import draw, uniforms  # noqa: E402
from rungwise.policy.policy import Decode  # noqa: E402
from rungwise.policy.stepping import run  # noqa: E402

WIDE = 9
VALUES = st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 2.5])  # few, so that ties are common
ROWS = st.lists(st.lists(VALUES, min_size=WIDE, max_size=WIDE), min_size=1, max_size=5)


def reference(logits: Sequence[float], allowed: Sequence[bool], decode: Decode) -> list[float]:
    """The probability of each token, in plain Python."""
    temperature = decode.temperature or 1.0
    weight = [math.exp(x / temperature) if ok else 0.0 for x, ok in zip(logits, allowed, strict=True)]
    kept = sorted((i for i in range(WIDE) if weight[i]), key=lambda i: (-weight[i], i))
    if decode.temperature and decode.top_k:
        kept = kept[: decode.top_k]
    if decode.temperature and decode.top_p < 1:
        total, mass, nucleus = sum(weight[i] for i in kept), 0.0, []
        for i in kept:
            if nucleus and mass / total >= decode.top_p:
                break
            nucleus.append(i)
            mass += weight[i]
        kept = nucleus
    total = sum(weight[i] for i in kept)
    return [weight[i] / total if i in kept else 0.0 for i in range(WIDE)]


@given(
    ROWS,
    st.floats(0, 1, exclude_max=True, width=32),
    st.sampled_from([0.0, 0.6, 1.0, 1.7]),
    st.integers(0, WIDE),
    st.sampled_from([0.05, 0.33, 0.71, 0.93, 1.0]),
    st.sets(st.integers(0, WIDE - 1), max_size=WIDE - 1),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_draw_is_the_inverse_of_the_reference(
    rows: list[list[float]], u: float, temperature: float, top_k: int, top_p: float, barred: set[int]
) -> None:
    decode = Decode(temperature=temperature, top_k=top_k, top_p=top_p)
    allowed = [i not in barred for i in range(WIDE)]
    mask = torch.tensor([allowed] * len(rows)) if barred else None
    tokens, logprobs = draw(torch.tensor(rows), torch.full((len(rows),), u), decode, mask)
    for row, token, logprob in zip(rows, tokens.tolist(), logprobs.tolist(), strict=True):
        p = reference(row, allowed, decode)
        assert math.isclose(logprob, math.log(p[token]), abs_tol=1e-5)
        if temperature == 0:
            assert p[token] == max(p) and token == p.index(max(p))
        else:
            assert sum(p[:token]) <= u + 1e-6 and sum(p[: token + 1]) >= u - 1e-6


def test_frequencies_are_the_probabilities() -> None:
    n, row = 20_000, torch.tensor([0.3, -1.0, 1.2, 0.0, -2.0, 0.7, 0.1, -0.5, 0.9])
    keys = np.random.default_rng(0).integers(0, 2**64, n, dtype=np.uint64)
    for decode in (Decode(temperature=0.8), Decode(top_k=4), Decode(top_p=0.8)):
        tokens, _ = draw(row.expand(n, WIDE), torch.from_numpy(uniforms(keys, 3)), decode)
        seen, p = np.bincount(tokens.numpy(), minlength=WIDE), np.array(reference(row.tolist(), [True] * WIDE, decode))
        assert not seen[p == 0].any()
        assert chisquare(seen[p > 0], n * p[p > 0] / p.sum()).pvalue > 1e-3


def test_uniforms_are_those_of_splitmix64_and_uniform() -> None:
    """Against the first outputs that the generator is published with for the seed 1234567."""
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    golden = 0x9E3779B97F4A7C15
    keys = np.array([1234567 + golden], dtype=np.uint64)
    assert [float(uniforms(keys, t)[0]) for t in range(3)] == [(z >> 40) / 2**24 for z in known]
    drawn = np.concatenate([uniforms(np.arange(64, dtype=np.uint64), t) for t in range(256)])
    assert drawn.min() >= 0 and drawn.max() < 1
    assert chisquare(np.bincount((drawn * 32).astype(int), minlength=32)).pvalue > 1e-3


def test_the_ends_of_the_unit_interval_draw_tokens_that_are_possible() -> None:
    row = torch.tensor([[-torch.inf, 0.0, -torch.inf, 0.0, -torch.inf]])
    last = 1 - 2**-24
    assert draw(row, torch.tensor([0.0]), Decode())[0].tolist() == [1]
    assert draw(row, torch.tensor([last]), Decode())[0].tolist() == [3]


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    logits = torch.randn(16, 50, generator=torch.Generator().manual_seed(1))
    chance = torch.from_numpy(uniforms(np.arange(16, dtype=np.uint64), 0))
    decode = Decode(temperature=0.9, top_k=20, top_p=0.9)
    tokens, logprobs = draw(logits, chance, decode)
    for i in range(16):
        alone = draw(logits[i : i + 1], chance[i : i + 1], decode)
        assert alone[0].item() == tokens[i] and alone[1].item() == logprobs[i]


# ---- the loop ----

END = 0


class Chain:
    """A model whose next token depends on the last alone: enough to see which rows the loop keeps and feeds."""

    def __init__(self, logits: "torch.Tensor") -> None:
        self.table, self.fed = logits, 0

    def prefill(self, prompts: Sequence[Sequence[int]], copies: int) -> "torch.Tensor":
        self.last = torch.tensor([prompt[-1] for prompt in prompts]).repeat_interleave(copies)
        return self.table[self.last]

    def step(self, tokens: "torch.Tensor") -> "torch.Tensor":
        assert len(tokens) == len(self.last)
        self.last, self.fed = tokens, self.fed + len(tokens)
        return self.table[tokens]

    def keep(self, rows: "torch.Tensor") -> None:
        self.last = self.last[rows]


class Rising:
    """A grammar in which tokens never fall, and the end may come only after token 5 or more."""

    start = 1

    def allowed(self, state: int, previous: int) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        assert previous == -1 or previous == state
        may = np.arange(WIDE) >= state
        may[END] = state >= 5
        return may

    def advance(self, state: int, token: int) -> int:
        assert token >= state
        return token


def table() -> "torch.Tensor":
    return torch.randn(WIDE, WIDE, generator=torch.Generator().manual_seed(7))


KEYS = np.arange(40, 52, dtype=np.uint64)
PROMPTS = [[3, 1], [2], [5, 6, 7, 8]]


def test_answers_end_by_end_token_or_limit_and_rows_that_ended_are_fed_no_more() -> None:
    chain = Chain(table())
    drawn = run(chain, PROMPTS, 4, KEYS, Decode(max_new_tokens=8), (END,), None, 10)
    for i, (tokens, logprobs, ended) in enumerate(drawn):
        prompt = PROMPTS[i // 4]
        limit = min(8, 10 - len(prompt))
        assert END not in tokens[:-1]
        assert (ended == "stop") == (tokens[-1] == END)
        assert len(tokens) == limit if ended == "length" else len(tokens) <= limit
        given = [prompt[-1], *tokens[:-1]]
        expected = table().log_softmax(-1)[given, tokens.astype(int)]
        assert np.allclose(logprobs, expected.numpy(), atol=1e-6)
    assert {ended for *_, ended in drawn} == {"stop", "length"}
    assert chain.fed == sum(len(tokens) - 1 for tokens, *_ in drawn)


def test_an_answer_does_not_depend_on_its_neighbours() -> None:
    decode = Decode(max_new_tokens=12, temperature=1.3)
    together = run(Chain(table()), PROMPTS, 4, KEYS, decode, (END,), None, 100)
    for i, (tokens, logprobs, ended) in enumerate(together):
        (alone,) = run(Chain(table()), [PROMPTS[i // 4]], 1, KEYS[i : i + 1], decode, (END,), None, 100)
        assert (alone[0] == tokens).all() and (alone[1] == logprobs).all() and alone[2] == ended


def test_any_of_several_end_tokens_stops() -> None:
    drawn = run(Chain(table()), PROMPTS, 4, KEYS, Decode(max_new_tokens=30), (END, 4, 6), None, 100)
    assert {int(tokens[-1]) for tokens, _, ended in drawn if ended == "stop"} == {END, 4, 6}


def test_a_grammar_holds_and_its_log_probabilities_are_the_masked_ones() -> None:
    rising = Rising()
    drawn = run(Chain(table()), PROMPTS, 4, KEYS, Decode(max_new_tokens=30), (END,), rising, 100)  # type: ignore[arg-type]
    for i, (tokens, logprobs, _) in enumerate(drawn):
        state, last = rising.start, -1
        for token, logprob in zip(tokens.tolist(), logprobs.tolist(), strict=True):
            mask = torch.from_numpy(rising.allowed(state, last))
            row = table()[PROMPTS[i // 4][-1] if last < 0 else last].masked_fill(~mask, -torch.inf)
            assert math.isclose(logprob, float(row.log_softmax(-1)[token]), abs_tol=1e-5)
            if token != END:
                state = last = token
    assert any(ended == "stop" for *_, ended in drawn)


def test_a_sample_whose_smoothed_log_probability_falls_below_the_floor_is_degenerate() -> None:
    flat = torch.zeros(WIDE, WIDE)
    flat[:, END] = -50
    likely = math.log(1 / (WIDE - 1))
    (low,) = run(Chain(flat), [[1]], 1, KEYS[:1], Decode(floor=likely + 0.1), (END,), None, 100)
    assert low[2] == "degenerate" and len(low[0]) == 1
    (high,) = run(Chain(flat), [[1]], 1, KEYS[:1], Decode(floor=likely - 0.1, max_new_tokens=20), (END,), None, 100)
    assert high[2] == "length" and len(high[0]) == 20


def test_the_smoothing_begins_at_the_first_token_and_forgets_by_0_992() -> None:
    """The first token is one of two, each later one of eight: the floor is passed at the token the definition says."""
    rows = torch.zeros(WIDE, WIDE)
    rows[:, END] = -torch.inf
    rows[0, 3:] = -torch.inf
    smooth, n = math.log(1 / 2), 1
    while smooth >= -1.0:
        smooth, n = 0.992 * smooth + 0.008 * math.log(1 / 8), n + 1
    (drawn,) = run(Chain(rows), [[0]], 1, KEYS[:1], Decode(floor=-1.0, max_new_tokens=500), (END,), None, 1000)
    assert drawn[2] == "degenerate" and len(drawn[0]) == n > 10


def test_a_model_that_has_diverged_stops_the_run() -> None:
    with pytest.raises(RungwiseError, match="not finite"):
        run(Chain(table() * torch.nan), PROMPTS, 4, KEYS, Decode(), (END,), None, 100)
