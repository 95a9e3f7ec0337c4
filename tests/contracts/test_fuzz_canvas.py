"""Fuzzing the judge of canvas: no mutated answer may make it raise, and none may pass that the slow oracle denies.

    python -m tests.contracts.test_fuzz_canvas -n 100000 --workers 2

Half of the answers are gold ones mutated as text, half as canvases (parameters, lines, components). Every pass is held
against the packet-level oracle, once for each canvas that is alike to the simulator. The suite runs a small share.
"""

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from rungwise.contracts.canvas.judge import Problem, judge, problem_of
from rungwise.contracts.canvas.language import Canvas, Reading, parse, write
from rungwise.contracts.canvas.tables import (
    compile_canvas,
)
from tests.contracts.canvases import gold_of, tasks
from tests.contracts.packet_oracle import confirms
from tests.contracts.wild_canvases import mutated

Tally = dict[str, int]
PIECES = [
    '"',
    "{",
    "}",
    "]",
    ",",
    ":",
    "0",
    "9",
    "-",
    "1e9",
    "null",
    "queue",
    "split",
    "x4",
    "=",
    " ",
    "\n",
    "\u202e",
    "é",
    "\ud800",
]


def fuzz(seed: int, n: int) -> tuple[Tally, list[str]]:
    """(counts, what went wrong) of n mutated answers."""
    rng = random.Random(seed)
    tally: Tally = {"judged": 0, "read": 0, "passed": 0, "confirmed": 0}
    wrong: list[str] = []
    known: set[bytes] = set()
    for _ in range(n):
        surface = rng.choice(("json", "compact"))
        problem, gold = rng.choice(golden())
        answer = _as_text(gold, surface, rng) if rng.random() < 0.5 else write(mutated(gold, rng), surface)
        tally["judged"] += 1
        try:
            verdict = judge(problem, answer, surface)
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error} on {answer!r}")
            continue
        tally["read"] += verdict.shape is not None
        tally["passed"] += verdict.passed
        if verdict.passed and not _confirmed(problem, answer, surface, known, tally):
            wrong.append(f"passed with {verdict.score:.4f} and not confirmed, {problem.title}: {answer}")
    return tally, wrong


@cache
def golden() -> list[tuple[Problem, Canvas]]:
    return [(problem_of(task), gold_of(task)) for split in ("train", "test") for task in tasks(split, 30, 5)]


def _as_text(gold: Canvas, surface: str, rng: random.Random) -> str:
    text = write(gold, surface)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at, cut = rng.randrange(len(text) + 1), rng.choice((0, 1, 1, 2, 8))
        piece = rng.choice((rng.choice(PIECES), "", text[at : at + rng.randrange(12)]))
        text = text[:at] + piece + text[at + cut :]
    return text


def _confirmed(problem: Problem, answer: str, surface: str, known: set[bytes], tally: Tally) -> bool:
    read = parse(answer, surface)
    assert isinstance(read, Reading)
    nodes, edges = compile_canvas(read.canvas)
    alike = problem.title.encode() + nodes.tobytes() + edges.tobytes()
    if alike not in known:
        known.add(alike)
        tally["confirmed"] += 1
        return confirms(problem, read.canvas)
    return True


def test_no_mutated_answer_raises_or_passes_undeserved() -> None:
    tally, wrong = fuzz(seed=1, n=1500)
    assert not wrong, wrong[0]
    assert tally["read"] > 500 and tally["passed"] > 50


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("-n", type=int, default=100_000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    parts = range(chosen.seed, chosen.seed + 100)
    begun, total, faults = time.monotonic(), Tally(), []
    with ProcessPoolExecutor(chosen.workers) as pool:
        for done, (tally, wrong) in enumerate(pool.map(fuzz, parts, [chosen.n // 100] * 100), 1):
            total = {key: total.get(key, 0) + value for key, value in tally.items()}
            faults += wrong
            print(f"{done}% {total} faults={len(faults)} {time.monotonic() - begun:.0f} s", flush=True)
    print("\n".join(faults) or "no fault")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
