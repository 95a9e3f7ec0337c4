"""Steering by what is paid, by states and by a clean run; and every arm from the rung file on, cut off and gone on."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rungwise.errors import InputError  # noqa: E402
from rungwise.policy.packed import pack  # noqa: E402
from rungwise.policy.policy import Decode  # noqa: E402
from rungwise.train.prepare import Order, Show  # noqa: E402
from rungwise.train.settings import Rung  # noqa: E402
from rungwise.train.stages import run_stage  # noqa: E402
from rungwise.train.steer import states  # noqa: E402
from rungwise.train.steer.advantage import above, paid_less  # noqa: E402
from rungwise.train.steer.arm import Judged  # noqa: E402
from rungwise.train.steer.detector import GOLDS, Detector, bounded, fitted, flags  # noqa: E402
from rungwise.train.steer.labels import Labelled, acted, labels  # noqa: E402
from rungwise.train.steer.pairs import contrasts  # noqa: E402
from rungwise.train.steer.settings import ArmName, SteerSettings  # noqa: E402
from rungwise.train.steer.trusted import trusted  # noqa: E402
from tests.unit.test_steer import CONTRACT, KNOWN, POOL, few, stage, taught  # noqa: E402


def judged(number: int = 1) -> Judged:
    groups = taught().sample(POOL[:12], 8, Decode(max_new_tokens=8), 0)
    return Judged(number, groups, [[CONTRACT.judge(g.task, s.text) for s in g.samples] for g in groups])


# ---- labels ----


def test_labels_are_of_known_kinds_and_their_noise_is_as_asked() -> None:
    step = judged()
    known = np.array([[verdict.exploit in KNOWN for verdict in row] for row in step.verdicts])
    assert (labels(step, monitor(), 0) == known).all() and known.any()
    assert not labels(step, monitor(0.0), 0).any() and labels(step, monitor(1.0, 1.0), 0).all()
    noisy = np.stack([labels(judged(n), monitor(0.7, 0.2), 0) for n in range(1, 41)])
    assert abs(noisy[:, known].mean() - 0.7) < 0.1 and abs(noisy[:, ~known].mean() - 0.2) < 0.05
    assert (labels(step, monitor(0.7, 0.2), 0) == noisy[0]).all() and (noisy[0] != noisy[1]).any()


def monitor(recall: float = 1.0, false_alarm: float = 0.0, strict: bool = True) -> SteerSettings:
    return SteerSettings(arm="screen", known=KNOWN, recall=recall, false_alarm=false_alarm, strict=strict)


def test_a_strict_label_is_on_what_does_not_pass() -> None:
    step = judged()
    rows = [[replace(verdict, passed=i % 2 == 0) for i, verdict in enumerate(row)] for row in step.verdicts]
    step = replace(step, verdicts=rows)
    known = np.array([[verdict.exploit in KNOWN for verdict in row] for row in rows])
    passed = np.array([[verdict.passed for verdict in row] for row in rows])
    assert (known & passed).any() and (labels(step, monitor(strict=False), 0) == known).all()
    assert (labels(step, monitor(), 0) == known & ~passed).all() and SteerSettings(arm="screen", known=KNOWN).strict


def test_a_penalised_answer_is_worth_less_and_a_screened_one_is_not_there() -> None:
    rewards, kept, flagged = (
        np.array([[1.0, 0.5, 0.0]]),
        np.array([[True, True, True]]),
        np.array([[True, False, False]]),
    )
    less, all_kept = acted("penalty", 2.0, flagged, rewards, kept)
    assert (less.tolist(), all_kept.tolist()) == ([[-1.0, 0.5, 0.0]], [[True, True, True]])
    same, fewer = acted("screen", 2.0, flagged, rewards, kept)
    assert (same.tolist(), fewer.tolist()) == ([[1.0, 0.5, 0.0]], [[False, True, True]])


def test_a_screened_answer_is_neither_in_its_groups_mean_nor_in_what_the_loss_divides_by() -> None:
    learning = stage(few("screen"), prompts=12)
    step = judged()
    batch = learning._paid(list(step.groups), 1, frozenset())
    known = np.array([[verdict.exploit in KNOWN for verdict in row] for row in step.verdicts])
    assert isinstance(learning.arm, Labelled) and (batch.advantages.counts == ~known).all()
    assert not batch.advantages.values[known].any() and learning.arm.told["label_recall"] < 1.0
    assert batch.advantages.values.sum(axis=1) == pytest.approx(np.zeros(12), abs=1e-9)


def exploited(steer: dict[str, Any] | None) -> float:
    """The share of known exploits at the end of a short run."""
    learning = stage(steer, prompts=8, lr=3e-3)
    told = [learning.step(number)[0] for number in range(1, 31)]
    return float(np.mean([t.get(f"exploited.{kind}", 0.0) for t in told[-5:] for kind in KNOWN]))


def test_perfect_labels_stop_what_they_know() -> None:
    free = exploited(None)
    assert all(exploited(few(arm)) < free / 2 for arm in ("penalty", "screen"))


# ---- advantage ----


def test_only_what_is_above_its_groups_mean_is_paid_less() -> None:
    scores = np.array([[0.0, 0.0, 0.3, 0.9], [0.01, 0.02, 0.0, 0.01]])
    z = above(scores)
    assert z[0] == pytest.approx((scores[0] - 0.3) / scores[0].std()) and np.abs(z[1]).max() == pytest.approx(0.1)
    rewards = np.ones((1, 3))
    z = np.array([[-1.0, 0.0, 2.0]])
    assert paid_less("additive", 2.0, rewards, z).tolist() == [[1.0, 1.0, -3.0]]
    left = paid_less("multiplicative", 2.0, rewards, z)
    assert left[0, :2].tolist() == [1.0, 1.0] and left[0, 2] == pytest.approx(1 - 2 / (1 + np.exp(-2)))


def test_states_are_those_of_the_blocks_and_their_mean_is_of_the_answers_own_places() -> None:
    policy = taught()
    rows = [(policy.tokens.prompt("abcd call"), [policy.tokens.answer("bcdeR"), policy.tokens.answer("b")])]
    batch = pack(rows)
    assert torch.equal(policy.states(batch, 0), policy.compute()["embed"][torch.from_numpy(batch.tokens[batch.source])])
    last = policy.states(batch, policy.size.layers)
    _, h = policy.ops.norm(last, None, policy.compute()[f"norm.{2 * policy.size.layers}"], policy.eps)
    told, _ = policy.ops.likelihood(h, policy.compute()["head"], torch.from_numpy(batch.labels), 1.0, None)
    assert torch.allclose(told, policy.logprobs(batch)[0], atol=1e-4)
    means = states.means(policy, batch, 2)
    for answer in (0, 1):
        assert torch.allclose(means[answer], last[torch.from_numpy(batch.owner == answer)].mean(0), atol=1e-5)


# ---- detector ----


def test_a_detector_tells_the_sides_apart_and_lets_its_share_of_alarms_through() -> None:
    draw = torch.Generator().manual_seed(0)
    away = torch.randn(200, 6, generator=draw)
    towards = torch.randn(200, 6, generator=draw) + torch.tensor([3.0, 0, 0, 0, 0, 0])
    others = torch.randn(200, 6, generator=draw)
    detector = bounded(fitted(towards, away, 1.0), others, 0.05)
    assert flags(others, detector).mean() == pytest.approx(0.05, abs=0.006) and flags(towards, detector).mean() > 0.8
    assert float(detector[0]) > 4 * float(detector[1:-1].abs().max())


def test_a_detector_of_real_states_knows_the_pairs_it_has_not_seen() -> None:
    policy = taught()
    towards, away = states.of_contrasts(policy, contrasts(CONTRACT.pairs(60, 1), policy, "pairs", 0), 1)
    detector = bounded(fitted(towards[:40], away[:40], 1.0), away[40:50], 0.05)
    assert flags(towards[40:], detector).mean() > 0.9 and flags(away[50:], detector).mean() < 0.2


def test_a_detectors_threshold_is_of_answers_that_it_was_not_fitted_to() -> None:
    """Where every clean answer is one it was fitted to, an over-fitted one seems to have no false alarms."""
    learning = stage(few("detector", pairs=4, apart=4, ridge=1e-6))
    arm = learning.arm
    assert isinstance(arm, Detector) and not {p.task.id for p in arm.pairs} & {p.task.id for p in arm.apart}
    arm.begin(1)
    assert arm.detector is not None
    clean = torch.cat([arm._sides(arm.apart)[1], arm._golds()])
    assert len(clean) == 4 + GOLDS and flags(clean, arm.detector).sum() == pytest.approx(0.05 * len(clean), abs=1)
    assert 0 <= arm.told["apart_recall"] <= 1


# ---- trusted ----


def test_a_trusted_gradient_lies_where_the_clean_run_went() -> None:
    draw = torch.Generator().manual_seed(0)
    u, v = torch.randn(8, 2, generator=draw), torch.randn(2, 5, generator=draw)
    left = trusted(u @ v, 2)
    assert torch.allclose((left @ left.t()).trace(), torch.tensor(1.0), atol=1e-5)
    outside = torch.linalg.qr(torch.cat([u, torch.randn(8, 1, generator=draw)], 1))[0][:, 2:]
    assert float((left.t() @ outside).abs().max()) < 1e-5


# ---- from the rung file on ----

RUNG = {
    "contract": {"name": f"{Path(__file__).with_name('steered.py')}:loophole"},
    "model": {"size": "0.1M", "workers": 2, "precision": "fp32"},
    "sft": {"tasks": 60, "heldout": 0, "steps": 30, "batch_tokens": 700,
            "mixture": [{"source": "gold"}, {"source": "attempt"}]},
    "rl": {"tasks": 24, "prompts": 8, "k": 8, "steps": 4, "max_new_tokens": 8, "every": 2},
}  # fmt: skip


def ran(folder: Path, stage: str, steer: dict[str, Any] | None = None, resume: bool = False) -> Path:
    rung = Rung.model_validate({**RUNG, "rl": {**RUNG["rl"], **({"steer": steer} if steer else {})}})  # type: ignore[dict-item]
    show = Show(doing=lambda _: None, tell=lambda *_: None, warn=lambda _: None)
    return run_stage(stage, Order(rung=rung, out=folder, resume=resume, show=show))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steered") / "run"
    ran(folder, "sft")
    return folder


def kept(run: Path) -> dict[str, bytes]:
    names = ["rl/metrics.jsonl", "rl/model/model.safetensors", "rl/checkpoints/000004/weights.safetensors",
             "rl/checkpoints/000004/optimiser.safetensors"]  # fmt: skip
    return {
        name: (run / name).read_bytes() for name in [*names, "rl/trained/model.safetensors"] if (run / name).exists()
    }


@pytest.mark.parametrize("arm", get_args(ArmName))
def test_every_arm_runs_and_goes_on_to_the_same_bytes(arm: str, begun: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(begun, run)
    steer = few(arm, **({"clean": begun.as_posix()} if arm == "trusted" else {}),
                **({"refresh": 3, "direction": "random"} if arm == "project" else {}))  # fmt: skip
    if arm == "trusted":  # its clean run begins with the same weights, and has gone on from them
        clean = tmp_path / "clean"
        shutil.copytree(begun, clean)
        ran(clean, "rl")
        steer["clean"] = clean.as_posix()
    ran(run, "rl", steer)
    whole = kept(run)
    assert ("rl/trained/model.safetensors" in whole) == (arm in ("route", "absorb", "router"))
    assert b'"steer.' in whole["rl/metrics.jsonl"]
    shutil.rmtree(run / "rl" / "checkpoints" / "000004")
    ran(run, "rl", steer, resume=True)
    assert kept(run) == whole


def test_a_clean_run_of_another_model_is_refused(tmp_path: Path) -> None:
    taught().save(tmp_path / "model")
    from rungwise.policy.loading import mark

    mark(tmp_path / "model", {"kind": "nano", "chat": False})
    with pytest.raises(InputError, match="has the weights that this run begins with; expected a clean run"):
        stage({"arm": "trusted", "clean": tmp_path.as_posix()})
