"""What a solver says of a puzzle's text: its answer and the lines that lead to it, or why it has none.

python -m rungwise.contracts.clue PUZZLE [--surface english]     0 with one answer, 1 without, 2 where it cannot be read
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rungwise.contracts.clue.language import SURFACES, Fault, read_puzzle, write_answer, write_formula
from rungwise.contracts.clue.names import Names
from rungwise.contracts.clue.solver import Refusal, solve
from rungwise.contracts.clue.tasks import derived
from rungwise.contracts.clue.tree import Answer, Formula, Puzzle, World


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m rungwise.contracts.clue", description=__doc__)
    options.add_argument("puzzle", type=Path, help="a file with the puzzle's text; - for what comes in")
    options.add_argument("--surface", choices=SURFACES, default="compact")
    options.add_argument("--proof", action="store_true", help="each line behind what it follows from; not of a night")
    given = options.parse_args()
    try:
        text = sys.stdin.read() if str(given.puzzle) == "-" else given.puzzle.read_text()
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"rungwise: {given.puzzle}: cannot read: {error}\n")
        return 2
    found = read_puzzle(text.removesuffix("\n"), given.surface)
    if isinstance(found, Fault):
        sys.stderr.write(f"rungwise: {given.puzzle}: {found}\n")
        return 2
    puzzle, names = found
    if given.proof and puzzle.shape.kind == "moments":
        sys.stderr.write(f"rungwise: {given.puzzle}: a night has no proof; expected a crime or houses, or no --proof\n")
        return 2
    solved = solve(puzzle)
    if isinstance(solved, Refusal):
        sys.stderr.writelines(f"{line}\n" for line in _refused(solved, puzzle, names, given.surface))
        return 1
    derivation = derived(puzzle)
    told = (derivation.proof if given.proof else derivation.lines) if derivation else ()
    lines = [write_formula(line, names, given.surface) for line in told]
    sys.stdout.write(f"{write_answer(lines, solved.answer, puzzle, names, given.surface)}\n")
    return 0


def _refused(refusal: Refusal, puzzle: Puzzle, names: Names, surface: str) -> Iterator[str]:
    yield f"rungwise: {refusal.reason}"
    for evidence in refusal.evidence:
        yield f"  {_shown(evidence, puzzle, names, surface)}"


def _shown(evidence: Formula | tuple[World, Answer], puzzle: Puzzle, names: Names, surface: str) -> str:
    """A clue of a contradictory few, or one of two answers."""
    if isinstance(evidence, tuple):
        return write_answer((), evidence[1], puzzle, names, surface)
    return write_formula(evidence, names, surface)


if __name__ == "__main__":
    sys.exit(main())
