"""Judging a list of answers, inline or in processes: the same records, in the order of the tasks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache

import msgspec

from rungwise.contract import Contract, Json, Task, judge_all, load_contract
from rungwise.workers import Item, run


def judged(
    spec: str, settings: Mapping[str, Json], tasks: Sequence[Task], answers: Sequence[str], *,
    repaired: bool, on: str, workers: int,
) -> Iterator[dict[str, Json]]:  # fmt: skip
    """One record an answer: the task's id and the verdict's fields, and under "repaired" those after repair."""
    made_with = msgspec.json.encode(settings).decode()
    items = [
        Item(id=task.id, payload=(spec, made_with, task, answer, repaired))
        for task, answer in zip(tasks, answers, strict=True)
    ]
    return run("rungwise.judging:record", items, on=on, workers=workers)


def record(payload: tuple[str, str, Task, str, bool]) -> dict[str, Json]:
    spec, made_with, task, answer, repaired = payload
    contract = _contract(spec, made_with)
    result = {"task": task.id, **asdict(judge_all(contract, [(task, answer)])[0])}
    if repaired:
        mend = contract.repair(answer)
        verdict = judge_all(contract, [(task, mend.answer)])[0]
        result["repaired"] = {**asdict(verdict), "answer": mend.answer, "edits": mend.edits}
    return result


@lru_cache(maxsize=4)
def _contract(spec: str, made_with: str) -> Contract:
    """Once a process: loading may be slow, and a contract is a value."""
    return load_contract(spec, msgspec.json.decode(made_with))
