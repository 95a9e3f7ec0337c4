"""How fast the judges are: one row a contract and tier, with the machine's name. `python bench/judges.py [--json]`.

Judgements a second on gold answers, read and judged from text as a policy writes them: in process on one core, and
through a real server's POST /score in batches of 64 over one connection with one judging worker. And what a user waits
for: `rungwise check` and `rungwise --help`. Figures, not tests: run them on a quiet machine.
"""

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from rungwise.contract import Contract, Task, installed, load_contract

BATCH, SECONDS, ROUNDS = 64, 1.0, 5
SURFACES = {"trace": ("compact", "yaml")}  # where a contract's surfaces are read by readers of their own
Pairs = Sequence[tuple[Task, str]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true", help="one JSON object a row")
    options.add_argument("-n", type=int, default=24, help="tasks a tier")
    chosen = options.parse_args()
    kinds = [(name, surface) for name in installed() for surface in SURFACES.get(name, (None,))]
    rows = [row for name, surface in kinds for row in measured(name, surface, chosen.n)]
    rows.append({"command": "rungwise --help", "seconds": wall("--help")})
    rows += [{"command": f"rungwise check {name}", "seconds": wall("check", name, times=1)} for name in installed()]
    told(rows, as_json=chosen.json)


def measured(name: str, surface: str | None, n: int) -> Iterator[dict[str, object]]:
    contract = load_contract(name, {"surface": surface} if surface else {})
    with served(name, *(["--set", f"surface={surface}"] if surface else [])) as url:
        for tier in contract.tiers:
            pairs = golden(contract, tier, n)
            yield {
                "contract": f"{name} {surface}" if surface else name,
                "tier": tier,
                "in_process": a_second(lambda pairs=pairs: in_process(contract, pairs)),
                "over_http": a_second(lambda pairs=pairs: over_http(url, pairs)),
            }


def golden(contract: Contract, tier: str, n: int) -> Pairs:
    """Of the first split that has the tier."""
    for split in contract.splits:
        tasks = [task for task in contract.tasks(split, 8 * n, 0) if task.tier == tier][:n]
        if tasks:
            return [(task, gold) for task in tasks if (gold := contract.gold(task)) is not None]
    raise SystemExit(f"no split of {contract.name} has tasks of tier {tier}")


def in_process(contract: Contract, pairs: Pairs) -> int:
    for task, answer in pairs:
        contract.judge(task, answer)
    return len(pairs)


def over_http(url: str, pairs: Pairs) -> int:
    items = [
        {"task": {f: getattr(task, f) for f in task.__slots__}, "answer": answer}
        for task, answer in (pairs * BATCH)[:BATCH]
    ]
    body = json.dumps({"items": items}).encode()
    reply = CLIENT.post(f"{url}/score", content=body, headers={"Content-Type": "application/json"})
    assert len(reply.raise_for_status().json()["verdicts"]) == BATCH
    return BATCH


CLIENT = httpx.Client(timeout=60)


def a_second(work: Callable[[], int]) -> dict[str, float]:
    """Median, least and most of several rounds, after one to warm up."""
    rates = []
    for _ in range(ROUNDS + 1):
        done, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < SECONDS:
            done += work()
        rates.append(done / (time.perf_counter() - begun))
    return {"median": statistics.median(rates[1:]), "least": min(rates[1:]), "most": max(rates[1:])}


@contextmanager
def served(name: str, *settings: str) -> Iterator[str]:
    command = [sys.executable, "-m", "rungwise.cli", "serve", name, "--port", "0", "-n", "0", *settings]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert server.stdout is not None
    try:
        yield next(found[0] for line in server.stdout if (found := re.search(r"http://[\d.:]+", line)))
    finally:
        server.terminate()
        server.wait()


def wall(*arguments: str, times: int = 5) -> float:
    """Seconds for a whole `rungwise` command, the median of several."""
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "rungwise.cli", *arguments], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


def machine() -> str:
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", info.read_text()) if info.exists() else None
    return f"{model[1] if model else platform.processor()}, Python {platform.python_version()}"


def told(rows: Sequence[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            print(json.dumps({"machine": machine(), **row}))
        return
    print(f"{machine()}\njudgements a second: median [least, most] of {ROUNDS} rounds of {SECONDS:g} s")
    for row in rows:
        if "command" in row:
            print(f"{row['command']:24} {row['seconds']:.2f} s")
        else:
            rates = f"in process {shown(row['in_process'])}  /score {shown(row['over_http'])}"
            print(f"{row['contract']:13} {row['tier']:6} {rates}")


def shown(rate: object) -> str:
    assert isinstance(rate, dict)
    return f"{rate['median']:7,.0f} [{rate['least']:,.0f}, {rate['most']:,.0f}]"


if __name__ == "__main__":
    main()
