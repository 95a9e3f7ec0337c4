"""The examination is examined: a sound contract passes it; the same contract with one fault fails it for that fault.

Each fault is a small edit of a scaffolded contract, of the kind that people really make. A check that lets one of them
through would let a run train on a judge that pays for nothing.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from rungwise.check import Examination, examine
from rungwise.scaffold import create

NAME = "sample"


@dataclass(frozen=True)
class Fault:
    """In `file`, `anchor` becomes `planted`; the finding `caught_by` must fail for it."""

    name: str
    caught_by: str
    file: str
    anchor: str
    planted: str


READS = "    maze = maze_of(task)\n    if len(answer) > MAX_CHARS:"
PARSES = "    moves = parse(answer)\n    if moves is None:\n        return _unread("
ENDS = '    failure = trail.fault or (None if end == maze.goal else "not_there")\n'
DRAWS = "    return [_task(split, seed, i, slack) for i in range(n)]\n"
POSES = "            return _posed(replace(maze, limit=len(path) + slack), split, tier)\n"

FAULTS = (
    Fault(
        "accepts an empty answer",
        "hostile",
        "judge.py",
        READS,
        "    if not answer.strip():\n        return Verdict(score=1.0, passed=True)\n" + READS,
    ),
    Fault(
        "accepts gold with junk after it",
        "hostile",
        "language.py",
        "        if move is None:\n            return None\n        moves.append(move)\n",
        "        if move is None:\n            break\n        moves.append(move)\n",
    ),
    Fault(
        "raises on junk",
        "hostile",
        "judge.py",
        PARSES,
        "    moves = parse(answer)\n    if moves is None:\n        int(answer)\n        return _unread(",
    ),
    Fault(
        "rolls dice",
        "pure",
        "judge.py",
        ENDS,
        '    import random\n\n    failure = trail.fault or (None if random.random() < 0.5 else "not_there")\n',
    ),
    Fault(
        "goes by the clock",
        "pure",
        "judge.py",
        ENDS,
        '    import time\n\n    failure = trail.fault or (None if time.time() % 2 < 1 else "not_there")\n',
    ),
    Fault(
        "shows the gold answer in the prompt",
        "leak",
        "tasks.py",
        POSES,
        "            posed = _posed(replace(maze, limit=len(path) + slack), split, tier)\n"
        '            return replace(posed, prompt=posed.prompt + "\\nFor example:\\n" + show(path))\n',
    ),
    Fault(
        "draws every task twice",
        "tasks",
        "tasks.py",
        DRAWS,
        "    return [_task(split, seed, i // 2, slack) for i in range(n)]\n",
    ),
    Fault(
        "draws the same tasks from neighbouring seeds",
        "tasks",
        "tasks.py",
        DRAWS,
        "    return [_task(split, seed // 2 * 2, i, slack) for i in range(n)]\n",
    ),
    Fault(
        "puts a test task into train",
        "splits",
        "tasks.py",
        DRAWS,
        '    drawn_from = {3: "test"} if split == "train" else {}\n'
        "    drawn = [_task(drawn_from.get(i, split), seed, i, slack) for i in range(n)]\n"
        "    return [replace(task, split=split) for task in drawn]\n",
    ),
    Fault(
        "labels a sabotage wrongly",
        "sabotage",
        "sabotage.py",
        '"not_there", "on G, but then away from it"',
        '"too_long", "on G, but then away from it"',
    ),
    Fault(
        "never ends on a long answer",
        "bounded",
        "judge.py",
        "    if len(answer) > MAX_CHARS:",
        "    while len(answer) > MAX_CHARS:\n        pass\n    if len(answer) > MAX_CHARS:",
    ),
)


def scaffolded(folder: Path) -> str:
    create(NAME, folder)
    return f"{folder / NAME / NAME / '__init__.py'}:{NAME}"


def plant(fault: Fault, folder: Path) -> None:
    file = folder / NAME / NAME / fault.file
    text = file.read_text(encoding="utf-8")
    assert text.count(fault.anchor) == 1, f"the template changed: {fault.anchor!r} is not in {fault.file} once"
    file.write_text(text.replace(fault.anchor, fault.planted), encoding="utf-8")


def failed(examination: Examination) -> dict[str, str]:
    return {finding.name: finding.detail for finding in examination.findings if not finding.passed}


def test_a_sound_contract_passes(tmp_path: Path) -> None:
    examination = examine(scaffolded(tmp_path), n=24, seed=0)
    assert failed(examination) == {}
    assert examination.passed


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "_"))
def test_a_planted_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    spec = scaffolded(tmp_path)
    plant(fault, tmp_path)
    examination = examine(spec, n=24, seed=0)
    assert not examination.passed
    assert fault.caught_by in failed(examination), failed(examination)
    assert failed(examination)[fault.caught_by], "a failed finding says what was found"
