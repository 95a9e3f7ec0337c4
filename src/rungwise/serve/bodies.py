"""What is sent to the score server and what it gives: the types that its OpenAPI document is made of.

What people write is pydantic, nothing extra allowed, all faults told at once. What programs send by the thousand
(/score) is msgspec. JSON names are camelCase, as the benchmark's clients write them.
"""

from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, AliasChoices, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from rungwise.contract import Verdict
from rungwise.serve.judges import Item

BATCH_ITEMS = 256


def _object_or_text(value: Any) -> Any:
    if not isinstance(value, dict | str):
        raise ValueError("expected an object or a string")
    return value


Answer = Annotated[
    Any, AfterValidator(_object_or_text), WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string"}]})
]
Honeypot = Annotated[str, Field(description="left empty by honest clients")]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Given(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Revision(Sent):
    """A first try."""

    problem_id: Name
    canvas: Annotated[
        Answer,
        Field(validation_alias=AliasChoices("canvas", "answer"), description="the answer; may be sent as `answer`"),
    ]
    website: Honeypot = ""


class Submission(Revision):
    """An answer for the table. What is optional describes the run and is not kept."""

    submitter: Name
    model: Name | None = None
    harness: Name | None = None
    v1_canvas: Answer | None = None
    v1_score: float | None = None
    v1_passed: bool | None = None
    feedback: Any = None
    tokens_total: Annotated[int, Field(ge=0)] | None = None


class Outcome(Given):
    composite_score: Annotated[int, Field(ge=0, le=100)]
    passed: bool
    submitter: str
    subscores: dict[str, float]
    notes: list[str]


class Standing(Given):
    id: str
    title: str
    top_score: int = 0
    runs: int = 0


class Standings(Given):
    problems: list[Standing]


class Problem(Given):
    """What may be shown of a task: its prompt, and whatever the contract's own `public` adds."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str
    prompt: str
    tier: str
    family: str


class OneProblem(Given):
    problem: Problem


class Health(Given):
    status: str
    contract: str
    version: str
    identity: str


class Failure(Given):
    error: str


class ScoreBody(msgspec.Struct):
    """Answers to judge, each with a whole task or the id of a problem served here."""

    items: Annotated[list[Item], msgspec.Meta(max_length=BATCH_ITEMS)]


class ScoreReply(msgspec.Struct):
    """A verdict for each item, in order."""

    verdicts: list[Verdict]


class CutBody(msgspec.Struct, forbid_unknown_fields=True):
    """A ScoreBody whose items are left for the workers to decode."""

    items: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=BATCH_ITEMS)]


class SentAnswer(msgspec.Struct):
    """A Revision's answer, in the client's own spelling."""

    canvas: msgspec.Raw = msgspec.Raw()
    answer: msgspec.Raw = msgspec.Raw()
