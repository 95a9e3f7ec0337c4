"""What a request may cost, and what holds it to that. The routes are in score.py; no HTTP framework is imported here,
so that a worker process is ready as soon as its contract is.

1. A Refusal is a status and one line. It is raised anywhere below the routes, in a worker too, and answered as
   {"error": line}. A verdict is never made of one.
2. The Door stands before every route: host, rate, token, content type, requests in flight, and the bytes and seconds
   of a body. It reads the body itself, so that a limit holds whether or not the client said how much it would send.
3. Judges run the contract in worker processes, one request at a time each, so that a judge that hangs can be killed
   and one that kills its process takes no other request with it. The worker is replaced, the request is told 503.

Processes are handled the POSIX way (groups, SIGKILL). `workers=0` judges in a thread instead, for tests and a quick
look: a judge that hangs cannot be ended there.
"""

import asyncio
import contextlib
import hmac
import logging
import multiprocessing
import os
import re
import signal
import threading
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rungwise.contract import Contract, Json, Task, Verdict, judge_all, load_contract
from rungwise.errors import JudgeUnavailable, RungwiseError

T = TypeVar("T")

LOG = logging.getLogger(__name__)
OPEN_PATHS = frozenset({"/health", "/docs", "/openapi.json"})
LINE_LENGTH = 600
LINGER_SECONDS = 2.0
RETRY_SECONDS = 5.0
CLIENTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Each is for one request, but `in_flight` (all clients together) and `rate` (one client address)."""

    body_bytes: int = 1 << 20
    score_bytes: int = 16 << 20
    body_seconds: float = 30.0
    judge_seconds: float = 30.0
    in_flight: int = 64
    rate: float | None = None  # requests a second; 0: none; None: none on loopback, DEFAULT_RATE elsewhere
    burst: int = 20


class Refusal(RungwiseError):
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
            headers["retry-after"] = str(max(1, round(self.retry_after + 0.5)))
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
        raise Refusal(422, _located(str(error), first)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None


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
        self._full_at: dict[str, float] = {}

    def wait(self, client: str, now: float) -> float:
        """0 where the request may pass, and it has then been counted; else the seconds until one may."""
        full_at = max(self._full_at.get(client, now), now)
        if full_at - now > self._room:
            return full_at - now - self._room
        if len(self._full_at) >= CLIENTS:
            self._forget(now)
        self._full_at[client] = full_at + self._interval
        return 0.0

    def _forget(self, now: float) -> None:
        self._full_at = {client: full_at for client, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) >= CLIENTS:
            self._full_at.clear()


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
                raise Refusal(413, f"the body is larger than {limit} bytes")
        return b"".join(parts)

    async def drain(self) -> None:
        """Throws the rest away, so that a client that is still sending reads our line and not a reset connection."""
        with contextlib.suppress(TimeoutError, Refusal):
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
            raise Refusal(400, "the client left before the end of the body")
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
        except Refusal as refusal:
            await _refuse(refusal, body, _sealed(send))

    def _check(self, scope: Scope) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if self._hosts and host_name(headers.get("host", "")) not in self._hosts:
            raise Refusal(421, "this server answers to its loopback names only, not to the Host that was asked for")
        client = scope["client"][0] if scope.get("client") else ""
        if self._rate and (wait := self._rate.wait(client, time.monotonic())):
            raise Refusal(429, f"too many requests; try again in {wait:.1f} s", wait)
        if scope["path"] not in OPEN_PATHS:
            self._check_token(headers.get("authorization", ""))
        if scope["method"] == "POST":
            self._check_body(scope["path"], headers)

    def _check_token(self, authorization: str) -> None:
        if self._token is None:
            return
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            raise Refusal(401, "a bearer token is needed: Authorization: Bearer TOKEN")

    def _check_body(self, path: str, headers: Mapping[str, str]) -> None:
        # A page in a browser may send anything anywhere but this type, which it must ask leave for (and never gets).
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "the body must be sent as Content-Type: application/json")
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._size(path):
            raise Refusal(413, f"the body has {declared} bytes, more than {self._size(path)}")

    def _size(self, path: str) -> int:
        return self._limits.score_bytes if path == "/score" else self._limits.body_bytes

    async def _post(self, scope: Scope, body: Body, send: Send) -> None:
        if self._in_flight >= self._limits.in_flight:
            raise Refusal(503, f"{self._in_flight} requests are being judged already", 1)
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
            raise Refusal(408, f"the body took longer than {self._limits.body_seconds:g} s to arrive") from None


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


async def _refuse(refusal: Refusal, body: Body, send: Send) -> None:
    headers = {"content-type": "application/json", "content-length": str(len(refusal.body)), **refusal.headers}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
    await body.drain()
    await send({"type": "http.response.body", "body": b""})


# ---- the judge's side ------------------------------------------------------------------------------------------------


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer to judge, and what it answers: a whole task, or the id of a problem served here."""

    answer: str
    task: Task | None = None
    task_id: str | None = None


ITEMS = msgspec.json.Decoder(list[Item])
TASKS = msgspec.json.Decoder(list[Task])


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a worker is told once: which contract, made how, and the problems that are served by id."""

    spec: str
    settings: Mapping[str, Json]
    problems: bytes


@dataclass(frozen=True, slots=True)
class Desk:
    """A contract and its problems, in the place where the judging is done. Bytes come in, bytes go out."""

    contract: Contract
    problems: Mapping[str, Task]

    def run(self, job: str, *arguments: object) -> bytes | Refusal:
        """A refusal is a value here: what is raised out of a worker says that the worker itself is lost."""
        try:
            return {"score": self.score, "feedback": self.feedback}[job](*arguments)
        except Refusal as refusal:
            return refusal
        except JudgeUnavailable as error:
            return Refusal(503, f"the judge could not run: {error}", 1)
        except BaseException as error:  # SystemExit too: a judge that calls sys.exit must not end the server
            traceback.print_exc()
            return Refusal(500, f"the judge raised {type(error).__name__}; the server's log says where")

    def score(self, first: int, share: bytes) -> bytes:
        """The verdicts of one share of a batch, in order, without the brackets around them."""
        items = decoded(share, ITEMS, first)
        pairs = [(self._task(item, first + i), item.answer) for i, item in enumerate(items)]
        verdicts = judge_all(self.contract, pairs)
        for i, (_, verdict) in enumerate(zip(pairs, verdicts, strict=True)):
            _require_score(verdict, first + i)
        return msgspec.json.encode(verdicts, enc_hook=plain)[1:-1]

    def feedback(self, task_id: str, answer: str) -> bytes:
        told = self.contract.feedback(self.problems[task_id], answer)  # type: ignore[attr-defined]
        if not isinstance(told, Mapping):
            raise Refusal(500, f"feedback gave a {type(told).__name__}; expected a mapping")
        return msgspec.json.encode(told, enc_hook=plain)

    def _task(self, item: Item, place: int) -> Task:
        if (item.task is None) == (item.task_id is None):
            raise Refusal(422, f"items[{place}]: expected one of task and task_id")
        if item.task is None:
            return self._problem(item.task_id or "", place)
        if item.task.contract != self.contract.name:
            wrong = f"{item.task.contract!r:.60}; this server judges {self.contract.name!r}"
            raise Refusal(422, f"items[{place}].task.contract: found {wrong}")
        return item.task

    def _problem(self, task_id: str, place: int) -> Task:
        if task_id not in self.problems:
            raise Refusal(404, f"items[{place}].task_id: no problem {task_id!r:.60} is served here")
        return self.problems[task_id]


def _require_score(verdict: Verdict, place: int) -> None:
    if not 0.0 <= verdict.score <= 1.0:
        raise Refusal(500, f"items[{place}]: the judge gave the score {verdict.score}, which is not in 0..1")


def plain(value: Any) -> Any:
    """What the encoder does not know: a read-only mapping, a scalar of numpy."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} cannot be written as JSON")


def desk(order: Order) -> Desk:
    tasks = decoded(order.problems, TASKS)
    return Desk(load_contract(order.spec, order.settings), {task.id: task for task in tasks})


# ---- where it is done ------------------------------------------------------------------------------------------------

_desk: Desk | None = None  # a worker process has one, made by its initializer: a contract does not go through a pipe


def _begin(order: Order) -> None:
    global _desk
    os.setpgid(0, 0)  # Ctrl-C reaches the server only, and whatever the judge starts can be killed with it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _desk = desk(order)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)


def _work(job: str, *arguments: object) -> bytes | Refusal:
    assert _desk is not None
    return _desk.run(job, *arguments)


@dataclass(frozen=True, eq=False)
class Worker:
    pool: Executor
    work: Callable[..., bytes | Refusal]
    pid: int | None

    def kill(self) -> None:
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.pool.shutdown(wait=False, cancel_futures=True)


def _process(order: Order) -> Worker:
    """Returns once the contract is loaded, so that no request pays for it."""
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(order,))
    return Worker(pool, _work, pool.submit(os.getpid).result())


def _thread(order: Order) -> Worker:
    return Worker(ThreadPoolExecutor(1), desk(order).run, None)


class Judges:
    """The workers: each has one request at a time, and is replaced when it dies or is late."""

    def __init__(self, order: Order, workers: int, seconds: float) -> None:
        self.count = max(1, workers)
        self._make = _process if workers else _thread
        self._order = order
        self._seconds = seconds
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        self._staff: set[Worker] = set()
        self._hiring: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def alive(self) -> bool:
        return bool(self._staff)

    async def start(self) -> None:
        await asyncio.gather(*(self._hire() for _ in range(self.count)))

    async def close(self) -> None:
        """Idle workers end in their own way; the others are killed."""
        self._closed = True
        for hiring in self._hiring:
            hiring.cancel()
        while not self._free.empty():
            worker = self._free.get_nowait()
            self._staff.discard(worker)
            await asyncio.to_thread(worker.pool.shutdown)
        self.kill()

    def kill(self) -> None:
        while self._staff:
            self._staff.pop().kill()

    async def call(self, job: str, *arguments: object) -> bytes:
        worker = await self._next()
        try:
            outcome = await self._outcome(worker, job, arguments)
        except BaseException:  # dead, late or cancelled: what it is doing now is not known
            self._replace(worker)
            raise
        self._free.put_nowait(worker)
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _next(self) -> Worker:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._free.get()
        except TimeoutError:
            raise Refusal(503, f"no worker came free in {self._seconds:g} s", 1) from None

    async def _outcome(self, worker: Worker, job: str, arguments: Sequence[object]) -> bytes | Refusal:
        try:
            future = asyncio.get_running_loop().run_in_executor(worker.pool, worker.work, job, *arguments)
            done, _ = await asyncio.wait({future}, timeout=self._seconds)
            if done:
                return future.result()
        except BrokenExecutor:
            raise Refusal(503, "the worker died while it judged; no score was given", 1) from None
        future.cancel()
        raise Refusal(503, f"judging took longer than {self._seconds:g} s; no score was given", 1)

    def _replace(self, worker: Worker) -> None:
        self._staff.discard(worker)
        worker.kill()
        if not self._closed:
            hiring = asyncio.create_task(self._rehire())
            self._hiring.add(hiring)
            hiring.add_done_callback(self._hiring.discard)

    async def _rehire(self) -> None:
        while True:
            try:
                return await self._hire()
            except (BrokenExecutor, OSError, RungwiseError) as error:
                LOG.error("a worker could not be started, again in %g s: %s", RETRY_SECONDS, error)
                await asyncio.sleep(RETRY_SECONDS)

    async def _hire(self) -> None:
        worker = await asyncio.to_thread(self._make, self._order)
        self._staff.add(worker)
        self._free.put_nowait(worker)
