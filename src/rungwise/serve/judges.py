"""Where the judge of the score server runs: worker processes, one request at a time each.

One process a worker, not one pool of many: a judge that hangs can be killed, and one that kills its process takes no
other request with it. The worker is replaced and its request is refused with 503; it never gets a score.

Processes are handled the POSIX way (groups, SIGKILL). `workers=0` judges in a thread instead, for tests and a quick
look: a judge that hangs cannot be ended there.
"""

import asyncio
import contextlib
import logging
import math
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec

from rungwise.contract import Contract, Json, Task, Verdict, judge_all, load_contract
from rungwise.errors import InputError, JudgeUnavailable, RungwiseError
from rungwise.serve.limits import Limits, RefusedError, decoded

LOG = logging.getLogger(__name__)
RETRY_SECONDS = 5.0

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

    def run(self, job: str, *arguments: object) -> bytes | RefusedError:
        """A refusal is a value here: what is raised out of a worker says that the worker itself is lost."""
        try:
            outcome: bytes = getattr(self, job)(*arguments)
            return outcome
        except RefusedError as refusal:
            return refusal
        except InputError as error:  # facts that are none of this contract's
            return RefusedError(422, str(error))
        except JudgeUnavailable as error:
            return RefusedError(503, f"the judge could not run: {error}", 1)
        except BaseException as error:  # SystemExit too: a judge that calls sys.exit must not end the server
            traceback.print_exc()
            return RefusedError(500, f"the judge raised {type(error).__name__}; the server's log says where")

    def score(self, first: int, share: bytes) -> bytes:
        """The verdicts of one share of a batch, in order, without the brackets around them."""
        items = decoded(share, ITEMS, first)
        pairs = [(self._task(item, first + i), item.answer) for i, item in enumerate(items)]
        verdicts = judge_all(self.contract, pairs)
        for i, (_, verdict) in enumerate(zip(pairs, verdicts, strict=True)):
            _require_sound(verdict, first + i)
        return msgspec.json.encode(verdicts, enc_hook=plain)[1:-1]

    def feedback(self, task_id: str, answer: str) -> bytes:
        told = self.contract.feedback(self.problems[task_id], answer)  # type: ignore[attr-defined]
        if not isinstance(told, Mapping):
            raise RefusedError(500, f"feedback gave a {type(told).__name__}; expected a mapping")
        return msgspec.json.encode(told, enc_hook=plain)

    def _task(self, item: Item, place: int) -> Task:
        if (item.task is None) == (item.task_id is None):
            raise RefusedError(422, f"items[{place}]: expected one of task and task_id")
        if item.task is None:
            return self._problem(item.task_id or "", place)
        if item.task.contract != self.contract.name:
            wrong = f"{item.task.contract!r:.60}; this server judges {self.contract.name!r}"
            raise RefusedError(422, f"items[{place}].task.contract: found {wrong}")
        return item.task

    def _problem(self, task_id: str, place: int) -> Task:
        if task_id not in self.problems:
            raise RefusedError(404, f"items[{place}].task_id: no problem {task_id!r:.60} is served here")
        return self.problems[task_id]


def _require_sound(verdict: Verdict, place: int) -> None:
    if not 0.0 <= verdict.score <= 1.0:
        raise RefusedError(500, f"items[{place}]: the judge gave the score {verdict.score}, which is not in 0..1")
    for name, value in (*verdict.parts.items(), *verdict.measures.items()):
        if not math.isfinite(value):
            raise RefusedError(500, f"items[{place}]: the judge gave {name} = {value}, which is not a number")


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


def _work(job: str, *arguments: object) -> bytes | RefusedError:
    assert _desk is not None
    return _desk.run(job, *arguments)


@dataclass(frozen=True, eq=False)
class Worker:
    pool: Executor
    work: Callable[..., bytes | RefusedError]
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

    def __init__(self, order: Order, workers: int, limits: Limits) -> None:
        self.count = max(1, workers)
        self._make = _process if workers else _thread
        self._order = order
        self._limits = limits
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
        self._closed = True
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
        if isinstance(outcome, RefusedError):
            raise outcome
        return outcome

    async def _next(self) -> Worker:
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                return await self._free.get()
        except TimeoutError:
            raise RefusedError(503, f"no worker came free in {self._limits.wait_seconds:g} s", 1) from None

    async def _outcome(self, worker: Worker, job: str, arguments: Sequence[object]) -> bytes | RefusedError:
        seconds = self._limits.judge_seconds
        try:
            future = asyncio.get_running_loop().run_in_executor(worker.pool, worker.work, job, *arguments)
            return await asyncio.wait_for(future, seconds)
        except TimeoutError:
            raise RefusedError(503, f"judging took longer than {seconds:g} s; no score was given", 1) from None
        except BrokenExecutor:
            raise RefusedError(503, "the worker died while it judged; no score was given", 1) from None

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
