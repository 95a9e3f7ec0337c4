"""What a request may cost, and what holds it to that before a route sees it.

1. Limits are the numbers.
2. A RefusedError is a status and one line. It is raised anywhere below the routes, in a worker too, and answered as
   {"error": line}. A verdict is never made of one.
3. The Door stands before every route: host, rate, token, content type, requests in flight, and the bytes and seconds
   of a body. It reads the body itself, so that a limit holds whether or not the client said how much it would send.

No HTTP framework is imported here: the workers need RefusedError, and should be ready as soon as their contract is.
"""

import asyncio
import contextlib
import hmac
import math
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rungwise.errors import RungwiseError

T = TypeVar("T")

OPEN_PATHS = frozenset({"/health", "/docs", "/openapi.json"})
LINE_LENGTH = 600
LINGER_SECONDS = 2.0
CLIENTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Each is for one request, but `in_flight` (all clients together) and `rate` (one client address)."""

    body_bytes: int = 1 << 20
    score_bytes: int = 16 << 20
    body_seconds: float = 30.0
    wait_seconds: float = 30.0  # for a worker to come free
    judge_seconds: float = 30.0
    in_flight: int = 64
    rate: float | None = None  # requests a second; 0: none; None: none on loopback, DEFAULT_RATE elsewhere
    burst: int = 20


class RefusedError(RungwiseError):
    """The status and the one line that a client gets instead of what it asked for."""

    def __init__(self, status: int, line: str, retry_after: float | None = None) -> None:
        super().__init__(status, line, retry_after)
        self.status = status
        self.line = line
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        headers = {"www-authenticate": "Bearer"} if self.status == 401 else {}
        if self.retry_after is not None:
            headers["retry-after"] = str(max(1, math.ceil(self.retry_after)))
        return headers

    @property
    def body(self) -> bytes:
        return error_body(self.line)


def error_body(line: str) -> bytes:
    """One line whatever was quoted in it: no line breaks, no half of a surrogate pair, no end of it."""
    clean = " ".join(line.encode("utf-8", "backslashreplace").decode().split())
    return msgspec.json.encode({"error": clean if len(clean) <= LINE_LENGTH else clean[:LINE_LENGTH] + "..."})


def decoded(body: bytes, decoder: msgspec.json.Decoder[T], first: int = 0) -> T:
    """The body as the decoder's type. `first` is the place in the whole batch of the first item of this share."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise RefusedError(422, _located(str(error), first)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from None


def _located(fault: str, first: int) -> str:
    problem, _, path = fault.partition(" - at `$")
    path = re.sub(r"^\[(\d+)\]", lambda found: f"items[{int(found[1]) + first}]", path.rstrip("`"))
    return f"{path.lstrip('.') or 'body'}: {problem[0].lower()}{problem[1:]}"


# ---- the door --------------------------------------------------------------------------------------------------------


class Rate:
    """A token bucket for each client address, kept as one number: when it will be full again."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._interval = 1.0 / per_second
        self._room = self._interval * max(0, burst - 1)
        self.full_at: dict[str, float] = {}

    def wait(self, client: str, now: float) -> float:
        """0 where the request may pass, and it has then been counted; else the seconds until one may."""
        full_at = max(self.full_at.get(client, now), now)
        if full_at - now > self._room:
            return full_at - now - self._room
        if len(self.full_at) >= CLIENTS:
            self._forget(now)
        self.full_at[client] = full_at + self._interval
        return 0.0

    def _forget(self, now: float) -> None:
        self.full_at = {client: full_at for client, full_at in self.full_at.items() if full_at > now}
        if len(self.full_at) >= CLIENTS:
            self.full_at.clear()


class Body:
    """A request's body as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def read(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while not self._ended:
            parts.append(await self._part())
            size += len(parts[-1])
            if size > limit:
                raise RefusedError(413, f"the body is larger than {limit} bytes")
        return b"".join(parts)

    async def drain(self) -> None:
        """Throws the rest away, so that a client that is still sending reads our line and not a reset connection."""
        with contextlib.suppress(TimeoutError, RefusedError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._ended:
                    await self._part()

    def replayed(self, whole: bytes) -> Receive:
        """The body that was read, for the routes; then whatever comes after it."""
        messages: list[Message] = [{"type": "http.request", "body": whole, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else await self._receive()

        return receive

    async def _part(self) -> bytes:
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        if message["type"] == "http.disconnect":
            raise RefusedError(400, "the client left before the end of the body")
        part: bytes = message.get("body", b"")
        return part


class Door:
    """What every request passes before a route sees it. `hosts` empty: any Host header will do."""

    def __init__(self, app: ASGIApp, limits: Limits, token: str | None, hosts: Collection[str]) -> None:
        self._app = app
        self._limits = limits
        self._token = token.encode() if token is not None else None
        self._hosts = frozenset(hosts)
        self._rate = Rate(limits.rate, limits.burst) if limits.rate else None
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        body = Body(receive)
        try:
            self._check(scope)
            if scope["method"] == "POST":
                await self._post(scope, body, _sealed(send))
            else:
                await self._app(scope, receive, _sealed(send))
        except RefusedError as refusal:
            await _refuse(refusal, body, _sealed(send))

    def _check(self, scope: Scope) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if self._hosts and host_name(headers.get("host", "")) not in self._hosts:
            raise RefusedError(
                421, "this server answers to its loopback names only, not to the Host that was asked for"
            )
        client = scope["client"][0] if scope.get("client") else ""
        if self._rate and (wait := self._rate.wait(client, time.monotonic())):
            raise RefusedError(429, f"too many requests; try again in {wait:.1f} s", wait)
        if scope["path"] not in OPEN_PATHS:
            self._check_token(headers.get("authorization", ""))
        if scope["method"] == "POST":
            self._check_body(scope["path"], headers)

    def _check_token(self, authorization: str) -> None:
        if self._token is None:
            return
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            raise RefusedError(401, "a bearer token is needed: Authorization: Bearer TOKEN")

    def _check_body(self, path: str, headers: Mapping[str, str]) -> None:
        # A page in a browser may send anything anywhere but this type, which it must ask leave for (and never gets).
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedError(415, "the body must be sent as Content-Type: application/json")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._size(path):
            raise RefusedError(413, f"the body has {declared} bytes, more than {self._size(path)}")

    def _size(self, path: str) -> int:
        return self._limits.score_bytes if path == "/score" else self._limits.body_bytes

    async def _post(self, scope: Scope, body: Body, send: Send) -> None:
        if self._in_flight >= self._limits.in_flight:
            raise RefusedError(503, f"{self._in_flight} requests are being judged already", 1)
        self._in_flight += 1
        try:
            whole = await self._whole(body, self._size(scope["path"]))
            await self._app(scope, body.replayed(whole), send)
        finally:
            self._in_flight -= 1

    async def _whole(self, body: Body, limit: int) -> bytes:
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await body.read(limit)
        except TimeoutError:
            raise RefusedError(408, f"the body took longer than {self._limits.body_seconds:g} s to arrive") from None


def host_name(host: str) -> str:
    """A Host header without its port; "[::1]:8000" -> "::1"."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _sealed(send: Send) -> Send:
    """Tells browsers to believe the content type: JSON that quotes a client is never read as a page."""

    async def sealed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), (b"x-content-type-options", b"nosniff")]}
        await send(message)

    return sealed


async def _refuse(refusal: RefusedError, body: Body, send: Send) -> None:
    headers = {"content-type": "application/json", "content-length": str(len(refusal.body)), **refusal.headers}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
    await body.drain()
    await send({"type": "http.response.body", "body": b""})
