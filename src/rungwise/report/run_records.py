"""The records in a run's folder, as far as its page reads them.

Whoever writes them may write more. A field that is absent is nothing; one that is something else is a fault, told by
`run_files`.
"""

from collections.abc import Mapping

import msgspec

from rungwise.contract import Json


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
    shallow: Mapping[str, Delta] = {}  # what those who understand nothing get
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
