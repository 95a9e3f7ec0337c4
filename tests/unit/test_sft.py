"""Fine-tuning: rows are learned by heart, held-out loss is the plain one, and a policy can be taught by itself."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rungwise.policy.nano import Nano, fresh, size_of  # noqa: E402
from rungwise.policy.packed import Row, pack  # noqa: E402
from rungwise.policy.policy import Decode  # noqa: E402
from rungwise.train import corpus, loop  # noqa: E402
from rungwise.train.mixture import Source, encoded, mixed  # noqa: E402
from rungwise.train.settings import ExpertSettings, SftSettings  # noqa: E402
from rungwise.train.sft import Sft, expert_of  # noqa: E402
from rungwise.train.stages import fork  # noqa: E402
from tests.unit.small import TOKENS, Letters, nano, task  # noqa: E402

POEM = ["roses are red", "violets are blue", "sugar", "and so on, and so on", "", "é"]
TAUGHT = [corpus.Row(task=task(f"line {i}"), answer=answer) for i, answer in enumerate(POEM)]
ROWS = encoded(TOKENS, TAUGHT)


def settings(**more: object) -> SftSettings:
    return SftSettings.model_validate({"steps": 60, "batch_tokens": 200, "lr": 5e-3, "warmup": 5, "every": 30, **more})


def stage(policy: Nano, heldout: Sequence[Row] = (), expert: object = None, **more: object) -> Sft:
    sources = [Source(name="gold", weight=1.0, rows=ROWS)]
    return Sft(policy, sources, heldout, settings(**more), 0, expert)  # type: ignore[arg-type]


def small() -> Nano:
    size = size_of("0.1M")
    return Nano(size, TOKENS, 64, fresh(size, TOKENS.size, 0), precision="fp32", workers=1)


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_a_few_rows_are_learned_by_heart(optimiser: str) -> None:
    policy = small()
    learning = stage(policy, optimiser=optimiser, steps=150)
    losses = [learning.step(number)[0]["loss"] for number in range(1, 151)]
    assert losses[0] == pytest.approx(np.log(TOKENS.size), rel=0.05) and losses[-1] < 0.05
    groups = policy.sample([row.task for row in TAUGHT], 1, Decode(temperature=0.0, max_new_tokens=30), 0)
    assert [group.samples[0].text for group in groups] == POEM
    assert {group.samples[0].ended for group in groups} == {"stop"}


def test_the_loss_is_the_mean_over_supervised_tokens_however_many_work_on_it() -> None:
    rows = mixed([Source(name="gold", weight=1.0, rows=ROWS)], batch_tokens=200, seed=0, steps=60).batch(1)
    plain = float(-torch.cat([nano().logprobs(pack([row]))[0].detach() for row in rows]).mean())
    for workers in (1, 2, 3):
        told, _ = stage(nano(workers=workers)).step(1)
        assert told["loss"] == pytest.approx(plain, rel=1e-5)
        assert told["tokens"] == sum(len(answer) for _, answers in rows for answer in answers)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_heldout_loss_is_that_of_a_plain_computation_and_trains_nothing(workers: int) -> None:
    held = encoded(TOKENS, [corpus.Row(task=task(f"held {i}"), answer="z" * i) for i in range(5)])
    policy = nano(workers=workers)
    before = [weight.clone() for weight in policy.weights().values()]
    plain = float(-torch.cat([policy.logprobs(pack([row]))[0].detach() for row in held]).mean())
    learning = stage(policy, held, steps=4, every=2)
    assert learning.heldout_loss() == pytest.approx(plain, rel=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(before, policy.weights().values(), strict=True))
    assert ["heldout_loss" in learning.step(number)[0] for number in (1, 2, 3, 4)] == [False, True, False, True]


@pytest.mark.parametrize("decay", ["cosine", "linear", "constant"])
def test_the_learning_rate_warms_up_then_falls_to_a_twentieth(decay: str) -> None:
    rates = [told["lr"] for told, _ in map(stage(nano(), decay=decay, steps=20, batch_tokens=1).step, range(1, 21))]
    assert rates[:5] == pytest.approx([1e-3 * n for n in range(1, 6)])
    assert rates[-1] == pytest.approx(5e-3 if decay == "constant" else 5e-3 / 20)
    assert all(a >= b for a, b in pairwise(rates[4:]))


# ---- expert iteration ----


def run_expert(folder: Path, *, dies_at: int = 0) -> tuple[Nano, Sft]:
    """A speller of four letters, then rounds on what it wrote that has more a than most."""
    from tests.unit.test_rl import beginning

    policy, contract = beginning(), Letters()
    more = {"steps": 4, "lr": 3e-3, "expert": ExpertSettings(rounds=2, tasks=8, k=16, keep=0.5, steps=6)}
    pool = contract.tasks("train", 12, 0)
    expert = expert_of(policy, contract, pool, settings(**more), 0, folder, 8)
    rows = encoded(TOKENS, [corpus.Row(task=t, answer="abcd") for t in pool])
    learning = Sft(policy, [Source(name="gold", weight=0.2, rows=rows)], (), settings(**more), 0, expert)
    assert learning.steps == 4 + 2 * 6
    if dies_at:
        whole = learning.step

        def step(number: int) -> object:
            if number == dies_at:
                raise KeyboardInterrupt
            return whole(number)

        learning.step = step  # type: ignore[method-assign, assignment]
    loop.run(learning, folder, learning.steps, 5, lambda *_: None)
    return policy, learning


def test_a_policy_learns_from_what_it_wrote_itself(tmp_path: Path) -> None:
    from tests.unit.test_rl import beginning, share_of_a

    policy, learning = run_expert(tmp_path)
    for turn in (1, 2):
        kept = corpus.load(tmp_path / f"expert-{turn}.jsonl", Letters())
        assert kept and all(row.answer.count("a") >= len(row.answer) / 2 > 0 for row in kept)
    assert share_of_a(policy) > share_of_a(beginning()) + 0.1
    assert learning.turns == 2 and not (tmp_path / "expert-3.jsonl").exists()


@pytest.mark.parametrize("dies_at", [5, 8, 11])
def test_a_round_that_is_cut_off_goes_on_with_the_rows_it_had(tmp_path: Path, dies_at: int) -> None:
    run_expert(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run_expert(tmp_path / "cut", dies_at=dies_at)
    run_expert(tmp_path / "cut")
    for name in ("metrics.jsonl", "expert-1.jsonl", "expert-2.jsonl", "checkpoints/000016/weights.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_fork_takes_along_what_was_written_up_to_its_step(tmp_path: Path) -> None:
    run_expert(tmp_path / "run/sft")  # rounds begin with steps 5 and 11; checkpoints are at 5, 10, 15, 16
    for step, kept in ((0, []), (10, ["expert-1.jsonl"]), (15, ["expert-1.jsonl", "expert-2.jsonl"])):
        fork("sft", tmp_path / "run", step, tmp_path / f"fork-{step}")
        assert sorted(path.name for path in (tmp_path / f"fork-{step}/sft").glob("expert*")) == kept
