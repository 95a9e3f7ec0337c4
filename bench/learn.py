"""How fast learning is: sampling, a GRPO step and SFT, as shares of what this machine multiplies, and beside its peers.

    python bench/learn.py [--json] [--peers | --tricks | --profile | --forced] [--only WHAT] [--rounds N]

With --peers an environment of its own is made in bench/.peers (TRL and transformers, pinned), and each of ours is
measured in turn with each of theirs, N rounds, on the same model, batch and machine; ratios are of medians. Every
measurement runs in a process of its own, whose peak memory is told with it.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PINS = ("trl==1.16.0", "transformers==5.23.0", "accelerate==1.15.0", "datasets==5.2.0")
SIZES = ("1.5M", "10M")
PROMPTS, ANSWERS, PROMPT, ANSWER = 8, 8, 64, 128
SFT_ROWS, SFT_LENGTH = {"1.5M": 32, "10M": 8}, 256
# What is measured, and with which settings of the peers: their defaults, and the best that were found here.
PEERS = {
    "sample": ("fp32", "bf16"),
    "grpo": ("default", "bf16", "fp32"),
    "sft": ("default", "bf16", "fp32"),
}


# ---- ours ----


class Numbers:
    """A vocabulary of numbers, none of which ends an answer: all have the full length."""

    def __init__(self, size: int) -> None:
        self.size, self.end, self.pad, self.reserved, self.hash = size, -1, 0, (), "numbers"

    def prompt(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def text(self, ids) -> str:
        return " ".join(map(str, ids))


class Parity:
    """A contract whose judge takes no time: a reward that differs within every group."""

    tiers, failures = ("one",), {"wrong": "nothing"}

    def judge(self, task, answer):  # noqa: ARG002
        from rungwise.contract import Verdict

        return Verdict(score=len(answer) % 7 / 7, passed=False, failure="wrong")


def nano(size: str):
    from rungwise.policy.nano import Nano, Size, fresh

    shape, vocab = {"1.5M": (Size(192, 4, 6, 2, 32, 512), 512), "10M": (Size(384, 6, 6, 2, 64, 1024), 1024)}[size]
    return Nano(shape, Numbers(vocab), 512, fresh(shape, vocab, 0))


def tasks(policy, n: int) -> list:
    from rungwise.contract import Task
    from rungwise.seeds import stream

    draw = stream(0, "bench")
    texts = [" ".join(str(draw.randrange(2, policy.tokens.size)) for _ in range(PROMPT)) for _ in range(n)]
    return [
        Task(id=str(i), contract="parity", split="train", tier="one", family="one", prompt=text, facts={})
        for i, text in enumerate(texts)
    ]


def timed(call, n: int, warm: int) -> list[float]:
    seconds = []
    for i in range(warm + n):
        began = time.perf_counter()
        call(i + 1)
        seconds.append(time.perf_counter() - began)
    return seconds[warm:]


def sample(size: str) -> list[float]:
    from rungwise.policy.policy import Decode

    policy = nano(size)
    asked = tasks(policy, PROMPTS)

    def once(i: int) -> None:
        policy.refresh()  # as after every step of training: the sampler's weights are packed anew
        groups = policy.sample(asked, ANSWERS, Decode(max_new_tokens=ANSWER), i)
        assert all(len(s.logprobs) == ANSWER for group in groups for s in group.samples)

    return timed(once, 8, 2)


def grpo(size: str, workers: int = 0, warm: int = 2) -> list[float]:
    from rungwise.train.rl import Rl
    from rungwise.train.settings import RlSettings

    policy, start = nano(size), nano(size)
    policy.workers = start.workers = workers or policy.workers
    settings = RlSettings(prompts=PROMPTS, k=ANSWERS, max_new_tokens=ANSWER, lr=1e-5)
    stage = Rl(policy, start, Parity(), tasks(policy, PROMPTS * 8), settings, 0, None, print)
    return timed(stage.step, 6, warm)


def without(trick: str, size: str) -> list[float]:
    """A GRPO step with one trick left out; "kernels" is left out by the environment of the process."""
    from rungwise.train import rl

    if trick == "shared prompts":
        whole = rl.portions
        rl.portions = lambda rows, budget: whole(
            [(prompt, [one]) for prompt, answers in rows for one in answers], budget
        )
    if trick == "a core a thread":
        return grpo(size, workers=1)
    return grpo(size)


def profiled(size: str) -> dict:
    """Where the time of GRPO steps on one core goes: the sampler, products, our kernels, and what is left."""
    import cProfile
    import pstats

    from torch.profiler import ProfilerActivity, profile

    calls = cProfile.Profile()
    with profile(activities=[ProfilerActivity.CPU]) as operations:
        seconds = calls.runcall(grpo, size, workers=1, warm=0)  # what warms up is in the profile too
    stats = pstats.Stats(calls).stats  # type: ignore[attr-defined]
    sampler = sum(own[3] for (file, _, name), own in stats.items() if file.endswith("sample.py") and name == "written")
    spent = {one.key: one.self_cpu_time_total / 1e6 for one in operations.key_averages()}
    parts = {
        "sampler": sampler,
        "products": spent.get("aten::mm", 0) + spent.get("aten::addmm", 0),
        "attention": sum(took for name, took in spent.items() if name.startswith("_Attention")),
        "other kernels": sum(took for name, took in spent.items() if name[0] == "_" and "Attention" not in name),
    }
    shares = {name: took / sum(seconds) for name, took in parts.items()}
    return {"size": size, "step_seconds": statistics.fmean(seconds), **shares, "rest": 1 - sum(shares.values())}


def sft(size: str) -> list[float]:
    from rungwise.seeds import stream
    from rungwise.train.mixture import Source
    from rungwise.train.settings import SftSettings
    from rungwise.train.sft import Sft

    policy, rows = nano(size), SFT_ROWS[size]
    draw = stream(0, "bench")
    data = [([2], [[draw.randrange(2, policy.tokens.size) for _ in range(SFT_LENGTH - 1)]]) for _ in range(rows * 8)]
    settings = SftSettings(steps=10, batch_tokens=rows * SFT_LENGTH, heldout=0, optimiser="adamw")
    stage = Sft(policy, [Source(name="rows", weight=1.0, rows=data)], [], settings, 0)
    assert stage.first.batch_rows == rows
    return timed(stage.step, 6, 2)


# ---- the machine ----


def matmul() -> list[float]:
    """Flops a second of bfloat16 products of this machine's cores, each on its own as training runs them."""
    import threading

    import torch

    def product(rates: list[float]) -> None:
        torch.set_num_threads(1)
        a, b = (torch.randn(1024, 1024, dtype=torch.bfloat16) for _ in range(2))
        seconds = timed(lambda _: a @ b, 40, 4)
        rates.append(2 * 1024**3 / statistics.median(seconds))

    rates: list[float] = []
    threads = [threading.Thread(target=product, args=(rates,)) for _ in range(torch.get_num_threads())]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [sum(rates)]


def flops(what: str, size: str) -> float:
    """Of one measured step, two for each weight and token forward and four backward; attention is left out."""
    weights = sum(weight.numel() for weight in nano(size).merged().values())
    answers, prompts = PROMPTS * ANSWERS * ANSWER, PROMPTS * PROMPT
    tokens = {"sample": 2 * (answers + prompts), "grpo": 2 * (answers + prompts) + 6 * (answers + prompts),
              "sft": 6 * SFT_ROWS[size] * SFT_LENGTH}[what]  # fmt: skip
    return weights * tokens


# ---- rounds ----


def alone(command: list[str], more: dict[str, str] | None = None) -> dict:
    environ = {**os.environ, "TOKENIZERS_PARALLELISM": "false", **(more or {})}
    told = subprocess.run(command, capture_output=True, text=True, env=environ)
    if told.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{told.stderr[-2000:]}")
    return json.loads(told.stdout.strip().splitlines()[-1])


def environment() -> Path:
    folder = HERE / ".peers"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        for pins in (("torch==2.13.0",), PINS):  # torch first, or another build of it is taken
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *pins], check=True)
        (folder / "ready").touch()
    return python


def measured(rounds: int, peers: bool, only: str | None) -> list[dict]:
    python = environment() if peers else None
    rows = []
    for size in SIZES:
        for what, ways in PEERS.items():
            if only not in (None, what):
                continue
            ours: list[float] = []
            theirs: dict[str, list[float]] = {}
            peaks: dict[str, float] = {}
            for _ in range(rounds):
                found = alone([sys.executable, __file__, "--one", what, size])
                ours += found["seconds"]
                peaks["ours"] = max(peaks.get("ours", 0), found["peak_mb"])
                for way in ways if python else ():
                    found = alone([str(python), str(HERE / "peers.py"), what, size, way])
                    theirs.setdefault(way, []).extend(found["seconds"])
                    peaks[way] = max(peaks.get(way, 0), found["peak_mb"])
            rows.append(row(what, size, ours, theirs, peaks))
            print(line(rows[-1]), file=sys.stderr, flush=True)
    return rows


def row(what: str, size: str, ours: list[float], theirs: dict[str, list[float]], peaks: dict[str, float]) -> dict:
    mine = statistics.median(ours)
    medians = {way: statistics.median(seconds) for way, seconds in theirs.items()}
    return {
        "what": what, "size": size, "seconds": mine, "spread": [min(ours), max(ours)], "peers": medians,
        "ratios": {way: seconds / mine for way, seconds in medians.items()}, "peak_mb": peaks,
        "share": flops(what, size) / mine / RATE[0],
    }  # fmt: skip


TRICKS = ("nothing", "shared prompts", "a core a thread", "kernels")


def tricks(rounds: int) -> list[dict]:
    rows = []
    for size in SIZES:
        seconds: dict[str, list[float]] = {}
        for _ in range(rounds):
            for trick in TRICKS:
                native = {"RUNGWISE_NATIVE": "0"} if trick == "kernels" else {}
                found = alone([sys.executable, __file__, "--without", trick, size], native)
                seconds.setdefault(trick, []).extend(found["seconds"])
        medians = {trick: statistics.median(times) for trick, times in seconds.items()}
        rows.append({"size": size, "without": medians})
        told = ", ".join(f"{trick} {time:.3f} s ({time / medians['nothing']:.2f}x)" for trick, time in medians.items())
        print(f"grpo {size} without: {told}", file=sys.stderr, flush=True)
    return rows


def forced(surface: str, rounds: int) -> dict:
    """Canvases of 256 tokens by an untrained model, free and held to the grammar: tokens that the grammar forces cost
    no pass of their own."""
    from rungwise.contract import load_contract
    from rungwise.policy.grammar import compile_grammar
    from rungwise.policy.nano import SIZES as NANOS
    from rungwise.policy.nano import Nano, fresh
    from rungwise.policy.policy import Decode
    from rungwise.policy.tokens import build

    contract = load_contract("canvas", {"surface": surface})
    asked = contract.tasks("train", 8, 0)
    tokens = build(contract.grammar(), [task.prompt for task in asked], 1024)
    policy = Nano(NANOS["1M"], tokens, 1024, fresh(NANOS["1M"], tokens.size, 0))
    automaton = compile_grammar(contract.grammar(), tokens)
    seconds, drawn = {}, {}
    for held in (False, True):
        decode = Decode(max_new_tokens=256, grammar=held)

        def once(i: int, decode=decode, held=held) -> None:
            drawn[held] = policy.sample(asked, 8, decode, i, automaton if decode.grammar else None)

        times = timed(once, 3 * rounds, 2)
        written = sum(len(sample.tokens) for group in drawn[held] for sample in group.samples)
        seconds[held] = statistics.median(times) / written
    masks = [automaton.masks(sample.tokens) for group in drawn[True] for sample in group.samples]
    share = sum(int((mask.sum(1) == 1).sum()) for mask in masks) / sum(map(len, masks))
    print(f"canvas {surface}: {share:.0%} of tokens forced; {1e6 * seconds[False]:.1f} us a token free, "
          f"{1e6 * seconds[True]:.1f} us held: {seconds[False] / seconds[True]:.2f}x", file=sys.stderr)  # fmt: skip
    return {"surface": surface, "forced": share, "free": seconds[False], "held": seconds[True]}


def line(row: dict) -> str:
    beside = "  ".join(f"{way} {row['peers'][way]:.3f} s = {ratio:.1f}x" for way, ratio in row["ratios"].items())
    low, high = row["spread"]
    memory = " ".join(f"{name} {peak:.0f}" for name, peak in row["peak_mb"].items())
    return (
        f"{row['what']:7}{row['size']:>5}  {row['seconds']:.3f} s [{low:.3f}, {high:.3f}]  "
        f"{row['share']:.0%} of bf16 matmul  {beside}  peak MB: {memory}"
    )


RATE: list[float] = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--only", choices=PEERS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("WHAT", "SIZE"), help="one measurement, in this process")
    parser.add_argument("--tricks", action="store_true", help="the GRPO step with one trick left out at a time")
    parser.add_argument("--profile", action="store_true", help="where the time of a GRPO step on one core goes")
    parser.add_argument("--forced", action="store_true", help="sampling canvases free and held to the grammar")
    parser.add_argument("--without", nargs=2, metavar=("TRICK", "SIZE"), help="one of those, in this process")
    args = parser.parse_args()
    if args.one or args.without:
        what, size = args.one or args.without
        seconds = {"sample": sample, "grpo": grpo, "sft": sft}[what](size) if args.one else without(what, size)
        print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    RATE.extend(matmul())
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores: {RATE[0] / 1e9:.0f} GFLOP/s bf16",
        file=sys.stderr,
    )
    if args.profile:
        rows = [profiled(size) for size in SIZES]
        print("\n".join(map(str, rows)), file=sys.stderr)
    elif args.forced:
        rows = [forced(surface, args.rounds) for surface in ("json", "compact")]
    else:
        rows = tricks(args.rounds) if args.tricks else measured(args.rounds, args.peers, args.only)
    if args.json:
        print(json.dumps({"bf16_flops": RATE[0], "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
