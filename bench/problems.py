"""What trace's stories are like beside real problems, and how fast they are made. `python bench/problems.py [FILE]`.

Shares of problems, read off the texts and gold traces alike for stories and for a file in GSM8K's format, where one is
given. Then problems made a second by one core, by split. Figures, not tests: run them on a quiet machine.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, pairwise

from rungwise.contract import Task
from rungwise.contracts.trace import tasks, trace
from rungwise.contracts.trace.language import Constant, Init, Literal, Pointer, Step, Trace, parse
from rungwise.contracts.trace.machine import check, run

N, SPEED = 4000, 1000
UNITS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|twenty|thirty|hundred"


def has(pattern: str) -> Callable[[Task], bool]:
    return lambda task: re.search(pattern, task.prompt, re.IGNORECASE) is not None


def gold(task: Task) -> Trace | None:
    found = parse(task.facts["gold"], numbers="any") if task.facts["gold"] else None
    return found if isinstance(found, Trace) else None


def lines(task: Task, kind: type) -> list:
    found = gold(task)
    return [line for block in found.blocks for line in block.lines if isinstance(line, kind)] if found else []


def values(task: Task, kind: type) -> list:
    return [line.value for line in lines(task, Init) if isinstance(line.value, kind)]


def order_differs(task: Task) -> bool:
    used = list(dict.fromkeys(value.index for value in values(task, Pointer)))
    return any(a > b for a, b in pairwise(used))


def unused(task: Task) -> bool:
    return len({value.index for value in values(task, Pointer)}) < len(task.facts["numbers"])


def uneven(task: Task) -> bool:
    """Whether a step on the way, or the answer, is no whole number."""
    found = gold(task)
    program = check(found, [number["value"] for number in task.facts["numbers"]])
    results = run(program)
    return any(value[1] > 1 for node, value in zip(program.nodes, results, strict=True) if node[0] != "value")


SHARES: Mapping[str, Callable[[Task], bool]] = {
    "number in words": has(rf"\b(?:{UNITS})\b"),
    "number in words, half, twice or dozen": has(rf"\b(?:{UNITS}|half|twice|dozen|third|quarter)\b"),
    "half, twice, times as": has(r"\b(?:half|twice|times)\b"),
    "percent": has(r"%|percent"),
    "decimal or fraction in the question": has(r"[0-9]\.[0-9]|[0-9]/[0-9]"),
    "digit in the last sentence": lambda task: bool(re.search("[0-9]", re.split(r"(?<=[.?!]) ", task.prompt)[-1])),
    "comma in a number": has(r"[0-9],[0-9]{3}"),
    "numbers used in another order than mentioned": order_differs,
    "a number that is not used": unused,
    "a number of the world": lambda task: bool(values(task, Constant)),
    "a step or the answer not whole": uneven,
}


def row(found: Sequence[Task]) -> dict[str, str]:
    words = sorted(len(task.prompt.split()) for task in found)
    steps = [len(lines(task, Step)) for task in found]
    inits = [len(values(task, Pointer) + values(task, Constant) + values(task, Literal)) for task in found]
    middle, long = words[len(words) // 2], words[len(words) * 95 // 100]
    table = {
        "words: mean, median, 95th": f"{statistics.mean(words):.0f}, {middle}, {long}",
        "steps: mean": f"{statistics.mean(steps):.1f}",
        "numbers: mean": f"{statistics.mean(inits):.1f}",
    }
    return table | {name: f"{100 * sum(map(asks, found)) / len(found):.0f}%" for name, asks in SHARES.items()}


def a_second(split: str) -> float:
    """By processor time, so that what else runs on the machine does not count."""
    begun = time.process_time()
    made = list(islice(trace().tasks(split, SPEED, 77), SPEED))
    return len(made) / (time.process_time() - begun)


def main() -> None:
    next(iter(trace().tasks("dev", 1, 1)))  # forms are read once
    columns = {"stories": row(list(trace().tasks("train", N, 7)))}
    if len(sys.argv) > 1:
        whole = trace(source=sys.argv[1], mix=0.0).tasks("real", N, 0)
        columns["the file"] = row([task for task in whole if task.facts["gold"]])
    print(f"{'':46}" + "".join(f"{name:>14}" for name in columns))
    for name in columns["stories"]:
        print(f"{name:46}" + "".join(f"{column[name]:>14}" for column in columns.values()))
    print("\nproblems a second of one core")
    for split in tasks.SPLITS:
        print(f"{split:46}{a_second(split):>14,.0f}")


if __name__ == "__main__":
    main()
