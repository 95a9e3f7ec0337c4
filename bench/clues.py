"""How fast puzzles are drawn, and what can be guessed of them. `python bench/clues.py [--seconds S] [--json]`.

Puzzles a second of one core, by processor time, so that what else runs does not count: as they are drawn (one answer
proved, no clue to spare), and as a tier wants them (derived, and drawn again until the tier's needs are met). Beside
it, of all answers, the share that is right when the name that stands in the most clues is taken, in the fewest, or
that is told first, and by chance.

Then, in turns in the same run, ours and the published recipe (bench/clues_published.py) at its smallest size, both for
one whole state. Figures, not tests.
"""

import argparse
import json
import platform
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rungwise.contracts.clue import crime, night
from rungwise.contracts.clue.names import options
from rungwise.contracts.clue.solver import Solved, solve
from rungwise.contracts.clue.tasks import asks, derived
from rungwise.contracts.clue.tiers import TIERS, Tier
from rungwise.contracts.clue.tree import At, Category, Compound, Element, Formula, Puzzle, Shape

sys.path.insert(0, str(Path(__file__).parent))
import clues_published as published

GOALS = {"C0": 1000, "C1": 1000, "C2": 1000, "C3": 1000, "C4": 200, "C5": 200, "C6": 10, "C7": 0.5}
ROUNDS = 5  # of ours and the published way in turns
LOOKED_AT = 2000  # puzzles a tier whose answers are guessed


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--json", action="store_true", help="one JSON object a row")
    asked.add_argument("--seconds", type=float, default=3.0, help="of processor time, for each figure")
    asked.add_argument("--tiers", default=",".join(TIERS))
    chosen = asked.parse_args()
    rows = [measured(label, TIERS[label], chosen.seconds) for label in chosen.tiers.split(",")]
    rows.append(beside(chosen.seconds))
    for row in rows:
        print(json.dumps(row) if chosen.json else told(row))
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}")


def told(row: dict[str, object]) -> str:
    return "  ".join(
        f"{name} {value:,.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in row.items()
    )


# ---- by tier ----


def measured(label: str, tier: Tier, seconds: float) -> dict[str, object]:
    rng = random.Random(7)
    for shape in tier.shapes:
        drawn(tier, shape, rng)  # worlds are listed, and code is compiled, once
    puzzles: list[Puzzle] = []
    plain = a_second(lambda: drawn(tier, rng.choice(tier.shapes), rng), seconds, puzzles)
    wanted = a_second(lambda: fitting(tier, rng), seconds, [])
    row: dict[str, object] = {"tier": label, "drawn a second": plain, "as wanted": wanted, "goal": GOALS.get(label, "")}
    clues = [len(puzzle.clues) for puzzle in puzzles]
    return row | {"clues": statistics.mean(clues), "most": max(clues)} | guessed(puzzles[:LOOKED_AT])


def drawn(tier: Tier, shape: Shape, rng: random.Random) -> Puzzle | None:
    redundant = rng.randint(*tier.redundant)
    if shape.kind != "moments":
        return crime.draw(shape, tier.kinds, rng, redundant=redundant)
    return night.draw(shape, rng=rng, redundant=redundant, questions=tier.questions)


def fitting(tier: Tier, rng: random.Random) -> Puzzle | None:
    puzzle = drawn(tier, rng.choice(tier.shapes), rng)
    return puzzle if puzzle and asks(tier, puzzle) and derived(puzzle) else None


def a_second(draw: Callable[[], Puzzle | None], seconds: float, found: list[Puzzle]) -> float:
    begun = time.process_time()
    count = 0
    while (spent := time.process_time() - begun) < seconds or not count:
        if (puzzle := draw()) is not None:
            count += 1
            found.append(puzzle)
    return count / spent


def guessed(puzzles: Sequence[Puzzle]) -> dict[str, float]:
    """Of names that stand in equally many clues any may be taken."""
    right = Counter[str]()
    for puzzle in puzzles:
        solved = solve(puzzle)
        if not isinstance(solved, Solved):
            continue
        said = [element for clue in puzzle.clues for element in elements(clue)]
        count = Counter(said)
        for slot, number in zip(puzzle.slots, solved.answer, strict=True):
            row = [Element(slot.category, one) for one in range(options(slot.category, puzzle.shape))]
            for name, extreme in (("most told", max), ("least told", min)):
                best = [one for one in row if count[one] == extreme(count[each] for each in row)]
                right[name] += (row[number] in best) / len(best)
            first = next((one for one in said if one in row), None)
            right["first told"] += 1 / len(row) if first is None else first == row[number]
            right["chance"] += 1 / len(row)
            right["asked"] += 1
    return {name: right[name] / right["asked"] for name in ("chance", "most told", "least told", "first told")}


def elements(clue: Formula) -> Iterator[Element]:
    if isinstance(clue, Compound):
        yield from elements(clue.first)
        yield from elements(clue.second)
        return
    parts = (getattr(clue, part, None) for part in ("piece", "first", "second"))
    yield from (part for part in parts if isinstance(part, Element))
    if isinstance(clue, At):
        yield Element(Category.ROOM, clue.room)


# ---- beside the published recipe ----


def beside(seconds: float) -> dict[str, object]:
    """Medians of so many turns each: two suspects, two weapons, two rooms, one or two times, motives."""
    rng = random.Random(3)
    ours, theirs, clues, questions = [], [], [], []
    our_night(rng)
    for _ in range(ROUNDS):
        ours.append(a_second(lambda: our_night(rng), seconds / ROUNDS, []))
        begun, count = time.process_time(), 0
        while time.process_time() - begun < seconds:
            _, kept, asked = published.puzzle(rng)
            clues.append(len(kept))
            questions.append(asked)
            count += 1
        theirs.append(count / (time.process_time() - begun))
    return {
        "whole state, smallest size": "", "ours a second": statistics.median(ours),
        "published a second": statistics.median(theirs), "ratio": statistics.median(ours) / statistics.median(theirs),
        "their puzzles": len(clues), "their clues": statistics.mean(clues), "solver calls": statistics.mean(questions),
    }  # fmt: skip


def our_night(rng: random.Random) -> Puzzle | None:
    shape = Shape(
        kind="moments", size=2, weapons=2, columns=2, rows=1, times=rng.randint(1, 2), motives=True, carried=True
    )
    return night.draw(shape, rng=rng, unique="state")


if __name__ == "__main__":
    main()
