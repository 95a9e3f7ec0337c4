"""The judge over HTTP, for any contract: the benchmark's routes, and POST /score for a trainer on another machine.

A request passes the Door (limits.py), a route (routes.py, its types in bodies.py) and a worker (judges.py); here they
are put together and served. Every refusal is {"error": "one line"}.

By default only this machine is answered. Other machines need a token, or the word of whoever starts the server.
"""

import asyncio
import ipaddress
import math
import re
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from types import FrameType

import msgspec
import uvicorn
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from rungwise.contract import Contract, Json, Task, load_contract
from rungwise.errors import ContractError, InputError, JudgeUnavailable
from rungwise.serve.bodies import Problem, ScoreBody, ScoreReply, Standing
from rungwise.serve.judges import Judges, Order, plain
from rungwise.serve.limits import Door, Limits, RefusedError
from rungwise.serve.routes import Board, on_error, routes

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_LIMITS = Limits()
DEFAULT_RATE = 50.0


def make_app(
    spec: str,
    settings: Mapping[str, Json],
    problems: Sequence[Task],
    *,
    limits: Limits = DEFAULT_LIMITS,
    workers: int = 1,
    token: str | None = None,
    hosts: Collection[str] = (),
) -> FastAPI:
    """The server of one contract. `hosts`: the names it answers to, any where there are none."""
    contract = load_contract(spec, settings)
    shown = _shown(contract, problems)
    order = Order(spec=spec, settings=dict(settings), problems=msgspec.json.encode(list(problems), enc_hook=plain))
    judges = Judges(order, workers, limits)
    app = FastAPI(
        title=f"rungwise: the judge of {contract.name}",
        version=contract.version,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        exception_handlers=dict.fromkeys((RefusedError, HTTPException, RequestValidationError, Exception), on_error),
    )
    standings = {task_id: Standing(id=task_id, title=problem.title) for task_id, problem in shown.items()}
    app.state.board = Board(contract, shown, standings, judges)
    app.include_router(routes)
    app.add_middleware(Door, limits=limits, token=token, hosts=hosts)
    _describe(app, token)
    return app


def _shown(contract: Contract, tasks: Sequence[Task]) -> dict[str, Problem]:
    wrong = next((task.contract for task in tasks if task.contract != contract.name), None)
    if wrong is not None:
        raise InputError(f"a problem of {wrong!r}; expected problems of {contract.name!r}", field="problems")
    shown = {task.id: _problem(contract, task) for task in tasks}
    if len(shown) < len(tasks):
        raise InputError("two problems have the same id", field="problems")
    return shown


def _problem(contract: Contract, task: Task) -> Problem:
    public = contract.public(task) if hasattr(contract, "public") else {}
    if not isinstance(public, Mapping):
        raise ContractError(f"{contract.name}.public gave a {type(public).__name__}; expected a mapping")
    title = str(public.get("title", task.id))
    own = {"id": task.id, "title": title, "prompt": task.prompt, "tier": task.tier, "family": task.family}
    return Problem.model_validate({**public, **own})


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    judges: Judges = app.state.board.judges
    await judges.start()
    try:
        yield
    finally:
        await judges.close()


def _describe(app: FastAPI, token: str | None) -> None:
    """Adds what FastAPI cannot see: the types of the hot route, and the token."""
    document = app.openapi()
    _, components = msgspec.json.schema_components([ScoreBody, ScoreReply], ref_template="#/components/schemas/{name}")
    document["components"]["schemas"].update(components)
    if token is not None:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]


# ---- the server ------------------------------------------------------------------------------------------------------


def serve(
    spec: str,
    settings: Mapping[str, Json],
    *,
    problems: Sequence[Task],
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    without_token: bool = False,
    workers: int = 1,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Serves until SIGTERM or Ctrl-C, then answers what is in flight and returns. Asked twice, it gives up on judges
    still at work: their requests get 503. Port 0 takes a free port."""
    local = _is_loopback(host)
    _require_token(host, local, token, without_token)
    if limits.rate is None:
        limits = replace(limits, rate=0.0 if local else DEFAULT_RATE)
    hosts = LOOPBACK_NAMES | {host} if local else ()
    app = make_app(spec, settings, problems, limits=limits, workers=workers, token=token, hosts=hosts)
    judges: Judges = app.state.board.judges
    with _listening(host, port) as listener, _stoppable():
        try:
            _Server(_config(app, limits), app.title, judges).run(sockets=[listener])
        except SystemExit:
            raise JudgeUnavailable("no worker could be started; the lines above say why") from None
        finally:
            judges.kill()


def _config(app: FastAPI, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # X-Forwarded-For would let a client choose the address that its rate is counted on
        timeout_keep_alive=75,  # a trainer may well train for a minute between two batches
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=math.ceil(limits.body_seconds + limits.wait_seconds + limits.judge_seconds),
    )


class _Server(uvicorn.Server):
    """Says where it is once it can be asked, and does not wait for a judge that hangs when asked to stop twice."""

    def __init__(self, config: uvicorn.Config, name: str, judges: Judges) -> None:
        super().__init__(config)
        self._name = name
        self._judges = judges
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        host, port = (sockets or [])[0].getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        sys.stdout.write(f"{self._name} is at {url} (docs at {url}/docs)\n")
        sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and self._loop is not None:
            self._loop.call_soon_threadsafe(self._judges.kill)
        else:
            super().handle_exit(sig, frame)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_token(host: str, local: bool, token: str | None, without_token: bool) -> None:
    if token is not None and not re.fullmatch(r"[!-~]+", token):
        raise InputError("expected printable ASCII without spaces, and not nothing", field="token")
    if not local and token is None and not without_token:
        raise InputError(
            f"{host!r} can be reached from other machines: give a token, or allow it without one", field="host"
        )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise InputError(f"cannot listen on {host!r}, port {port}: {error}", field="port") from None
    with listener:
        # asyncio does this itself, but not for a socket that it was handed; without it every batch waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


@contextmanager
def _stoppable() -> Iterator[None]:
    """uvicorn raises the signal again after a graceful stop, which would end the process as if it had failed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
