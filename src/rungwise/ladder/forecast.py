"""What small runs say of larger ones: the held-out loss as a law of tokens, and of weights where those differ.

    loss = floor + a (tokens / t)^-alpha + b (weights / w)^-beta       t and w are the runs' own geometric means

1. Three runs cannot fix so many unknowns, and drawing them again (a bootstrap) would hide that. So many laws are drawn
   from what is possible, each as large as fits the runs best, and weighed by how well it fits. Where the runs leave
   much open, the interval is wide.
2. Each run is foretold from the others as well. Where those intervals miss, the law does not hold here.
3. Losses are of the last step: before it the learning rate has not come down. They are compared only where contract,
   tokenizer and held-out rows are the same, by hash. Passes over the same rows count as tokens.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path
from statistics import fmean
from typing import Any

import msgspec
import numpy as np

from rungwise.contract import Json, hash_of
from rungwise.errors import InputError
from rungwise.ladder.cost import weights_of
from rungwise.ladder.facts import lines
from rungwise.seeds import derive

LEAST = 3  # runs
LAWS = 200_000  # that are drawn
EXPONENTS = (0.02, 1.5)  # published ones lie between 0.05 and 0.5; small runs fall faster at first
SHARES = (0.05, 20.0)  # of what weights explain to what tokens explain
NOISE = 0.01  # of a loss, from seed to seed at least

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Point:
    run: str
    tokens: float
    weights: float
    loss: float


@dataclass(frozen=True, slots=True)
class Foretold:
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"

    def holds(self, loss: float) -> bool:
        return self.low <= loss <= self.high


# ---- reading ----


def points(runs: Sequence[Path]) -> list[Point]:
    if len({run.resolve() for run in runs}) < max(LEAST, len(runs)):
        raise InputError(f"{len(runs)} runs; expected at least {LEAST} different ones to fit a law to", field="RUN")
    measured = {run: _identity(run) for run in runs}
    first = measured[runs[0]]
    for run, own in measured.items():
        if differing := [name for name in first if own[name] != first[name]]:
            raise InputError(f"has another {' and '.join(differing)} than {runs[0]}; losses do not compare", file=run)
    return [_point(run) for run in runs]


def _identity(run: Path) -> dict[str, str]:
    files = {"tokenizer": run / "sft" / "model" / "tokenizer.json", "held-out rows": run / "sft" / "heldout.jsonl"}
    try:
        settings: Json = msgspec.json.decode((run / "sft" / "settings.json").read_bytes())
        hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    except OSError as error:
        place = Path(str(error.filename)).relative_to(run)
        raise InputError(f"no {place} in it; expected an SFT run with a held-out loss", file=run) from error
    return {"contract": hash_of(settings["contract"]), **hashes}


def _point(run: Path) -> Point:
    steps = lines(run / "sft" / "metrics.jsonl")
    if not steps or "heldout_loss" not in steps[-1]:
        raise InputError("its last step has no held-out loss; expected a run that is done", file=run)
    weights = weights_of(run / "sft" / "model")
    return Point(run.as_posix(), float(steps[-1]["tokens"]), float(weights), float(steps[-1]["heldout_loss"]))


# ---- the law ----


def forecast(known: Sequence[Point], tokens: float, weights: float) -> Foretold:
    """The loss of a run that nobody has made, with the interval that it falls into 95 times of 100."""
    drawn = np.random.default_rng(derive(0, "forecast"))
    losses = np.array([one.loss for one in known])
    floors = drawn.uniform(0, losses.min(), LAWS)
    alphas, betas = drawn.uniform(*EXPONENTS, (2, LAWS))
    several = len({one.weights for one in known} | {weights}) > 1
    shares = np.exp(drawn.uniform(log(SHARES[0]), log(SHARES[1]), LAWS)) if several else np.zeros(LAWS)
    middle = [exp(fmean(map(log, found))) for found in zip(*[(one.tokens, one.weights) for one in known], strict=True)]

    def shape(at_tokens: float, at_weights: float) -> Numbers:
        told: Numbers = (at_tokens / middle[0]) ** -alphas + shares * (at_weights / middle[1]) ** -betas
        return told

    shapes = np.array([shape(one.tokens, one.weights) for one in known])
    sizes = _fitting(shapes, floors, losses)
    misses = (floors + sizes * shapes) / losses[:, None] - 1
    free = max(1, len(known) - (5 if several else 3))  # runs beyond those that fix a law
    noise = max(NOISE, sqrt(float((misses**2).sum(0).min()) / free))
    likely = np.exp(-((misses / noise) ** 2).sum(0) / 2)
    found = (floors + sizes * shape(tokens, weights)) * (1 + noise * drawn.standard_normal(LAWS))
    return Foretold(*_quantiles(found, likely, (0.5, 0.025, 0.975)))


def _fitting(shapes: Numbers, floors: Numbers, losses: Numbers) -> Numbers:
    """Of each law how large it is where it misses the runs least, in proportion to their losses."""
    relative = shapes / losses[:, None]
    sizes: Numbers = (relative * (1 - floors / losses[:, None])).sum(0) / (relative**2).sum(0)
    return sizes


def _quantiles(values: Numbers, weights: Numbers, at: Sequence[float]) -> list[float]:
    order = np.argsort(values)
    along = np.cumsum(weights[order])
    return [float(values[order[np.searchsorted(along, share * along[-1])]]) for share in at]


def left_out(known: Sequence[Point]) -> list[tuple[Point, Foretold]]:
    """Each run with what the others say of it."""
    return [
        (one, forecast([*known[:at], *known[at + 1 :]], one.tokens, one.weights)) for at, one in enumerate(known)
    ]  # fmt: skip
