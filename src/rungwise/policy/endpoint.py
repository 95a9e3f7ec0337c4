"""A policy behind an OpenAI-compatible server: chat completions, or plain completions of the task's text.

1. Each of the k answers is a request of its own, with a seed of its own derived from (seed, task, number); with
   `together` a group is one request, and what a server leaves out of it is asked for again.
2. A failure is never an empty answer. `posting` tries again where that helps; then the writing stops, with one line.
3. An answer that the server did not let finish in one of the two ways a policy can (a filter, a tool call) says nothing
   of the policy, and stops the writing too.
4. A server may draw in ways of its own (a top_k, a temperature fixed in the model's folder, thinking switched on), and
   no reply tells. What can be set goes in `extra`, and so into the result. What `Decode` asks for and the interface has
   no word for is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Annotated

import msgspec

from rungwise.contract import Json, Task
from rungwise.errors import InputError
from rungwise.policy.policy import Decode
from rungwise.policy.posting import Line, in_order
from rungwise.policy.writer import Written
from rungwise.seeds import derive

OWN = ("max_tokens", "messages", "model", "n", "prompt", "seed", "stream", "temperature", "top_p")  # of a request
ENDINGS: Mapping[str | None, str] = {"stop": "stop", "length": "length", "eos": "stop", "eos_token": "stop"}
ADDRESS = re.compile(r"(https?://(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?)((?:/[\w.~%:@-]+)*)/?", re.ASCII)
DAY = 86400.0
NAMES = 8  # of the server's model that are kept, and told


class _Message(msgspec.Struct):
    content: str | None = None
    reasoning_content: Json = None  # where a server tells thinking apart from the answer
    reasoning: Json = None


class _Choice(msgspec.Struct):
    finish_reason: str | None = None
    message: _Message | None = None
    text: str | None = None


class _Usage(msgspec.Struct):
    completion_tokens: Annotated[int, msgspec.Meta(ge=0)] | None = None


class _Reply(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class _Ask:
    """For `count` answers to a task, from number `first` on."""

    task: Task
    first: int
    count: int
    decode: Decode
    seed: int


@dataclass(frozen=True, slots=True)
class EndpointWriter:
    url: str  # of the server, or of what comes before /chat/completions
    model: str
    _: KW_ONLY
    chat: bool = True  # else the text with a line end, as local policies without a chat template read it
    key_env: str = ""  # the environment variable that holds the key
    seeded: bool = True  # requests carry a seed
    together: bool = False  # the server writes n answers to one request
    at_once: int = 8  # requests
    attempts: int = 5
    first_wait: float = 1.0  # seconds before the second attempt
    timeout: float = 600.0  # seconds for a whole reply
    max_tokens: int = 0  # where the decode settings leave it to the context; 0: the server's own
    extra: Mapping[str, Json] = field(default_factory=dict)  # more fields of every request
    served: set[str] = field(default_factory=set, init=False, repr=False)  # what the server called the model

    def __post_init__(self) -> None:
        _base(self.url)
        if taken := [name for name in OWN if name in self.extra]:
            raise InputError(f"{', '.join(taken)}: comes from the other settings", field="extra")
        for name in ("at_once", "attempts"):
            if getattr(self, name) < 1:
                raise InputError(f"{getattr(self, name)}; expected at least 1", field=name)
        if not 0 < self.timeout <= DAY:
            raise InputError(f"{self.timeout:g}; expected seconds, at most a day of them", field="timeout")

    def describe(self) -> dict[str, Json]:
        return {
            "kind": "endpoint", "url": _base(self.url), "model": self.model, "chat": self.chat, "seeded": self.seeded,
            "together": self.together, "max_tokens": self.max_tokens, "extra": dict(self.extra),
            "served": sorted(self.served),
        }  # fmt: skip

    def write(self, tasks: Sequence[Task], k: int, decode: Decode, seed: int) -> Iterator[list[Written]]:
        self._require_sayable(decode)
        each = max(1, k) if self.together else 1
        asks = [_Ask(task, first, each, decode, seed) for task in tasks for first in range(0, k, each)]
        with self._line() as line:
            parts = in_order(asks, lambda ask: self._answers(line, ask), self.at_once, line.stopped)
            for _ in tasks:
                yield [written for _ in range(0, k, each) for written in next(parts)]

    def _require_sayable(self, decode: Decode) -> None:
        if decode.grammar:
            raise InputError("an endpoint cannot be held to a grammar; expected false", field="grammar")
        for name, usual in (("top_k", 0), ("floor", None)):
            if getattr(decode, name) != usual:
                raise InputError(f"{getattr(decode, name)}; an endpoint has none, expected {usual}", field=name)
        if not (self.chat or decode.max_new_tokens or self.max_tokens):
            raise InputError(
                "0; a plain completion is cut after a few tokens where nobody says when", field="max_tokens"
            )

    def _line(self) -> Line:
        url = _base(self.url) + ("/chat/completions" if self.chat else "/completions")
        return Line(
            url, self.key_env, at_once=self.at_once, attempts=self.attempts, first_wait=self.first_wait,
            timeout=self.timeout,
        )  # fmt: skip

    def _answers(self, line: Line, ask: _Ask) -> list[Written]:
        found: list[Written] = []
        while len(found) < ask.count:
            left = ask.count - len(found)
            reply = line.post(self._body(ask, ask.first + len(found), left), _Reply)
            if not 1 <= len(reply.choices) <= left:
                raise line.fault(f"{len(reply.choices)} answers to a request for {left}")
            if reply.model and len(self.served) < NAMES:
                self.served.add(line.quoted(reply.model))
            found += [self._written(line, choice, _tokens(reply)) for choice in reply.choices]
        return found

    def _body(self, ask: _Ask, number: int, n: int) -> dict[str, Json]:
        text, decode = ask.task.prompt, ask.decode
        asked = {"messages": [{"role": "user", "content": text}]} if self.chat else {"prompt": _with_line_end(text)}
        most = decode.max_new_tokens or self.max_tokens
        return {
            "model": self.model, **asked, "temperature": decode.temperature, "top_p": decode.top_p,
            **({"max_tokens": most} if most else {}),
            **({"seed": _seed(ask, number)} if self.seeded else {}),
            **({"n": n} if n > 1 else {}), **self.extra,
        }  # fmt: skip

    def _written(self, line: Line, choice: _Choice, tokens: int) -> Written:
        message = choice.message or _Message()
        text, ended = message.content if self.chat else choice.text, ENDINGS.get(choice.finish_reason)
        if text is None and (message.reasoning_content or message.reasoning):
            text = ""  # it thought to the end, and answered nothing
        if ended is None:
            raise line.fault(f"finish_reason {line.quoted(repr(choice.finish_reason))}; expected stop or length")
        if text is None:
            raise line.fault("an answer without text; does the server take it for a tool call?")
        return Written(text=text, ended=ended, tokens=tokens, logprob=None)


def _base(url: str) -> str:
    """Where /chat/completions and /completions are; /v1 for a server's bare address."""
    found = ADDRESS.fullmatch(url)
    if not found:
        raise InputError("expected http(s)://HOST[:PORT][/PATH], without a name, a password or a query", field="url")
    path = found[2].removesuffix("/completions").removesuffix("/chat")
    return found[1] + (path or "/v1")


def _with_line_end(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _seed(ask: _Ask, number: int) -> int:
    return derive(ask.seed, "endpoint", ask.task.id, number) >> 33  # 31 bits: some servers take no more


def _tokens(reply: _Reply) -> int:
    """Of a single answer; of several a server tells the sum."""
    return (len(reply.choices) == 1 and reply.usage and reply.usage.completion_tokens) or 0
