"""Fine-tuning on rows: prompts are read, answers are learned. One class with the life of a stage.

1. The loss is the mean over the step's supervised tokens, the end token among them; prompts carry none. What is written
   down is exact: how many tokens were learned from so far, and how many passes that is over each source.
2. The held-out loss is of other tasks, whole, every `every` steps. It is what a run is judged by here, not the last
   batch's loss.
3. Expert iteration goes on where the first steps end: sample, judge, keep, mix what was kept with the rest. The kept
   rows of a round are a file before its first step, so that a resumed run learns from the same.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from rungwise.contract import Contract, Json, Task, judge_all
from rungwise.policy.packed import Row, pack, portions
from rungwise.policy.policy import Decode, Policy
from rungwise.seeds import derive, stream
from rungwise.train import corpus
from rungwise.train.checkpoint import Checkpoint
from rungwise.train.learner import Learner, even, spread
from rungwise.train.mixture import Mixture, Source, counted, encoded, length, mixed
from rungwise.train.settings import SftSettings

PORTION = 2048  # tokens at a time on one thread

Expert = Callable[[int], Sequence[corpus.Row]]


class Sft:
    def __init__(
        self, policy: Policy, sources: Sequence[Source], heldout: Sequence[Row], settings: SftSettings, seed: int,
        expert: Expert | None = None,
    ) -> None:  # fmt: skip
        self.policy, self.sources, self.heldout, self.settings, self.seed = policy, sources, heldout, settings, seed
        self.expert = expert
        self.first = mixed(
            sources, batch_tokens=settings.batch_tokens, seed=seed, steps=settings.steps, epochs=settings.epochs
        )
        self.steps = self.first.steps + (settings.expert.rounds * settings.expert.steps if settings.expert else 0)
        self.learner = Learner(policy, betas=settings.betas, weight_decay=settings.weight_decay, clip=settings.clip,
                               optimiser=settings.optimiser)  # fmt: skip
        self.learned = self.turns = 0  # tokens; rounds of expert iteration that have begun
        self._rounds: dict[int, Mixture] = {0: self.first}

    def step(self, number: int) -> tuple[Mapping[str, Json], Mapping[str, Json]]:
        began = time.perf_counter()
        rows = self._batch(number)
        tokens = sum(len(answer) for _, answers in rows for answer in answers)
        lr = self._lr(number)
        done = self.learner.step(self._pieces(rows), lambda piece: (_surprise(self.policy, piece) / tokens, {}), lr,
                                 f"step {number}")  # fmt: skip
        self.learned += tokens
        told = {
            "loss": done.loss, "grad_norm": done.grad_norm, "update_norm": done.update_norm, "lr": lr,
            "tokens": self.learned
        }  # fmt: skip
        read = sum(map(length, rows))
        clock = {"trained_tokens": read, "tokens_per_second": read / (time.perf_counter() - began)}
        if self.heldout and (number % self.settings.every == 0 or number == self.steps):
            told["heldout_loss"] = self.heldout_loss()
        return told, clock

    def heldout_loss(self) -> float:
        """Mean over the supervised tokens of the held-out rows."""
        with torch.no_grad():
            parts = spread(self.policy.workers, self._pieces(self.heldout), lambda piece: self._told(piece))
        return float(sum(parts)) / sum(len(answer) for _, answers in self.heldout for answer in answers)

    def _told(self, piece: Sequence[Row]) -> float:
        with torch.no_grad():  # each thread has its own switch
            return float(_surprise(self.policy, piece))

    def _pieces(self, rows: Sequence[Row]) -> list[list[Row]]:
        lengths = [length(row) for row in rows]
        return list(portions(rows, even(sum(lengths), self.policy.workers, PORTION, max(lengths))))

    def _lr(self, number: int) -> float:
        s = self.settings
        if number <= s.warmup:
            return s.lr * number / s.warmup
        share = (number - s.warmup) / max(1, self.steps - s.warmup)
        left = {"constant": 1.0, "linear": 1 - share, "cosine": (1 + math.cos(math.pi * share)) / 2}[s.decay]
        return s.lr * (0.05 + 0.95 * left)

    def _batch(self, number: int) -> list[Row]:
        if number <= self.first.steps or self.settings.expert is None:
            return self.first.batch(number)
        turn, step = divmod(number - self.first.steps - 1, self.settings.expert.steps)
        if turn + 1 not in self._rounds:
            self._rounds[turn + 1] = self._mixed(turn + 1)
            self.turns = turn + 1
        return self._rounds[turn + 1].batch(step + 1)

    def _mixed(self, turn: int) -> Mixture:
        assert self.expert is not None and self.settings.expert is not None
        rows = [row for earlier in range(1, turn + 1) for row in self.expert(earlier)]
        own = self.settings.expert
        extra = (Source(name="expert", weight=own.weight, rows=encoded(self.policy.tokens, rows)),) if rows else ()
        return mixed(
            (*self.sources, *extra), batch_tokens=self.settings.batch_tokens, seed=derive(self.seed, "expert", turn),
            steps=own.steps,
        )  # fmt: skip

    def counts(self, steps: int) -> list[dict[str, Json]]:
        """Of each source the declared and the measured share of the first steps, and its effective epochs."""
        return [asdict(one) for one in counted(self.first, min(steps, self.first.steps))]

    def first_batch(self) -> Json:
        """Ids and what they say; `learned` marks the ids that carry loss."""
        text = self.policy.tokens.text
        return [
            {"prompt": text(prompt), "answers": [text(answer) for answer in answers], "prompt_ids": prompt,
             "answer_ids": answers, "learned": [[1] * len(answer) for answer in answers]}
            for prompt, answers in self._batch(1)
        ]  # fmt: skip

    def checkpoint(self, step: int) -> Checkpoint:
        state = {"tokens": self.learned, "turns": self.turns}
        return Checkpoint(step, self.policy.weights(), self.learner.state(), state)

    def restore(self, checkpoint: Checkpoint) -> None:
        self.policy.load(checkpoint.weights)
        self.learner.load(checkpoint.optimiser)
        self.learned, self.turns = checkpoint.state["tokens"], checkpoint.state["turns"]


def _surprise(policy: Policy, rows: Sequence[Row]) -> Tensor:
    return -policy.logprobs(pack(rows))[0].sum()


def expert_of(
    policy: Policy, contract: Contract, pool: Sequence[Task], settings: SftSettings, seed: int, folder: Path, most: int
) -> Expert:
    """What the policy itself wrote and the judge let pass, as rows of a file for each round."""
    own = settings.expert
    assert own is not None
    decode = Decode(temperature=own.temperature, max_new_tokens=own.max_new_tokens or most)

    def rows(turn: int) -> Sequence[corpus.Row]:
        path = folder / f"expert-{turn}.jsonl"
        if not path.exists():
            tasks = stream(seed, "expert", turn).sample(list(pool), min(own.tasks, len(pool)))
            groups = policy.sample(tasks, own.k, decode, derive(seed, "expert", turn))
            judged = [(group, judge_all(contract, [(group.task, s.text) for s in group.samples])) for group in groups]
            corpus.save(path, corpus.kept(judged, own.keep, own.per_task))
        return corpus.load(path, contract) if path.stat().st_size else []

    return rows
