"""Steering by gradients: what a rung may ask, how directions are read, and what is taken along them."""

from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import pytest

torch = pytest.importorskip("torch")

from rungwise.contract import Verdict  # noqa: E402
from rungwise.errors import InputError  # noqa: E402
from rungwise.policy.nano import Nano, fresh  # noqa: E402
from rungwise.policy.packed import Row  # noqa: E402
from rungwise.train.learner import Learner  # noqa: E402
from rungwise.train.rl import Rl  # noqa: E402
from rungwise.train.settings import RlSettings, read  # noqa: E402
from rungwise.train.steer import figures  # noqa: E402
from rungwise.train.steer.arm import Ground  # noqa: E402
from rungwise.train.steer.arms import NAMED  # noqa: E402
from rungwise.train.steer.basis import axes_of, basis, overlap, share, taken  # noqa: E402
from rungwise.train.steer.control import instead, shrunk  # noqa: E402
from rungwise.train.steer.pairs import contrasts, drawn  # noqa: E402
from rungwise.train.steer.project import Project, _leaf_slopes  # noqa: E402
from rungwise.train.steer.settings import ARMS, ArmName, SteerSettings  # noqa: E402
from tests.unit.small import TINY, TOKENS, surprise  # noqa: E402
from tests.unit.steered import KNOWN, Loophole  # noqa: E402

CONTRACT = Loophole()
POOL = CONTRACT.tasks("train", 32, 0)
HEAD = '[contract]\nname = "canvas"\n[model]\nsize = "1M"\n[rl]\nstart = "model"\n[rl.steer]\n'


@lru_cache
def _taught() -> dict[str, torch.Tensor]:
    """Weights that write four letters, and half of the time a mark."""
    policy = Nano(TINY, TOKENS, 48, fresh(TINY, TOKENS.size, 0), precision="fp32", workers=1)
    learner = Learner(policy, betas=(0.9, 0.99), weight_decay=0.0, clip=1.0)
    rows: list[Row] = [
        (TOKENS.prompt(task.prompt), [TOKENS.answer(CONTRACT.gold(task)), TOKENS.answer(CONTRACT.attempt(task, 0))])
        for task in POOL
    ]
    for number in range(1, 41):
        learner.step([rows], lambda rows: (surprise(policy, rows), {}), 1e-2, f"step {number}")
    return {name: weight.clone() for name, weight in policy.weights().items()}


def taught(**more: Any) -> Nano:
    return Nano(TINY, TOKENS, 48, _taught(), **{"precision": "fp32", "workers": 1, **more})


def settings(steer: dict[str, Any] | None, **more: Any) -> RlSettings:
    given = {"prompts": 4, "k": 8, "max_new_tokens": 8, "lr": 1e-3, "warmup": 1, "loss": "dr_grpo", **more}
    return RlSettings.model_validate(given | ({"steer": steer} if steer else {}))


def stage(steer: dict[str, Any] | None, policy: Nano | None = None, **more: Any) -> Rl:
    return Rl(policy or taught(), taught(), CONTRACT, POOL, settings(steer, **more), 0, None, lambda _: None)


def few(arm: str, **more: Any) -> dict[str, Any]:
    """An arm with fewer pairs than it would have."""
    known = {"known": list(KNOWN)} if "known" in ARMS[arm] else {}  # type: ignore[index]
    return {
        "arm": arm,
        **known,
        **({"pairs": 12} if arm in ("project", "advantage", "detector", "router") else {}),
        **more,
    }


def project(**more: Any) -> Project:
    given = settings(few("project", **{"apart": 4, **more}))
    arm = Project(Ground(taught(), taught(), CONTRACT, given, 0))
    arm.begin(1)
    return arm


# ---- what a rung may ask ----


@pytest.mark.parametrize("arm", get_args(ArmName))
def test_every_arm_has_defaults_and_is_written_down_with_its_own_fields(arm: str) -> None:
    own = SteerSettings.model_validate(
        {**few(arm), **({"clean": "runs/clean/seed-{seed}"} if arm == "trusted" else {})}
    )
    record = own.model_dump(mode="json")
    assert {"arm"} < set(record) <= {"arm", *ARMS[own.arm]}
    assert SteerSettings.model_validate(record).model_dump(mode="json") == record
    assert NAMED.keys() == ARMS.keys() == set(get_args(ArmName))
    assert set(ARMS[own.arm]) <= set(SteerSettings.model_fields)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('arm = "penalty"\nknown = ["a"]\naxes = 2\n', "10: rl.steer.axes: given for arm 'penalty'; expected it with"),
        ('arm = "proyect"\n', "8: rl.steer.arm: 'proyect'; did you mean 'project'?"),
        ('arm = "route"\n', "7: rl.steer.known: missing; expected the kinds"),
        ('arm = "trusted"\n', "7: rl.steer.clean: missing; expected the folder of a clean run"),
        ('arm = "absorb"\npairs = 4\n', "9: rl.steer.pairs: given; expected it with seeded = true only"),
        ('arm = "screen"\nknown = ["a"]\nrecal = 0.9\n', "10: rl.steer.recal: no such field; did you mean 'recall'?"),
        ('arm = "screen"\nknown = ["a"]\nrecall = 1.9\n', "10: rl.steer.recall: 1.9; expected less than or equal to 1"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "first.toml"
    path.write_text(HEAD + text)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}:{fault}") and "\n" not in str(caught.value)


def test_without_the_section_the_record_knows_nothing_of_it() -> None:
    assert "steer" not in settings(None).model_dump(mode="json")
    assert settings(few("screen")).model_dump(mode="json")["steer"]["recall"] == 1.0


# ---- pairs ----


def test_pairs_are_of_the_known_kinds_alone() -> None:
    ground = Ground(taught(), taught(), CONTRACT, settings(few("project")), 0)
    assert {pair.kind for pair in drawn(ground, 20)} == set(KNOWN)
    assert drawn(ground, 20)[:8] == drawn(ground, 8)
    none = Ground(taught(), taught(), CONTRACT, settings(few("project", known=["other"])), 0)
    with pytest.raises(
        InputError, match=r"rl.steer.known: \['other'\]; loophole has 0 pairs of these kinds, expected 4"
    ):
        drawn(none, 4)


def test_a_contract_without_pairs_is_refused() -> None:
    from tests.unit.small import Letters

    with pytest.raises(InputError, match="'project' reads pairs, and letters offers none; expected a contract with"):
        Rl(taught(), taught(), Letters(), POOL, settings(few("project")), 0, None, print)


def test_controls_are_made_of_the_same_pairs() -> None:
    pairs, policy = CONTRACT.pairs(12, 0), taught()
    plain, shuffled, clean = (contrasts(pairs, policy, way, 3) for way in ("pairs", "shuffled", "clean"))
    assert shuffled != plain and all(b in (a, a[::-1]) for a, b in zip(plain, shuffled, strict=True))
    assert all(away in [other[1] for other in plain] for _, away in clean)
    for (one, other), pair in zip(clean, pairs, strict=True):
        theirs = next(p for p, (_, side) in zip(pairs, plain, strict=True) if side == other)
        assert one != other and theirs.kind == pair.kind


# ---- axes ----


def test_axes_are_the_right_singular_vectors_and_most_pairs_lie_on_their_positive_side() -> None:
    rows = torch.randn(9, 40, generator=torch.Generator().manual_seed(0)) + 0.5
    vectors, strength = axes_of(rows, 3)
    _, s, v = torch.linalg.svd(rows, full_matrices=False)
    assert torch.allclose(strength, s[:3], rtol=1e-4)
    assert torch.allclose((vectors @ v[:3].t()).abs(), torch.eye(3), atol=1e-3)
    assert bool(((rows @ vectors.t() > 0).sum(0) >= 5).all())


def test_one_pair_one_vote() -> None:
    """Two long rows on one side are outvoted by three short ones on the other."""
    axis = torch.tensor([1.0, 0.0, 0.0])
    rows = torch.stack([9 * axis, 9 * axis, -axis, -axis, -axis])
    assert float(axes_of(rows, 1)[0][0, 0]) == pytest.approx(-1.0)


def test_weak_axes_are_dropped() -> None:
    draw = torch.Generator().manual_seed(0)
    strong, weak = 10 * torch.randn(6, 20, generator=draw), 0.1 * torch.randn(6, 20, generator=draw)
    assert basis({"a": strong, "b": weak}, 2, 0.0, 0.5).keys() == {"a"}
    assert len(basis({"a": strong, "b": weak}, 2, 0.0, 0.0)["b"]) == 2
    steep = torch.diag(torch.tensor([8.0, 4.0, 1.0]))
    assert [len(basis({"a": steep}, 3, cut, 0.0)["a"]) for cut in (0.0, 0.3, 0.6)] == [3, 2, 1]


def test_sides_swapped_by_a_coin_span_the_same_axes() -> None:
    rows = torch.randn(7, 30, generator=torch.Generator().manual_seed(1))
    coins = torch.tensor([1.0, -1, -1, 1, 1, -1, 1])[:, None]
    one, other = ({"m": axes_of(each, 3)[0]} for each in (rows, rows * coins))
    assert overlap(one, other) == pytest.approx(1.0, abs=1e-4)
    assert overlap(one, {"m": axes_of(torch.randn(7, 30, generator=torch.Generator().manual_seed(2)), 3)[0]}) < 0.5


# ---- taking away ----


AXES = torch.eye(5)[:2]
G = torch.tensor([3.0, -2.0, 1.0, 0.0, 4.0])


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ({}, [0.0, -2, 1, 0, 4]), ({"side": "both"}, [0.0, 0, 1, 0, 4]), ({"side": "reverse"}, [-3.0, 2, 1, 0, 4]),
        ({"overshoot": 2.0}, [-3.0, -2, 1, 0, 4]), ({"acts": False}, G.tolist()),
    ],
)  # fmt: skip
def test_what_is_left(how: dict[str, Any], left: list[float]) -> None:
    found = taken(G, AXES, **{"side": "positive", "overshoot": 1.0, "rescale": False, **how})
    assert found.left.tolist() == left
    assert (found.into, found.whole) == (9.0, 30.0)


def test_rescaling_gives_back_the_length_and_not_the_direction() -> None:
    found = taken(G, AXES, side="positive", overshoot=1.0, rescale=True)
    assert float(found.left.norm()) == pytest.approx(float(G.norm())) and float(found.left[0]) == 0.0


def drawn_at_random(seed: int, own: bool) -> tuple[torch.Tensor, ...]:
    """An unsteered step, project's, the real axes and perhaps a control's own."""
    draw = torch.Generator().manual_seed(seed)
    real, other = (torch.linalg.qr(torch.randn(60, 3, generator=draw))[0].t() for _ in range(2))
    step = torch.randn(60, generator=draw) / 8 + 0.5 * real.sum(0) + 0.1 * other.sum(0)
    projected = 0.97 * taken(step, real, side="positive", overshoot=1.0, rescale=False).left
    return step, projected, real, *([other] if own else [])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("own", [False, True])
def test_a_control_is_as_far_and_as_long_as_project_and_leaves_the_real_component_in(seed: int, own: bool) -> None:
    step, projected, real, *used = drawn_at_random(seed, own)
    found = instead(step, projected, real, used[0] if used else None, "positive", seed)
    assert float((step - found).norm()) == pytest.approx(float((step - projected).norm()), rel=1e-4)
    assert float(found.norm()) == pytest.approx(float(projected.norm()), rel=1e-4) and found.norm() < step.norm()
    if used:
        assert float((used[0] @ found).clamp(min=0).norm()) < float((used[0] @ step).clamp(min=0).norm())
    else:
        assert torch.allclose(real @ found, real @ step, atol=1e-5)
        assert not torch.allclose(found, instead(step, projected, real, None, "positive", seed + 99), atol=1e-2)
    assert torch.equal(instead(step, step, real, None, "positive", seed), step)  # nothing is taken of nothing


def test_a_step_that_is_shrunk_keeps_its_direction() -> None:
    step, projected, _ = drawn_at_random(0, own=False)
    found = shrunk(step, projected)
    assert float(found.norm()) == pytest.approx(float(projected.norm()))
    assert float(torch.nn.functional.cosine_similarity(found, step, dim=0)) == pytest.approx(1.0)


# ---- the arm ----


def pushed(arm: Project, exploit: float) -> dict[str, torch.Tensor]:
    """The gradients of a batch of the pairs with these advantages, before the arm has seen them."""
    pairs = contrasts(arm.read, arm.policy, "pairs", 0)
    for parameter in arm.policy.parameters().values():
        parameter.grad = None
    for pair in pairs:
        arm.policy.absorb(_leaf_slopes(arm.ground, (pair, (exploit, -exploit))))
    return {name: p.grad.clone() for name, p in arm.policy.parameters().items() if p.grad is not None}


def test_what_rewards_exploits_is_reduced_and_what_punishes_them_passes_untouched() -> None:
    arm = project(axes=1, known=["flag"])  # of one kind, so that all pairs point one way in every matrix
    before = pushed(arm, exploit=1.0)
    arm.gradient()
    reduced = [name for name, p in arm.policy.parameters().items() if not torch.equal(p.grad, before[name])]
    assert set(reduced) == set(arm.real) and arm.told["fired"] == 1.0
    assert arm.told["cin"] > 0.5 and arm.told["cout"] < 1e-3 and arm.told["removed"] == pytest.approx(arm.told["cin"])
    before = pushed(arm, exploit=-1.0)
    arm.gradient()
    assert all(torch.equal(p.grad, before[name]) for name, p in arm.policy.parameters().items())
    assert (arm.told["cin"], arm.told["removed"], arm.told["fired"]) == (0.0, 0.0, 0.0)


def test_the_basis_tells_the_sides_of_pairs_that_it_was_not_read_from() -> None:
    told = project(apart=8, axes=1, known=["flag"]).told
    assert told["apart_accuracy"] == 1.0 and told["apart_p"] == pytest.approx(2**-8)


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_only_a_projected_update_leaves_nothing_of_it_in_the_weights(optimiser: str) -> None:
    told = {}
    for on in ("gradient", "update", "both"):
        learning = stage(few("project", on=on), optimiser=optimiser)
        told[on] = [dict(learning.step(number)[0]) for number in range(1, 5)]
    assert max(t["steer.residual"] for t in told["gradient"]) > 0.01
    assert all(t["steer.residual"] == t["steer.leak"] for t in told["gradient"])
    assert all(t["steer.residual"] < 1e-3 for on in ("update", "both") for t in told[on])
    assert all(t["steer.cin"] == t["steer.cout"] and not t["steer.removed"] for t in told["update"])


def squares(found: dict[str, torch.Tensor]) -> list[float]:
    return [float(one.square().sum()) for one in found.values()]


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
@pytest.mark.parametrize("direction", ["random", "shuffled", "clean", "shrink"])
def test_over_many_steps_a_control_changes_its_step_as_much_as_project_would(direction: str, optimiser: str) -> None:
    """What project would do of these very gradients is worked out here by a second run of the optimiser."""
    learning = stage(few("project", direction=direction), lr=3e-3, optimiser=optimiser)
    arm = learning.arm
    assert isinstance(arm, Project)
    told_by_arm = arm._tell_steps
    seen: list[tuple[dict[str, torch.Tensor], ...]] = []
    arm._tell_steps = lambda plain, mine, steps: (seen.append((plain, steps)), told_by_arm(plain, mine, steps))[1]  # type: ignore[assignment, func-returns-value]
    wanted: list[dict[str, torch.Tensor]] = []
    arms_own = arm._instead
    arm._instead = lambda name, plain, projected: (
        wanted[-1].update({name: projected}),
        arms_own(name, plain, projected),
    )[1]  # type: ignore[method-assign, func-returns-value]
    told = []
    for number in range(1, 16):
        wanted.append({})
        told.append(dict(learning.step(number)[0]))
    for (plain, steps), projected, line in zip(seen, wanted, told, strict=True):
        matched = []
        for name, step in steps.items():
            free, would = plain[name], projected[name]
            far, long = (float((free - one).norm() / free.norm()) for one in (step, would)), (step.norm(), would.norm())
            took, asked = far
            if direction == "random":  # what lies along the real axes stays
                assert torch.allclose(arm.real[name] @ step, arm.real[name] @ free, atol=1e-5)
            if direction == "shrink":
                assert float(long[0]) == pytest.approx(float(long[1]), rel=1e-3)
            elif took < 0.999 * asked:  # nothing else was left to take
                matched.append(False)
                assert float(long[0]) <= 1.001 * max(float(free.norm()), float(long[1]))
            else:
                matched.append(True)
                assert took == pytest.approx(asked, rel=1e-3)
                assert float(long[0]) == pytest.approx(float(long[1]), rel=1e-3)
        if direction != "shrink":
            assert line["steer.matched"] == pytest.approx(sum(matched) / len(matched)) and sum(matched) > 7
        changed = {n: plain[n] - step for n, step in steps.items()}
        assert line["steer.update_removed"] == pytest.approx(share(squares(changed), squares(plain)))
        assert line["steer.update_length"] == pytest.approx(share(squares(steps), squares(plain)))
        if direction == "random":
            left = line["steer.residual"] * line["steer.update_length"]
            assert left == pytest.approx(line["steer.leak"], rel=1e-3)


def test_project_tells_how_far_its_step_is_from_the_one_that_would_have_been() -> None:
    """At the first step that is one run's change against another's."""
    told, moved = {}, {}
    for direction in ("pairs", "random"):
        learning = stage(few("project", direction=direction))
        told[direction] = learning.step(1)[0]
        moved[direction] = {n: w.clone() for n, w in learning.policy.weights().items()}
    plain = stage(None)
    plain.step(1)
    start, real = taught().weights(), project().real
    free = {n: plain.policy.weights()[n] - start[n] for n in real}
    for direction, weights in moved.items():
        off = {n: plain.policy.weights()[n] - weights[n] for n in real}
        assert told[direction]["steer.update_removed"] == pytest.approx(share(squares(off), squares(free)), rel=1e-3)
    control, own = (float(told[direction]["steer.update_removed"]) for direction in ("random", "pairs"))
    assert 0.9 * own < control < 1.001 * own and 0 < told["random"]["steer.matched"] < 1  # see control.py, 2


def test_a_basis_that_has_turned_away_is_not_taken() -> None:
    learning = stage(few("project", refresh=2, overlap=1.0), lr=3e-2)
    told = [dict(learning.step(number)[0]) for number in (1, 2, 3)]
    assert told[0]["steer.refreshed"] and "steer.refreshed" not in told[1]
    assert not told[2]["steer.refreshed"] and told[2]["steer.overlap"] < 1.0
    assert stage(few("project", refresh=1)).step(1)[0]["steer.overlap"] == 1.0


def test_live_answers_are_scored_now_and_then() -> None:
    learning = stage(few("project", scored=24, scored_every=2))
    told = [dict(learning.step(number)[0]) for number in (1, 2)]
    assert "steer.auroc" not in told[0] and 0 <= told[1]["steer.auroc"] <= 1 and told[1]["steer.auroc_n"] == 24


# ---- figures ----


def test_rates_of_exploits_are_told_where_any_verdict_names_one() -> None:
    def verdict(passed: bool, exploit: str | None) -> Verdict:
        return Verdict(score=1.0, passed=passed, failure=None if passed else "wrong", exploit=exploit)

    assert figures.of_exploits([[verdict(True, None)]]) == {}
    rows = [[verdict(True, "flag"), verdict(False, "flag")], [verdict(False, "printed"), verdict(True, None)]]
    assert figures.of_exploits(rows) == {
        "truth": 0.5, "exploited": 0.5, "attempted": 0.25, "exploited.flag": 0.25, "exploited.printed": 0.25
    }  # fmt: skip
    told = stage(None).step(1)[0]
    assert told["truth"] == told["pass_rate"] and told["exploited"] + told["attempted"] == told["exploits"] > 0


def test_figures_against_the_truth() -> None:
    assert figures.auroc("a", [3.0, 2, 1, 2], [True, True, False, False]) == {"a": 0.875, "a_n": 4}
    assert figures.auroc("a", [3.0], [True]) == {}
    assert figures.against("p", [True, True, False], [True, False, False]) == {
        "p_accuracy": pytest.approx(2 / 3), "p_recall": 1.0, "p_false_alarm": 0.5
    }  # fmt: skip
    assert figures.sign_test("s", [True] * 5) == {"s_accuracy": 1.0, "s_p": pytest.approx(1 / 32)}
