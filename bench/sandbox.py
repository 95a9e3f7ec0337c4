"""How fast the sandbox is: confined programs a second. `python bench/sandbox.py [--json]`.

A typical program: a list function of four lines, called eight times. Wall time says what a user waits for, and hangs on
what else the machine does; processor time, ours and the workers' together, is what one core could do. Medians.
"""

import argparse
import json
import platform
import resource
import statistics
import time
from collections.abc import Callable

from rungwise.contracts.code.sandbox import Call, Program, Sandbox, inspect

GOAL = 2500  # confined programs a second a core, in batches
SOURCE = """def f(a):
    a = [x + {0} for x in a if x % 2 == 0]
    a = a[::-1]
    a = a[:{1}]
    return sum(a)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="one JSON object a row")
    options.add_argument("-n", type=int, default=2048, help="programs a round")
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    programs = [typical(i) for i in range(chosen.n)]
    few = programs[: max(chosen.n // 16, 1)]  # a fork each takes some ten times as long
    rows = [
        timed("in batches", len(programs), chosen.rounds, lambda: confined(programs, fresh=False)),
        timed("one worker a program", len(few), chosen.rounds, lambda: confined(few, fresh=True)),
        timed("read alone, in process", len(programs), chosen.rounds, lambda: read(programs)),
    ]
    for row in rows:
        print(json.dumps(row | {"machine": platform.processor() or platform.machine()}) if chosen.json else told(row))


def typical(i: int) -> Program:
    return Program(SOURCE.format(i % 9, i % 7), tuple(Call("f", (list(range(k, k + 6)),)) for k in range(8)))


def confined(programs: list[Program], *, fresh: bool) -> tuple[float, float]:
    """Seconds, wall and processor's; the latter without what a sandbox takes to start and end, once a process."""
    _, idle = opened([], fresh=fresh)
    wall, busy = opened(programs, fresh=fresh)
    return wall, busy - idle


def opened(programs: list[Program], *, fresh: bool) -> tuple[float, float]:
    own, theirs = time.process_time(), of_children()
    with Sandbox(fresh=fresh) as box:
        began = time.perf_counter()
        outcomes = box.run(programs)
        wall = time.perf_counter() - began
    assert all(outcome.status == "ok" for outcome in outcomes)
    return wall, time.process_time() - own + of_children() - theirs


def read(programs: list[Program]) -> tuple[float, float]:
    own, opened = time.process_time(), time.perf_counter()
    assert all(inspect(program.source) for program in programs)
    return time.perf_counter() - opened, time.process_time() - own


def of_children() -> float:
    """Of those that ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(name: str, n: int, rounds: int, run: Callable[[], tuple[float, float]]) -> dict[str, object]:
    found = [run() for _ in range(rounds)]
    wall, processor = (statistics.median(n / one[i] for one in found) for i in (0, 1))
    return {"what": name, "n": n, "rounds": rounds, "a_second": round(wall), "a_second_of_processor": round(processor)}


def told(row: dict[str, object]) -> str:
    return (
        f"{row['what']:24} {row['a_second']:>6} a second, {row['a_second_of_processor']:>6} a second of a core's time "
        f"(medians of {row['rounds']} rounds of {row['n']}; goal in batches {GOAL})"
    )


if __name__ == "__main__":
    main()
