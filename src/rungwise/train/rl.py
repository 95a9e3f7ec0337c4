"""Reinforcement: sample groups, judge them, turn rewards into advantages, step. One class with the life of a stage.

1. On-policy by default: the learner's own log-probabilities stand for those sampled from, so the ratio is exactly 1.
   With `steps_per_batch` above 1 the groups are cut into that many steps and the sampler's log-probabilities are the
   old ones.
2. Sampler and learner see one distribution: same temperature, same grammar masks. How far their numbers are apart is
   written down each step, and beyond `drift` the run stops: then it would train on answers of another policy.
3. Tokens that the grammar forced, and answers whose advantage is 0, carry no gradient; the latter are not computed at
   all unless a KL or entropy term wants them. A prompt is computed once for the whole group.
4. What steers a step (steer/arm.py) acts at places that are named here; where nothing is asked for, nothing does.
5. KL to the start is written down at any coefficient: of all answers where it is paid, else of the first group's.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import torch
from torch import Tensor

from rungwise.contract import Contract, Json, Task, Verdict, judge_all
from rungwise.errors import RungwiseError
from rungwise.policy.packed import Row, pack, portions
from rungwise.policy.policy import Decode, Group, Policy, Sample, answer_of
from rungwise.seeds import derive, stream
from rungwise.train import curriculum, losses, shaping, watch
from rungwise.train.advantages import Advantages, advantages, overlong
from rungwise.train.checkpoint import Checkpoint
from rungwise.train.learner import Learner, even
from rungwise.train.losses import Part, Whole
from rungwise.train.settings import RlSettings
from rungwise.train.shaping import Reward
from rungwise.train.steer import figures as steering
from rungwise.train.steer.arm import Ground, Judged
from rungwise.train.steer.arms import armed

if TYPE_CHECKING:
    from rungwise.policy.grammar import Automaton

PORTION = 2048  # tokens at a time on one thread
STEER = "steer/"  # of the arm's own tensors among a checkpoint's weights


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What was sampled in a step, judged and paid."""

    groups: list[Group]
    verdicts: list[list[Verdict]]
    rewards: list[list[Reward]]
    advantages: Advantages
    judged: Judged


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A portion of a step's answers, in order."""

    rows: list[Row]
    samples: list[Sample]
    advantage: list[float]
    mode: str  # see Arm.modes


class Rl:
    def __init__(
        self, policy: Policy, start: Policy, contract: Contract, pool: Sequence[Task], settings: RlSettings, seed: int,
        automaton: "Automaton | None", warn: Any,
    ) -> None:  # fmt: skip
        self.start, self.contract, self.settings, self.seed = start, contract, settings, seed
        self.arm = armed(Ground(policy, start, contract, settings, seed))
        self.policy = self.arm.policy
        self.automaton, self.warn = automaton, warn
        self.pool: dict[str, list[Task]] = defaultdict(list)
        for task in pool:
            self.pool[task.tier].append(task)
        self.tiers = [tier for tier in contract.tiers if self.pool[tier]]
        self.form, self.terms = settings.form(), settings.terms()
        shaping.require_sound(self.form, self.terms, contract.failures, contract.tiers)
        self.rules = watch.Rules(measures=tuple(settings.watch))
        self.learner = Learner(
            self.policy, betas=settings.betas, weight_decay=settings.weight_decay, clip=settings.clip,
            optimiser=settings.optimiser, steering=self.arm if settings.steer else None,
        )  # fmt: skip
        self.levels, self.watched, self.baseline = curriculum.Levels(), watch.Watched(), settings.baseline
        self._first: Batch | None = None
        self.decode = Decode(
            temperature=settings.temperature, max_new_tokens=settings.max_new_tokens, grammar=settings.grammar,
            floor=settings.floor, answer=settings.answer,
        )  # fmt: skip

    # ---- a step ----

    def step(self, number: int) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
        clock = [time.perf_counter()]
        self.arm.begin(number)
        tasks = self._tasks(number)
        off = self.arm.off(number, len(tasks))
        groups = self._sampled(tasks, off, derive(self.seed, "rl", number))
        clock.append(time.perf_counter())
        batch = self._paid(groups, number, off)
        clock.append(time.perf_counter())
        told = self._learned(batch, number)
        self.arm.learned(batch.judged)
        clock.append(time.perf_counter())
        if number == 1:
            self._first = batch
        record = self._watched(batch, number) | told | self.arm.figures()
        tokens = sum(len(sample.tokens) for group in groups for sample in group.samples)
        sampling, judging, learning = np.diff(clock).tolist()
        return record, {
            "sampling": sampling, "judging": judging, "learning": learning,
            "sampled_tokens": tokens, "trained_tokens": told["trained_tokens"],
            "sampled_tokens_per_second": tokens / sampling,
        }  # fmt: skip

    def _sampled(self, tasks: Sequence[Task], off: frozenset[int], seed: int) -> list[Group]:
        """A group in the place of each task; an answer depends on its task and not on its neighbours."""
        found: dict[int, Group] = {}
        for without in (False, True):
            mine = [i for i in range(len(tasks)) if (i in off) == without]
            if mine:
                few = [tasks[i] for i in mine]
                drawn = self.arm.writer(without).sample(few, self.settings.k, self.decode, seed, self._held())
                found |= dict(zip(mine, drawn, strict=True))
        return [found[i] for i in range(len(tasks))]

    def _held(self) -> "Automaton | None":
        return self.automaton if self.settings.grammar else None

    def _tasks(self, number: int) -> list[Task]:
        drawn = Counter(curriculum.draw(self._weights(), self.settings.prompts, self.seed, number))
        picked = []
        for tier, n in drawn.items():
            draw = stream(self.seed, "pool", number, tier)
            while n > 0:  # a pool smaller than what is asked of it is gone through again
                picked += draw.sample(self.pool[tier], min(n, len(self.pool[tier])))
                n -= len(self.pool[tier])
        return picked

    def _weights(self) -> dict[str, float]:
        name = self.settings.curriculum
        if name == "levels":
            return curriculum.of_levels(self.levels, self.tiers)
        if name == "custom":
            return curriculum.custom(self.settings.tiers, self.tiers)
        return curriculum.preset(name, self.tiers)

    # ---- verdicts, rewards, advantages ----

    def _paid(self, groups: list[Group], number: int, off: frozenset[int]) -> Batch:
        pairs = [(group.task, answer_of(s.text, self.decode.answer)) for group in groups for s in group.samples]
        flat = iter(judge_all(self.contract, pairs))
        verdicts = [[next(flat) for _ in group.samples] for group in groups]
        rewards = [
            [
                shaping.reward(self.form, self.terms, verdict, tier=group.task.tier, tokens=len(sample.tokens))
                for verdict, sample in zip(row, group.samples, strict=True)
            ]
            for row, group in zip(verdicts, groups, strict=True)
        ]
        cut = np.array([[sample.ended == "length" for sample in group.samples] for group in groups])
        values, kept = overlong(self.settings.overlong, np.array([[r.value for r in row] for row in rewards]), cut)
        judged = Judged(number, groups, verdicts, off)
        values, kept = self.arm.paid(judged, values, kept)
        worth = self.arm.advantages(judged, values, kept, partial(self._advantages, groups, verdicts))
        return Batch(groups, verdicts, rewards, worth, judged)

    def _advantages(self, groups: list[Group], verdicts: list[list[Verdict]], values: Any, kept: Any) -> Advantages:
        s = self.settings
        return advantages(
            s.advantage or losses.LOSSES[s.loss].advantage, values, kept,
            baseline=self.baseline, shapes=[[v.shape for v in row] for row in verdicts], diversity=s.diversity,
            k1=self._k1(groups) if s.kl == "k1" and s.kl_coef else None, kl_coef=s.kl_coef,
            zero_variance=s.zero_variance,
        )  # fmt: skip

    def _k1(self, groups: Sequence[Group]) -> Any:
        """Of each answer how much likelier it has become since the start, summed over its tokens."""
        ahead = [
            float(sum(sample.logprobs.astype(np.float64)) - sum(told.astype(np.float64)))
            for group in groups
            for sample, told in zip(group.samples, self._at_start(group), strict=True)
        ]
        return np.array(ahead).reshape(len(groups), -1)

    def _at_start(self, group: Group) -> list[Any]:
        rows: list[Row] = [(group.prompt.tolist(), [sample.tokens.tolist() for sample in group.samples])]
        with torch.no_grad():
            told, _ = self.start.logprobs(pack(rows), self.decode.temperature, self._masks(group.samples))
        cuts = np.cumsum([len(sample.tokens) for sample in group.samples])[:-1]
        return np.split(told.float().cpu().numpy(), cuts)

    def _masks(self, samples: Sequence[Sample]) -> Tensor | None:
        held = self._held()
        if held is None:
            return None
        return torch.from_numpy(np.concatenate([held.masks(s.tokens) for s in samples])).to(self.policy.device)

    # ---- learning ----

    def _learned(self, batch: Batch, number: int) -> dict[str, Json]:
        told: dict[str, Json] = {"trained_answers": 0, "trained_tokens": 0}
        last = None
        for groups in np.array_split(np.arange(len(batch.groups)), self.settings.steps_per_batch):
            pieces, whole, taught = self._pieces(batch, groups.tolist())
            if not pieces:
                continue
            step = self.learner.step(pieces, partial(self._loss, whole), self.settings.lr_at(number), f"step {number}")
            figures = losses.together(step.figures, taught)
            if last is None and figures["drift"] > self.settings.drift:
                raise RungwiseError(
                    f"step {number}: the sampler's log-probabilities are {figures['drift']:.3g} from the learner's on "
                    f"average, over rl.drift = {self.settings.drift:g}: not one policy any more. Use model.precision = "
                    '"fp32", or raise rl.drift; the last checkpoint is as it was'
                )
            told["trained_answers"] += taught.answers
            told["trained_tokens"] += sum(len(p) + sum(map(len, answers)) for one in pieces for p, answers in one.rows)
            last = {
                "loss": step.loss, "grad_norm": step.grad_norm, "update_norm": step.update_norm,
                "lr": self.settings.lr_at(number), **figures
            }  # fmt: skip
        self.baseline = batch.advantages.baseline
        return told | (last or {}) | ({} if last and "kl_k3" in last else self._kl(batch.groups[0]))

    def _kl(self, group: Group) -> dict[str, Json]:
        ahead = np.concatenate(self._at_start(group)) - np.concatenate([s.logprobs for s in group.samples])
        return {"kl_k1": float(-ahead.mean()), "kl_k3": float((np.expm1(np.minimum(ahead, losses.FAR)) - ahead).mean())}

    def _pieces(self, batch: Batch, groups: Sequence[int]) -> tuple[list[Piece], Whole, Whole]:
        """The answers of these groups that have something to teach, cut to what a thread takes at a time; the whole
        that their loss is a part of, and the whole that they are themselves."""
        s, paid = self.settings, batch.advantages
        always = bool(s.entropy_coef or (s.kl_coef and s.kl == "k3"))
        modes = self.arm.modes(batch.judged)
        taught: dict[str, Piece] = {}
        counted = tokens = free = 0
        for g in groups:
            group = batch.groups[g]
            count = [j for j in range(len(group.samples)) if paid.counts[g, j]]
            counted += len(count)
            tokens += sum(self._free(group.samples[j]) for j in count)
            learned = [j for j in count if always or paid.values[g, j]]
            free += sum(self._free(group.samples[j]) for j in learned)
            for mode in dict.fromkeys(modes[g][j] for j in learned):
                mine = [j for j in learned if modes[g][j] == mode]
                one = taught.setdefault(mode, Piece([], [], [], mode))
                one.rows.append((group.prompt.tolist(), [group.samples[j].tokens.tolist() for j in mine]))
                one.samples.extend(group.samples[j] for j in mine)
                one.advantage.extend(float(paid.values[g, j]) for j in mine)
        whole = Whole(answers=counted, tokens=tokens, max_new_tokens=s.max_new_tokens)
        answers = sum(len(one.samples) for one in taught.values())
        return self._cut(list(taught.values())), whole, replace(whole, answers=answers, tokens=free)

    def _cut(self, taught: Sequence[Piece]) -> list[Piece]:
        rows = [row for one in taught for row in one.rows]
        total = sum(len(prompt) + sum(map(len, answers)) for prompt, answers in rows)
        longest = max((len(prompt) + max(map(len, answers)) for prompt, answers in rows), default=0)
        budget = even(total, self.policy.workers, PORTION, longest)
        pieces = []
        for one in taught:
            at = 0
            for portion in portions(one.rows, budget):
                n = at + sum(len(answers) for _, answers in portion)
                pieces.append(Piece(portion, one.samples[at:n], one.advantage[at:n], one.mode))
                at = n
        return pieces

    def _free(self, sample: Sample) -> int:
        """Its tokens that the grammar left a choice in."""
        held = self._held()
        return len(sample.tokens) if held is None else int((held.masks(sample.tokens).sum(1) > 1).sum())

    def _loss(self, whole: Whole, piece: Piece) -> tuple[Tensor, Mapping[str, Tensor]]:
        s, packed, device = self.settings, pack(piece.rows), self.policy.device
        masks = self._masks(piece.samples)
        new, entropy = self.arm.logprobs(piece.mode, packed, s.temperature, masks)
        sampled = torch.from_numpy(np.concatenate([sample.logprobs for sample in piece.samples])).to(device)
        ref = None
        if s.kl_coef and s.kl == "k3":
            with torch.no_grad():
                ref, _ = self.start.logprobs(packed, s.temperature, masks)
        part = Part(
            new=new, old=new.detach() if s.steps_per_batch == 1 else sampled, ref=ref, entropy=entropy,
            advantage=torch.tensor(piece.advantage, dtype=torch.float32, device=device),
            owner=torch.from_numpy(packed.owner).to(device),
            mask=torch.ones_like(sampled) if masks is None else (masks.sum(1) > 1).float(),
        )  # fmt: skip
        value, figures = losses.loss(
            s.loss, part, whole, clip_low=s.clip_low, clip_high=s.clip_high,
            kl_coef=s.kl_coef if s.kl == "k3" else 0.0, entropy_coef=s.entropy_coef,
        )  # fmt: skip
        drawn = self.arm.drawn(piece.mode, packed, s.temperature, masks, new)
        drift = ((drawn - sampled).abs() * part.mask).sum()
        return value, {**figures, "drift": drift}

    # ---- what is watched ----

    def _watched(self, batch: Batch, number: int) -> dict[str, Json]:
        seen = [
            [
                watch.Seen(
                    verdict=verdict, tokens=len(sample.tokens), ended=sample.ended,
                    entropy=float(-sample.logprobs.mean()),
                    reward=paid.value, advantage=float(advantage),
                )
                for verdict, sample, paid, advantage in zip(*answers, strict=True)
            ]
            for answers in zip(
                batch.verdicts, [g.samples for g in batch.groups], batch.rewards, batch.advantages.values, strict=True
            )
        ]  # fmt: skip
        figures = watch.metrics(seen, self.rules)
        self.watched, marks = watch.update(self.watched, number, figures, self.rules)
        results = [(g.task.tier, v.passed) for g, row in zip(batch.groups, batch.verdicts, strict=True) for v in row]
        if self.settings.curriculum == "levels":
            self.levels = curriculum.update(self.levels, results, self.tiers, threshold=self.settings.threshold)
        for mark in marks:
            self.warn(f"step {mark.step}: {mark.name}: {mark.sentence}")
        felt = shaping.effect(batch.rewards)
        if number == 1:
            for line in shaping.warnings(self.terms, felt):
                self.warn(line)
        tiers = Counter(group.task.tier for group in batch.groups)
        return {
            **figures, "tiers": {tier: tiers[tier] for tier in self.tiers if tiers[tier]}, "felt": felt,
            "marks": [mark.name for mark in marks], **steering.of_exploits(batch.verdicts),
        }  # fmt: skip

    def first_batch(self) -> Json:
        """Each answer of the first step with its ids, what may be learned of it, verdict, reward and advantage."""
        first = self._first
        assert first is not None
        return [
            {"task": group.task.id, "prompt": group.task.prompt, "prompt_ids": group.prompt.tolist(), "answers": [
                {"answer": sample.text, "ids": sample.tokens.tolist(), "ended": sample.ended,
                 "logprobs": sample.logprobs.tolist(), "free": self._free(sample), "reward": asdict(paid),
                 "advantage": float(advantage), "verdict": asdict(verdict)}
                for sample, verdict, paid, advantage in zip(group.samples, *row, strict=True)
            ]}
            for group, *row in zip(first.groups, first.verdicts, first.rewards, first.advantages.values, strict=True)
        ]  # fmt: skip

    # ---- checkpoints ----

    def checkpoint(self, step: int) -> Checkpoint:
        state = {"levels": asdict(self.levels), "watched": asdict(self.watched), "baseline": self.baseline}
        steer = {f"{STEER}{name}": tensor for name, tensor in self.arm.tensors().items()}
        return Checkpoint(step, {**self.policy.weights(), **steer}, self.learner.state(), state)

    def restore(self, checkpoint: Checkpoint) -> None:
        own = {name: weight for name, weight in checkpoint.weights.items() if not name.startswith(STEER)}
        self.policy.load(own)
        self.arm.load({name.removeprefix(STEER): t for name, t in checkpoint.weights.items() if name not in own})
        self.learner.load(checkpoint.optimiser)
        self.levels = msgspec.convert(checkpoint.state["levels"], curriculum.Levels)
        self.watched = msgspec.convert(checkpoint.state["watched"], watch.Watched)
        self.baseline = checkpoint.state["baseline"]


def within(
    policy: Policy,
    contract: Contract,
    tasks: Sequence[Task],
    decode: Decode,
    k: int,
    seed: int,
    low: float,
    high: float,
) -> list[Task]:
    """The tasks whose pass rate over k answers of this policy is neither too low nor too high."""
    groups = policy.sample(tasks, k, decode, derive(seed, "difficulty"))
    rates = {}
    for group in groups:
        verdicts = judge_all(contract, [(group.task, answer_of(s.text, decode.answer)) for s in group.samples])
        rates[group.task.id] = (sum(v.passed for v in verdicts), k)
    kept = set(curriculum.fitting([task.id for task in tasks], rates, low=low, high=high))
    return [task for task in tasks if task.id in kept]
