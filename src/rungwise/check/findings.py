"""What the examination asks of a contract, finding by finding. Runs inside check's child processes."""

import math
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rungwise.check.examinee import TASK_SECONDS, Examinee, Finding, Result, Say, ruled
from rungwise.check.hostile import hostile, prompt_pieces, spilled
from rungwise.check.panel import baselines, tiers
from rungwise.contract import Contract, Json, Task, Verdict, hash_of, load_contract, structure_of
from rungwise.seeds import derive

NEIGHBOURS, PURE_TASKS, HOSTILE_TASKS, PIECE_TASKS = 5, 5, 3, 12
AGAIN = 0.05  # of a sample's tasks: small puzzles are few, so some are drawn twice


def run(order: Mapping[str, Any], say: Say) -> None:
    say({"doing": "loading the contract", "limit": TASK_SECONDS})
    contract = load_contract(order["spec"], order["settings"])
    if order["role"] == "other":
        os.chdir(tempfile.gettempdir())  # behind loading: settings may name a file as its user sees it
    examinee = Examinee(contract, order["n"], order["seed"], order["limit"], say)
    if order["role"] == "other":
        _see(examinee)
        return
    for name, finding in FINDINGS.items():
        try:
            passed, detail, figures = finding(examinee)
        except Exception as error:  # whatever a contract raises is a finding
            passed, detail, figures = False, f"raised {type(error).__name__}: {error}", {}
        say({"finding": asdict(Finding(name, passed, detail[:500], figures))})
        if name == "tasks" and not examinee.gold:
            return  # nothing to look at any further
    impure = _impure(examinee)
    if impure:
        say({"finding": asdict(Finding("pure", False, impure))})
    _see(examinee)


def _see(examinee: Examinee) -> None:
    """Hashes of tasks and verdicts, each verdict twice, for the other process's to be held against."""
    seen: dict[str, str] = {}
    for split in examinee.contract.splits:
        for task in examinee.make(split, min(PURE_TASKS, examinee.n), examinee.seed):
            seen[f"task {split} {len(seen)}"] = hash_of(asdict(task))
            for what, answer in _sample_answers(examinee, task):
                twice = {_verdict_hash(examinee, task, answer, what) for _ in range(2)}
                seen[f"the verdict on {what} of task {task.id}"] = " ".join(sorted(twice))
    examinee.say({"seen": seen})


def _sample_answers(examinee: Examinee, task: Task) -> list[tuple[str, str]]:
    examinee.say({"doing": f"gold and sabotage of task {task.id}", "limit": TASK_SECONDS})
    gold = examinee.contract.gold(task)
    answers = [("the prompt", task.prompt), ("nothing", "")]
    answers += [("gold", gold), ("half of gold", gold[: len(gold) // 2])] if gold else []
    answers += [(f"sabotage {s.why!r}", s.answer) for s in examinee.contract.sabotage(task, examinee.seed)]
    return answers


def _verdict_hash(examinee: Examinee, task: Task, answer: str, what: str) -> str:
    try:
        return hash_of(asdict(examinee.judge(task, answer, what)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


# ---- the findings: each (passed, detail in one line, figures) ----


def _tasks(x: Examinee) -> Result:
    faults: list[str] = []
    for split in x.contract.splits:
        tasks = x.make(split, x.n, x.seed)
        x.tasks[split] = tasks
        x.say({"doing": f"gold answers of {split}", "limit": TASK_SECONDS + x.n})
        x.gold.update({task.id: x.contract.gold(task) for task in tasks})
        faults += _split_faults(x, split, tasks)
        few = min(NEIGHBOURS, x.n)
        neighbours = {task.id for task in x.make(split, few, x.seed + 1)}
        shared = neighbours & {task.id for task in tasks}
        if shared:
            faults.append(f"{split}: seeds {x.seed} and {x.seed + 1} share {len(shared)} tasks, {min(shared)} for one")
        if list(x.make(split, few, x.seed)) != list(tasks[:few]):
            faults.append(
                f"{split}: the first {few} tasks depend on how many are asked for, or differ on a second call"
            )
    total = sum(len(tasks) for tasks in x.tasks.values())
    return ruled(
        faults, f"{total} tasks are functions of (split, seed, index); neighbouring seeds share none", tasks=total
    )


def _split_faults(x: Examinee, split: str, tasks: Sequence[Task]) -> Iterator[str]:
    if len(tasks) != x.n:
        yield f"{split}: {len(tasks)} tasks where {x.n} were asked for"
    again = len(tasks) - len({task.id for task in tasks})
    if again > AGAIN * len(tasks):
        yield f"{split}: {again} of {len(tasks)} tasks were there before"
    for task in tasks:
        if task.split != split or task.contract != x.contract.name:
            yield f"task {task.id} says it is of {task.contract} {task.split}"
        if task.tier not in x.contract.tiers:
            yield f"task {task.id} has tier {task.tier!r}, which is none of {', '.join(x.contract.tiers)}"


def _gold(x: Examinee) -> Result:
    golden = list(x.golden())
    faults = [] if golden else ["no task has a gold answer"]
    least = 1.0
    for task, gold in golden:
        verdict = x.judge(task, gold, "gold")
        least = min(least, verdict.score)
        faults += [f"task {task.id}: {fault}" for fault in _verdict_faults(x.contract, verdict)]
        if not verdict.passed or verdict.score < x.contract.gold_floor:
            faults.append(f"gold of task {task.id} scores {verdict.score:.3f} with {verdict.failure}")
    distinct = len({gold for _, gold in golden})
    return ruled(
        faults, f"{len(golden)} gold answers pass, the least with {least:.3f}; {distinct} distinct",
        gold=len(golden), least=least, distinct=distinct,
    )  # fmt: skip


def _verdict_faults(contract: Contract, verdict: Verdict) -> Iterator[str]:
    if not isinstance(verdict, Verdict):
        yield f"judge returned a {type(verdict).__name__}, not a Verdict"
        return
    if not (isinstance(verdict.score, int | float) and 0 <= verdict.score <= 1):
        yield f"score {verdict.score!r} is not in 0..1"
    if verdict.passed is (verdict.failure is not None):
        yield f"passed is {verdict.passed} with failure {verdict.failure!r}"
    if verdict.failure is not None and verdict.failure not in contract.failures:
        yield f"failure {verdict.failure!r} is none of {', '.join(contract.failures)}"
    for name, part in verdict.parts.items():
        if not 0 <= part <= 1:
            yield f"part {name} = {part!r} is not in 0..1"
    if not all(math.isfinite(value) for value in verdict.measures.values()):
        yield "a measure is not finite"


def _round_trip(x: Examinee) -> Result:
    canonical = getattr(x.contract, "canonical", None)
    if canonical is None:
        return True, "the contract offers no canonical form", {}
    faults = []
    golden = list(x.golden())
    for task, gold in golden:
        x.say({"doing": f"reading and writing gold of task {task.id}", "limit": x.limit})
        once = canonical(gold)
        if once is None or canonical(once) != once:
            faults.append(f"gold of task {task.id} does not survive reading and writing")
        elif once != gold:
            faults.append(f"gold of task {task.id} is not in its canonical spelling")
    return ruled(faults, f"{len(golden)} gold answers are read and written to the same bytes")


def _sabotage(x: Examinee) -> Result:
    faults: list[str] = []
    counts: Counter[str] = Counter()
    for task in x.all():
        x.say({"doing": f"sabotage of task {task.id}", "limit": TASK_SECONDS})
        for wrong in list(x.contract.sabotage(task, derive(x.seed, "sabotage", task.id))):
            counts[wrong.label] += 1
            try:
                verdict = x.judge(task, wrong.answer, f"sabotage {wrong.why!r}")
            except Exception as error:
                faults.append(
                    f"judge raised {type(error).__name__} on sabotage {wrong.why!r} of task {task.id}: {error}"
                )
                continue
            if verdict.failure != wrong.label:
                got = "passed" if verdict.passed else f"got {verdict.failure!r}"
                faults.append(f"{wrong.why!r} of task {task.id} must get {wrong.label!r} and {got}")
            faults += [f"task {task.id}: {fault}" for fault in _verdict_faults(x.contract, verdict)]
    untried = [label for label in x.contract.failures if not counts[label]]
    if untried:
        faults.append(f"no sabotage shows the label {', '.join(untried)}")
    return ruled(
        faults, f"{counts.total()} wrong answers fail, each with its label of {len(counts)}", labels=dict(counts)
    )


def _hostile(x: Examinee) -> Result:
    faults: list[str] = []
    kinds: set[str] = set()
    slowest = ("", 0.0)
    for tasks in x.tasks.values():
        for task in tasks[:HOSTILE_TASKS]:
            for kind, text in hostile(task, x.gold[task.id], derive(x.seed, "hostile", task.id)):
                kinds.add(kind)
                begun = time.perf_counter()
                faults += _hostile_faults(x, task, kind, text)
                took = time.perf_counter() - begun
                slowest = max(slowest, (kind, took), key=lambda pair: pair[1])
    kind, milliseconds = slowest[0], slowest[1] * 1e3
    well = f"{len(kinds)} kinds of hostile text never raise and never pass; slowest {milliseconds:.1f} ms ({kind})"
    return ruled(faults, well, kinds=len(kinds), slowest_ms=round(milliseconds, 2))


def _hostile_faults(x: Examinee, task: Task, kind: str, text: str) -> Iterator[str]:
    try:
        verdict = x.judge(task, text, f"hostile text {kind!r}")
    except BaseException as error:
        yield f"judge raised {type(error).__name__} on {kind!r}: {error}"
        return
    if verdict.passed:
        yield f"{kind!r} passes task {task.id}"
    yield from (f"{kind!r}: {fault}" for fault in _verdict_faults(x.contract, verdict))


def _impure(x: Examinee) -> str | None:
    """What differs the second time within one process. Where nothing does, the comparison of two processes decides."""
    for task in list(x.all())[:: max(1, x.n // PURE_TASKS)]:
        for what, answer in _sample_answers(x, task):
            first = _verdict_hash(x, task, answer, what)
            if _verdict_hash(x, task, answer, what) != first:
                return f"the verdict on {what} of task {task.id} differs the second time"
    return None


def _leak(x: Examinee) -> Result:
    faults: list[str] = []
    public: Callable[[Task], Json] | None = getattr(x.contract, "public", None)
    for task, gold in x.golden():
        shown = {"prompt": task.prompt, "family": task.family, "what is public": str(public(task)) if public else ""}
        faults += [
            f"the gold answer of task {task.id} stands in its {where}"
            for where, text in shown.items()
            if spilled(text, gold)
        ]
    pieces = 0
    for tasks in x.tasks.values():
        for task in tasks[:PIECE_TASKS]:
            for what, text in prompt_pieces(task):
                pieces += 1
                try:
                    if x.judge(task, text, what).passed:
                        faults.append(f"{what} of task {task.id} passes as an answer")
                except Exception as error:
                    faults.append(f"judge raised {type(error).__name__} on {what}: {error}")
    return ruled(faults, f"no gold answer stands in a prompt; {pieces} pieces of prompts do not pass", pieces=pieces)


def _splits(x: Examinee) -> Result:
    faults: list[str] = []
    keys: dict[str, dict[str, str]] = {}
    for split, tasks in x.tasks.items():
        for task in tasks:
            for what, key in (
                ("task", task.id),
                ("structure", structure_of(x.contract, task)),
                ("prompt", _plain(task.prompt)),
            ):
                owner = keys.setdefault(what, {}).setdefault(key, split)
                if owner != split:
                    faults.append(f"{owner} and {split} share a {what}: task {task.id}")
    return ruled(faults, f"{len(x.tasks)} splits share no task by id, by words or by structure")


def _plain(prompt: str) -> str:
    return " ".join(prompt.lower().split())


def _repair(x: Examinee) -> Result:
    """Leaves gold alone, settles at once, and cannot be made to raise."""
    faults: list[str] = []
    mended = 0
    for task, gold in list(x.golden())[::4]:
        texts = [(f"sabotage {s.why!r}", s.answer) for s in x.contract.sabotage(task, x.seed)]
        for what, text in [("gold", gold), *texts, *hostile(task, gold, x.seed)]:
            x.say({"doing": f"repairing {what} of task {task.id}", "limit": x.limit})
            try:
                once = x.contract.repair(text)
                twice = x.contract.repair(once.answer)
            except Exception as error:
                faults.append(f"repair raised {type(error).__name__} on {what}: {error}")
                continue
            mended += once.answer != text
            if what == "gold" and (once.answer != gold or once.edits):
                faults.append(f"repair changes gold of task {task.id}")
            if twice.answer != once.answer:
                faults.append(f"repair of {what} of task {task.id} changes what it mended when it is mended again")
    return ruled(
        faults, f"repair leaves gold alone and settles at once; it changed {mended} wrong texts", mended=mended
    )


def _grammar(x: Examinee) -> Result:
    grammar = x.contract.grammar()
    if grammar is None:
        return True, "the contract offers no grammar", {}
    pattern = re.compile(grammar.regex())
    golden = list(x.golden())
    faults = [f"gold of task {task.id} is not in the grammar" for task, gold in golden if not pattern.fullmatch(gold)]
    return ruled(faults, f"{len(golden)} gold answers are in the grammar of {len(grammar.reserved)} reserved words")


def _picture(x: Examinee) -> Result:
    faults: list[str] = []
    drawn = 0
    for tasks in x.tasks.values():
        task = tasks[0]
        for what, text in [("gold", x.gold[task.id] or ""), *hostile(task, x.gold[task.id], x.seed)]:
            x.say({"doing": f"drawing {what} of task {task.id}", "limit": max(10.0, x.limit)})
            try:
                drawn += x.contract.picture(task, text) is not None
            except Exception as error:
                faults.append(f"picture raised {type(error).__name__} on {what}: {error}")
    return ruled(faults, f"{drawn} pictures drawn, of gold and of hostile texts", drawn=drawn)


def _speed(x: Examinee) -> Result:
    golden = list(x.golden())[:50]
    begun, judged = time.perf_counter(), 0
    while judged == 0 or time.perf_counter() - begun < 0.5:
        for task, gold in golden:
            x.judge(task, gold, "gold for speed")
        judged += len(golden)
    a_second = judged / (time.perf_counter() - begun)
    return True, f"{a_second:,.0f} gold answers judged a second", {"judged_a_second": round(a_second)}


FINDINGS: Mapping[str, Callable[[Examinee], Result]] = {
    "tasks": _tasks,
    "gold": _gold,
    "round_trip": _round_trip,
    "grammar": _grammar,
    "sabotage": _sabotage,
    "hostile": _hostile,
    "leak": _leak,
    "splits": _splits,
    "tiers": tiers,
    "baselines": baselines,
    "repair": _repair,
    "picture": _picture,
    "speed": _speed,
}
