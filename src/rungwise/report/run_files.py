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

STAGES = ("sft", "rl")
FILES = (
    "rung.toml", "settings.json", "changed.json", "preflight.json", "check.json",
    *(f"{stage}/{name}" for stage in STAGES
      for name in ("settings.json", "audit.json", "lengths.json", "counts.json", "metrics.jsonl", "timing.jsonl",
                   "first-batch.json")),
    "cost.json", "probe/answers.jsonl", "probe/rows.jsonl", "probe/result.json", "ruling.json",
)  # fmt: skip


class Named(msgspec.Struct, frozen=True):
    name: str = ""
    settings: Mapping[str, Json] = {}


class Model(msgspec.Struct, frozen=True):
    size: str | None = None
    path: str | None = None
    context: int = 0
    trainable: str = "all"
    device: str = ""


class Tokens(msgspec.Struct, frozen=True):
    size: int = 0


class Place(msgspec.Struct, frozen=True):
    path: str = ""


class Settings(msgspec.Struct, frozen=True):
    """What was asked."""

    name: str = ""
    seed: int = 0
    question: str = ""
    hypothesis: str = ""
    axis: str | None = None
    baseline: str | None = None
    target: str = "greedy"
    expectations: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    contract: Named = Named()
    tokens: Tokens = Tokens()
    model: Model = Model()
    sft: Mapping[str, Json] | None = None
    rl: Mapping[str, Json] | None = None
    probe: Place | None = None


class Changed(msgspec.Struct, frozen=True):
    baseline: str | None = None
    axis: str | None = None
    changed: Mapping[str, tuple[str, ...]] = {}
    held: Mapping[str, str] = {}


class Gate(msgspec.Struct, frozen=True):
    name: str
    passed: bool
    detail: str = ""
    warned: bool = False


class Check(msgspec.Struct, frozen=True):
    contract: str = ""
    passed: bool = False
    findings: tuple[Gate, ...] = ()


class Cost(msgspec.Struct, frozen=True):
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    measuring_seconds: float = 0.0
    trained_tokens: float = 0.0
    sampled_tokens: float = 0.0
    flops: float = 0.0
    money: float = 0.0
    currency: str = ""
    machine: str = ""


class Audit(msgspec.Struct, frozen=True):
    rows: int = 0
    tasks: int = 0
    duplicates: int = 0
    contradictions: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()


class Spread(msgspec.Struct, frozen=True):
    p50: float = 0
    p95: float = 0
    most: float = 0


class Lengths(msgspec.Struct, frozen=True):
    prompt: Spread = Spread()
    gold: Spread = Spread()
    both: Spread = Spread()
    context: int = 0
    classes: Mapping[str, float] = {}
    unreadable: int = 0


class Source(msgspec.Struct, frozen=True):
    name: str = ""
    declared: float = 0.0
    rows: int = 0
    row_share: float = 0.0
    tokens: float = 0.0
    token_share: float = 0.0
    epochs: float = 0.0


class Delta(msgspec.Struct, frozen=True):
    """Ours less theirs, over all tasks or those of a slice."""

    value: float
    low: float
    high: float
    n: int
    p: float = 1.0


class Comparison(Delta, frozen=True, kw_only=True):
    run: str = ""
    metric: str = "greedy"
    test: str = ""
    parts: Mapping[str, Delta] = {}
    adjusted: Mapping[str, float] = {}
    improved: tuple[str, ...] = ()
    regressed: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """A condition that was written beforehand, held against the result."""

    condition: str
    status: str = "undecided"
    value: float = 0.0
    low: float = 0.0
    high: float = 0.0
    n: int = 0
    point: bool = False


class Figure(msgspec.Struct, frozen=True):
    value: float = 0.0
    threshold: float = 0.0


class Diagnosis(msgspec.Struct, frozen=True):
    primary: str = "none"
    secondary: tuple[str, ...] = ()
    evidence: Mapping[str, Figure] = {}
    layer: str = ""
    mend: str = ""


class Symptom(msgspec.Struct, frozen=True):
    name: str
    severity: str = "info"
    sentence: str = ""
    action: str = ""


class Signed(msgspec.Struct, frozen=True):
    needed: bool = False
    by: str | None = None


class Ruling(msgspec.Struct, frozen=True):
    verb: str
    reasons: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    headline: str = ""
    target: str = "greedy"
    comparisons: Mapping[str, Comparison | None] = {}
    expectations: tuple[Found, ...] = ()
    gates: tuple[Found, ...] = ()
    diagnosis: Diagnosis = Diagnosis()
    symptoms: tuple[Symptom, ...] = ()
    claims: tuple[str, ...] = ()
    signed: Signed = Signed()


class Decode(msgspec.Struct, frozen=True):
    k: int = 0
    temperature: float = 1.0
    max_new_tokens: int = 0
    answer: str = "all"


class Measured(msgspec.Struct, frozen=True):
    """Which probe it was."""

    name: str = ""
    hash: str = ""
    contract: str = ""
    judge: str = ""
    tasks: str = ""
    decode: Decode = Decode()


class Record(msgspec.Struct, frozen=True):
    """result.json, but for its figures: those are counted from the rows."""

    probe: Measured = Measured()
    policy: Mapping[str, Json] = {}
    files: Mapping[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    task: str
    answer: str
    column: str | None = None
    i: int | None = None


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
        settings=files.json("settings.json", Settings) or Settings(),
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
    for file in ("settings.json", "metrics.jsonl", "timing.jsonl"):
        files.read(f"{name}/{file}")
    if not any(path.startswith(f"{name}/") for path in files.artifacts) and not (files.folder / name).is_dir():
        return None
    return Stage(
        audit=files.json(f"{name}/audit.json", Audit),
        lengths=files.json(f"{name}/lengths.json", Lengths),
        sources=files.json(f"{name}/counts.json", tuple[Source, ...]) or (),
        first_batch=files.json(f"{name}/first-batch.json", tuple[dict[str, Json], ...]) or (),
    )


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
