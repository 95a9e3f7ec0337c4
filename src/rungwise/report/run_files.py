"""What a run's folder says, read for its page: nothing is counted here that can be counted from the rows.

1. Any file may be absent, or be no longer what was written: then the page says so where it would have been shown, and
   the rest of it stands. What a file says beyond what is read here does not matter.
2. Each file is read once; its size and sha256 are of the bytes that were read.
3. Rows that are not those the result was counted from are shown, with a fault beside them: an edit is not hidden.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from rungwise.contract import Json
from rungwise.probe.result import Row
from rungwise.report.run_records import (
    Answer,
    Audit,
    Changed,
    Check,
    Cost,
    Gate,
    Lengths,
    Record,
    Ruling,
    Settings,
    Source,
)

STAGES = ("sft", "rl")
FILES = (
    "rung.toml", "settings.json", "changed.json", "preflight.json", "check.json",
    *(f"{stage}/{name}" for stage in STAGES
      for name in ("settings.json", "audit.json", "lengths.json", "counts.json", "metrics.jsonl", "timing.jsonl",
                   "first-batch.json")),
    "cost.json", "probe/answers.jsonl", "probe/rows.jsonl", "probe/result.json", "ruling.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Artifact:
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a stage of training has left; None of what it has not."""

    audit: Audit | None
    lengths: Lengths | None
    sources: Sequence[Source]
    first_batch: Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    folder: Path
    settings: Settings
    rung: str  # the text of rung.toml
    changed: Changed | None
    preflight: Sequence[Gate]
    check: Check | None
    stages: Mapping[str, Stage]  # those that left anything
    cost: Cost | None
    result: Record | None
    rows: Sequence[Row]
    answers: Mapping[str, str]  # the greedy ones, by task
    ruling: Ruling | None
    artifacts: Mapping[str, Artifact]  # by path
    faults: Sequence[str]


def read_run(folder: Path) -> Run:
    files = _Files(folder)
    result = files.json("probe/result.json", Record)
    rows = _alike(list(files.lines("probe/rows.jsonl", Row)), files.faults)
    if result and rows and result.files.get("rows.jsonl") != files.artifacts["probe/rows.jsonl"].sha256:
        files.faults.append("probe/rows.jsonl is not what probe/result.json was counted from: it was edited since")
    stages = {name: _stage(files, name) for name in STAGES}
    return Run(
        folder=folder,
        settings=_settings(files),
        rung=files.read("rung.toml").decode("utf-8", "replace"),
        changed=files.json("changed.json", Changed),
        preflight=files.json("preflight.json", tuple[Gate, ...]) or (),
        check=files.json("check.json", Check),
        stages={name: stage for name, stage in stages.items() if stage},
        cost=files.json("cost.json", Cost),
        result=result,
        rows=rows,
        answers=_greedy(files.lines("probe/answers.jsonl", Answer)),
        ruling=files.json("ruling.json", Ruling),
        artifacts={path: files.artifacts[path] for path in FILES if path in files.artifacts},
        faults=files.faults,
    )


def _stage(files: "_Files", name: str) -> Stage | None:
    for file in ("settings.json", "metrics.jsonl", "timing.jsonl"):  # for their hashes
        files.read(f"{name}/{file}")
    if not any(path.startswith(f"{name}/") for path in files.artifacts) and not (files.folder / name).is_dir():
        return None
    return Stage(
        audit=files.json(f"{name}/audit.json", Audit),
        lengths=files.json(f"{name}/lengths.json", Lengths),
        sources=files.json(f"{name}/counts.json", tuple[Source, ...]) or (),
        first_batch=files.json(f"{name}/first-batch.json", tuple[dict[str, Json], ...]) or (),
    )


def _settings(files: "_Files") -> Settings:
    """Of the run; of a stage where no more than stages were run."""
    for path in ("settings.json", *(f"{stage}/settings.json" for stage in reversed(STAGES))):
        if (found := files.json(path, Settings)) is not None:
            return found
    return Settings()


def _alike(rows: Sequence[Row], faults: list[str]) -> Sequence[Row]:
    """None of them where they were not measured alike: nothing could be counted over them."""
    k = len(rows[0].samples) if rows else 0
    if all(len(row.samples) == k and (row.picked is None or row.picked in range(k)) for row in rows):
        return rows
    faults.append("probe/rows.jsonl holds rows that were not measured alike; none of them is counted")
    return ()


def _greedy(answers: Iterator[Answer]) -> dict[str, str]:
    return {one.task: one.answer for one in answers if one.column in (None, "greedy") and not one.i}


T = TypeVar("T")


@dataclass(slots=True)
class _Files:
    folder: Path
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def read(self, path: str) -> bytes:
        """Nothing where there is no such file."""
        try:
            content = (self.folder / path).read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            self.faults.append(f"{path} cannot be read: {error.strerror}")
            return b""
        self.artifacts[path] = Artifact(path, hashlib.sha256(content).hexdigest(), len(content))
        return content

    def json(self, path: str, form: type[T]) -> T | None:
        content = self.read(path)
        return self._decoded(content, path, form) if path in self.artifacts else None

    def lines(self, path: str, form: type[T]) -> Iterator[T]:
        """Up to the first that cannot be read."""
        for number, line in enumerate(self.read(path).splitlines(), 1):
            found = self._decoded(line, f"{path}, line {number},", form)
            if found is None:
                return
            yield found

    def _decoded(self, content: bytes, place: str, form: type[T]) -> T | None:
        try:
            return msgspec.json.decode(content, type=form)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            self.faults.append(f"{place} is not what was expected: {error}")
            return None
