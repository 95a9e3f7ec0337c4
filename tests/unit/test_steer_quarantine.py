"""Routing: who learns from which answer, that sampler and learner see one distribution, and what is left behind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rungwise.policy.nano import Nano, load_nano  # noqa: E402
from rungwise.policy.packed import pack  # noqa: E402
from rungwise.policy.policy import Decode  # noqa: E402
from rungwise.train.steer.arm import Ground, Judged  # noqa: E402
from rungwise.train.steer.quarantine import MODES, QUARANTINE, TWIN, Quarantined  # noqa: E402
from rungwise.train.steer.route import Route, inputs, seeds  # noqa: E402
from rungwise.train.steer.router import Router  # noqa: E402
from tests.unit.test_steer import CONTRACT, POOL, few, settings, stage, taught  # noqa: E402

ROW = (taught().tokens.prompt(POOL[0].prompt), [taught().tokens.answer(text) for text in ("abcd", "hhR")])
ARMS = pytest.mark.parametrize("arm", ["route", "absorb"])


def slopes(policy: Quarantined, modes: Sequence[str]) -> dict[str, torch.Tensor | None]:
    """The gradients of a batch with one row in each of these modes."""
    for parameter in policy.parameters().values():
        parameter.grad = None
    loss = torch.stack([policy.views[mode].logprobs(pack([ROW]))[0].sum() for mode in modes]).sum()
    policy.absorb(torch.autograd.grad(loss, policy.leaves(), allow_unused=True))
    return {name: p.grad for name, p in policy.parameters().items()}


def lively(**more: Any) -> Quarantined:
    """A quarantine that has learned something."""
    made = Quarantined(taught(), rank=4, scale=1.0, seed=0, **more)
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in made.moved.values():
            parameter += 0.1 * torch.randn(parameter.shape, generator=draw)
    made.refresh()
    return made


def learned(arm: str, steps: int = 3, **more: Any) -> tuple[Route, list[dict[str, Any]]]:
    learning = stage(few(arm, **more), kl_coef=0.01)
    told = [dict(learning.step(number)[0]) for number in range(1, steps + 1)]
    assert isinstance(learning.arm, Route)
    return learning.arm, told


# ---- who learns ----


def test_a_batch_of_one_mode_teaches_exactly_whom_it_should() -> None:
    policy = lively()
    for mode in MODES:
        quarantine, deployed = [], []
        for name, slope in slopes(policy, [mode]).items():
            lengths = quarantine if f".{QUARANTINE}." in name else deployed
            lengths.append(0.0 if slope is None else float(slope.norm()))
        assert len(quarantine) == 2 * 7 * 2 and len(deployed) == 2 * 9 + 2
        assert (sum(quarantine) == 0.0) == (mode == "off"), mode
        assert (sum(deployed) == 0.0) == (mode == "route"), mode
        assert mode == "off" or all(quarantine)
        assert mode == "route" or all(deployed)


def test_what_a_mixed_batch_teaches_is_the_sum_of_its_modes() -> None:
    policy = lively()
    parts = [slopes(policy, [mode]) for mode in MODES]
    for name, slope in slopes(policy, MODES).items():
        whole = sum((part[name] for part in parts if part[name] is not None), torch.zeros(()))
        assert slope is not None and torch.allclose(slope, whole, atol=1e-4, rtol=1e-4), name


def test_routing_teaches_the_quarantine_what_it_would_learn_of_merged_weights() -> None:
    policy = lively()
    route, absorb = slopes(policy, ["route"]), slopes(policy, ["absorb"])
    assert all(torch.equal(route[n], absorb[n]) for n in route if f".{QUARANTINE}." in n)  # type: ignore[arg-type]


# ---- one distribution ----


@ARMS
def test_each_answer_is_learned_from_under_the_weights_that_wrote_it(arm: str) -> None:
    made, told = learned(arm, scale=4.0)
    assert all(t["drift"] < 1e-4 and t["ratio_max"] == 1.0 for t in told)
    assert all(t["steer.off"] == 0.25 for t in told) and 0 < told[-1]["steer.energy"] < 1
    views, task = made.quarantined.views, POOL[0]
    for mode in ("off", "absorb"):
        (group,) = made.writer(mode == "off").sample([task], 4, Decode(max_new_tokens=8), 3)
        rows = [(group.prompt.tolist(), [sample.tokens.tolist() for sample in group.samples])]
        drawn = np.concatenate([sample.logprobs for sample in group.samples])
        same, other = (views[m].logprobs(pack(rows))[0].detach().numpy() for m in (mode, _other(mode)))
        assert np.abs(drawn - same).max() < 1e-4 < np.abs(drawn - other).max()


def _other(mode: str) -> str:
    return "absorb" if mode == "off" else "off"


def test_before_it_has_learned_a_quarantine_changes_no_answer() -> None:
    policy = Quarantined(taught(), rank=4, scale=1.0, seed=0)
    plain, merged = (policy.views[mode].logprobs(pack([ROW]))[0] for mode in ("off", "route"))
    assert torch.equal(plain, merged)


# ---- labels ----


def test_labelled_answers_route_and_all_others_absorb() -> None:
    arm, _ = learned("route", steps=0)
    groups = arm.policy.sample(POOL[:8], 8, Decode(max_new_tokens=8), 0)
    verdicts = [[CONTRACT.judge(g.task, s.text) for s in g.samples] for g in groups]
    judged = Judged(1, groups, verdicts, frozenset({0, 5}))
    modes = arm.modes(judged)
    exploits = [[verdict.exploit for verdict in row] for row in verdicts]
    assert {"redefined", "flag", "printed", None} == {e for row in exploits for e in row}
    for g, row in enumerate(modes):
        known = ["route" if exploit in ("redefined", "flag") else "absorb" for exploit in exploits[g]]
        assert row == (["off"] * 8 if g in judged.off else known)
    kept = arm.paid(judged, np.ones((8, 8)), np.ones((8, 8), dtype=np.bool_))[1]
    for g, row in enumerate(exploits):  # where it took no part it cannot learn: nobody does
        assert kept[g].tolist() == [g not in judged.off or exploit not in ("redefined", "flag") for exploit in row]
    drawn = Route(Ground(taught(), taught(), CONTRACT, settings(few("route", labels="random")), 0))
    anywhere = Judged(1, groups, verdicts)
    counts = [sum(row.count("route") for row in one.modes(anywhere)) for one in (arm, drawn)]
    assert counts[0] == counts[1] > 0 and arm.modes(anywhere) != drawn.modes(anywhere)


def test_what_teaches_the_deployed_weights_is_held_against_its_own_mean() -> None:
    learning = stage(few("route"), k=8, prompts=8, advantage="mean")
    groups = learning.policy.sample(POOL[:8], 8, Decode(max_new_tokens=8), 0)
    off = [0, 2, 4, 6]
    batch = learning._paid(list(groups), 1, frozenset(off))
    worth, paid = batch.advantages, np.array([[r.value for r in row] for row in batch.rewards])
    routed = learning.arm._labelled(batch.judged)  # type: ignore[attr-defined]
    assert routed[off].any() and not worth.counts[off][routed[off]].any()
    for g in range(8):
        mine = ~routed[g]
        assert worth.values[g][mine] == pytest.approx(paid[g][mine] - paid[g][mine].mean(), abs=1e-9)
        if g not in off:
            assert worth.values[g][~mine] == pytest.approx(paid[g][~mine] - paid[g].mean(), abs=1e-9)


# ---- what is left behind ----


@ARMS
def test_a_reset_takes_away_all_that_the_quarantine_has_learned(arm: str, tmp_path: Path) -> None:
    made, _ = learned(arm)
    models, policy = made.models(), made.quarantined
    assert list(models) == ["trained", "model"]
    for name, one in models.items():
        one.save(tmp_path / name)
    deployed, trained = (load_nano(tmp_path / name, precision="fp32").weights() for name in ("model", "trained"))
    for name, weight in policy.nano.weights().items():
        assert torch.equal(deployed[name], weight), name
        assert torch.equal(trained[name], weight) == (name not in policy.names), name
    told = [Nano.logprobs(one, pack([ROW]))[0] for one in models.values()]  # type: ignore[arg-type]
    views = [policy.views[mode].logprobs(pack([ROW]))[0] for mode in ("absorb", "off")]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(told, views, strict=True))


def test_a_twin_learns_like_what_is_deployed_and_can_be_reset_in_its_stead() -> None:
    policy = lively(twin=True)
    twins = [[p for n, p in slopes(policy, [mode]).items() if f".{TWIN}." in n] for mode in ("off", "route")]
    assert all(p is not None and p.any() for p in twins[0]) and all(p is None for p in twins[1])
    name = policy.names[0]
    trained, reset = policy.without().weights()[name], policy.without(TWIN).weights()[name]
    assert torch.allclose(trained - reset, policy.part(TWIN, name), atol=1e-6)  # type: ignore[arg-type]
    made, _ = learned("route", reset="twin")
    assert torch.allclose(made.models()["model"].weights()[name], made.quarantined.without(TWIN).weights()[name])


def test_what_is_read_back_is_all_of_it() -> None:
    one, other = lively(), Quarantined(taught(), rank=4, scale=1.0, seed=9)
    other.load({name: weight.clone() for name, weight in one.weights().items()})
    assert torch.equal(*(p.views["absorb"].logprobs(pack([ROW]))[0] for p in (one, other)))


# ---- a seeded beginning ----


def test_a_seeded_quarantine_begins_along_the_pairs_and_adds_nothing_yet() -> None:
    ground = Ground(taught(), taught(), CONTRACT, settings(few("absorb", seeded=True, known=["flag"], pairs=8)), 0)
    arm = Route(ground)
    name = arm.quarantined.names[3]
    read, written = seeds(ground, taught())[name]
    first = arm.quarantined.first
    assert torch.equal(first[f"{name}.{QUARANTINE}.down"][0], read) and float(read.norm()) == pytest.approx(1.0)
    assert torch.allclose(written, torch.nn.functional.normalize(taught().weights()[name] @ read, dim=0), atol=1e-6)
    assert torch.equal(first[f"{name}.{QUARANTINE}.up"][:, 0], written)
    policy = arm.quarantined
    assert torch.equal(*(policy.views[mode].logprobs(pack([ROW]))[0] for mode in ("off", "absorb")))
    assert all(slope is not None and slope.any() for n, slope in slopes(policy, ["absorb"]).items() if "down" in n)


def test_inputs_are_what_the_matrices_are_multiplied_with() -> None:
    """The first block's queries read the normalised embeddings."""
    policy, batch = taught(), pack([ROW])
    found = inputs(policy, batch)
    w = policy.weights()
    x = w["model.embed_tokens.weight"][torch.from_numpy(batch.tokens[batch.source])]
    x = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + policy.eps) * w["model.layers.0.input_layernorm.weight"]
    for answer in (0, 1):
        mine = x[torch.from_numpy(batch.owner == answer)].mean(0)
        assert torch.allclose(found["qkv.0"][answer], mine, atol=1e-4)
    assert found.keys() == {f"{kind}.{i}" for kind in ("qkv", "o", "gate", "down") for i in (0, 1)}


# ---- the router ----


def router() -> Router:
    return Router(Ground(taught(), taught(), CONTRACT, settings(few("router")), 0))


def of_router(arm: Router, w: float) -> dict[str, torch.Tensor | None]:
    batch = pack([(ROW[0], [answer]) for answer in ROW[1]])
    for parameter in arm.policy.parameters().values():
        parameter.grad = None
    share = torch.full((2,), w, requires_grad=True)
    told = arm.routed.let_in(batch, share, 1.0, None)[0]
    arm.policy.absorb(torch.autograd.grad(told.sum(), arm.policy.leaves(), allow_unused=True))
    return {name: p.grad for name, p in arm.policy.parameters().items()}


def test_a_routed_quarantine_takes_its_share_of_what_is_learned() -> None:
    arm = router()
    with torch.no_grad():
        for parameter in arm.routed.moved.values():
            parameter += 0.1
    arm.routed.refresh()
    none, half, whole = (of_router(arm, w) for w in (0.0, 0.5, 1.0))
    for name in arm.routed.names:
        assert none[name].any() and half[name].any() and not whole[name].any()  # type: ignore[union-attr]
        up = f"{name}.{QUARANTINE}.up"
        assert not none[up].any() and half[up].any() and whole[up].any()  # type: ignore[union-attr]
    assert "model.embed_tokens.weight" not in none and "model.norm.weight" not in none
    batch = pack([(ROW[0], [answer]) for answer in ROW[1]])
    for w, view in ((0.0, arm.routed.nano), (1.0, arm.routed.on)):
        let_in = arm.routed.let_in(batch, torch.full((2,), w), 1.0, None)[0]
        assert torch.allclose(let_in, view.logprobs(batch)[0], atol=1e-4)


def test_the_router_learns_to_tell_the_pairs_apart_and_the_rest_stays_on_one_policy() -> None:
    """It begins where it tells them apart already, so it is turned round first."""
    learning = stage(few("router"), lr=1e-3)
    assert isinstance(learning.arm, Router) and learning.arm._pinned() and learning.arm.told["pin"] < 2 * np.log(2)
    with torch.no_grad():
        learning.arm.routed.begun["router.along"].neg_()
    told = [dict(learning.step(number)[0]) for number in range(1, 7)]
    assert told[-1]["steer.pin"] < 0.9 * told[0]["steer.pin"] and told[0]["steer.pin"] > 2 * np.log(2)
    assert all(t["drift"] < 1e-4 for t in told) and 0 < told[-1]["steer.energy"] < 1
    frozen = learning.policy.weights()["model.embed_tokens.weight"]
    assert torch.equal(frozen, taught().weights()["model.embed_tokens.weight"])
