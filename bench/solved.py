"""What a solved puzzle costs: the solver, the shallow policies, a trained model. `python bench/solved.py RUN [-n N]`.

All read the prompt and answer; the share of unseen puzzles that are right, and the seconds of processor time for each
one that is. The contract is the run's, and so are the tiers. Figures, not tests: run them on a quiet machine.
"""

import argparse
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rungwise.contract import Contract, Task, judge_all
from rungwise.contracts.clue.language import Fault, read_puzzle, write_answer
from rungwise.contracts.clue.solver import Solved, solve
from rungwise.policy.policy import Decode
from rungwise.policy.writer import LocalWriter
from rungwise.probe.stats import rate
from rungwise.train.finished import opened_run

Policy = Callable[[Sequence[Task]], Sequence[str]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("run", type=Path)
    asked.add_argument("-n", type=int, default=400, help="puzzles of test, of all tiers of the run")
    asked.add_argument("--seed", type=int, default=71)
    chosen = asked.parse_args()
    policy, contract = opened_run(chosen.run)
    writer = LocalWriter(policy, contract)
    decode = Decode(temperature=0.0, max_new_tokens=policy.context)
    surface = str(contract.settings["surface"])
    rows: dict[str, Policy] = {"solver": lambda tasks: [solved(task.prompt, surface) for task in tasks]}
    for name, says in contract.shallow.items():
        rows[name] = lambda tasks, says=says: [says(task) for task in tasks]
    rows["model"] = lambda tasks: [one.text for (one,) in writer.write(tasks, 1, decode, chosen.seed)]
    warm, *tasks = contract.tasks("test", chosen.n + 1, chosen.seed)
    print(f"{len(tasks)} puzzles for {chosen.run}; {platform.processor() or platform.machine()}")
    for name, row in rows.items():
        row([warm])
        print(told(name, contract, tasks, row), flush=True)


def solved(prompt: str, surface: str) -> str:
    found = read_puzzle(prompt, surface)
    assert not isinstance(found, Fault)
    puzzle, names = found
    answer = solve(puzzle)
    assert isinstance(answer, Solved)
    return write_answer((), answer.answer, puzzle, names, surface)


def told(name: str, contract: Contract, tasks: Sequence[Task], row: Policy) -> str:
    begun = time.process_time()
    texts = row(tasks)
    spent = 1e3 * (time.process_time() - begun)
    passed = sum(one.passed for one in judge_all(contract, list(zip(tasks, texts, strict=True))))
    each = f"{spent / passed:8,.2f} ms for each solved" if passed else "none solved"
    return f"{name:16} {rate(passed, len(tasks))}  {spent / len(tasks):8,.2f} ms a puzzle  {each}"


if __name__ == "__main__":
    main()
