"""The routes of the score server, and how what goes wrong in them is told.

1. Nothing is stored. /score keeps nothing at all; submit keeps the best score and the number of runs of a problem, in
   memory, until the server stops.
2. The judge reads the answer as it was sent: a canvas that comes as a JSON object is judged in the client's own
   spelling, doubled keys and all, never in ours.
3. /score is the hot route: the body is cut into items without decoding them, the shares go to the workers as bytes
   and the verdicts come back as bytes.
"""

import asyncio
import html
import json
import math
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from rungwise.contract import Contract, Json, Verdict, identity
from rungwise.errors import nearest
from rungwise.serve.bodies import (
    CutBody,
    Failure,
    Health,
    OneProblem,
    Outcome,
    Problem,
    Revision,
    Sent,
    SentAnswer,
    Standing,
    Standings,
    Submission,
)
from rungwise.serve.judges import Item, Judges
from rungwise.serve.limits import RefusedError, decoded

SHARE_ITEMS = 8  # the fewest items worth a second worker
JSON_TYPE = "application/json"
CUT_BODY = msgspec.json.Decoder(CutBody)
SENT_ANSWER = msgspec.json.Decoder(SentAnswer)
TEXT = msgspec.json.Decoder(str)
VERDICTS = msgspec.json.Decoder(list[Verdict])
FORMS: Mapping[str, type[Sent]] = {"/api/bench/submit": Submission, "/api/bench/feedback": Revision}
MEANINGS = {
    400: "not JSON, or the honeypot was filled",
    401: "no bearer token, or a wrong one",
    404: "no such problem",
    408: "the body did not arrive in time",
    413: "the body is too large",
    415: "the body was not sent as JSON",
    421: "the Host header names another server",
    422: "a field is wrong; the line says which",
    429: "too many requests from this address",
    500: "the judge broke its promises",
    501: "the contract has no feedback",
    503: "the judge could not run, or is busy; never a score",
}


def _refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: {"model": Failure, "description": MEANINGS[status]} for status in statuses}


READING = _refusals(401, 421, 429)
JUDGING = _refusals(400, 401, 404, 408, 413, 415, 421, 422, 429, 500, 503)
SCORING: dict[str, Any] = {
    "requestBody": {"required": True, "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/ScoreBody"}}}}
}
SCORED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The verdicts, in the order of the items",
        "content": {JSON_TYPE: {"schema": {"$ref": "#/components/schemas/ScoreReply"}}},
    }
}


@dataclass(slots=True)
class Board:
    """What the routes share."""

    contract: Contract
    problems: Mapping[str, Problem]
    standings: dict[str, Standing]
    judges: Judges

    def known(self, problem_id: str) -> str:
        if problem_id not in self.problems:
            raise RefusedError(404, f"no problem {problem_id!r}; GET /api/bench/problems lists them")
        return problem_id

    def count(self, problem_id: str, score: int) -> None:
        standing = self.standings[problem_id]
        standing.top_score = max(standing.top_score, score)
        standing.runs += 1


def _board(request: Request) -> Board:
    board: Board = request.app.state.board
    return board


routes = APIRouter()


@routes.get("/health", summary="Is the judge up, and which is it", responses=_refusals(421, 429, 503))
async def health(request: Request) -> Health:
    board = _board(request)
    if not board.judges.alive:
        raise RefusedError(503, "no worker is ready", 1)
    contract = board.contract
    return Health(status="ok", contract=contract.name, version=contract.version, identity=identity(contract))


@routes.get("/api/bench/problems", summary="All problems, or one", responses=READING | _refusals(404, 422))
async def problems(
    request: Request, problem_id: Annotated[str | None, Query(alias="id", max_length=200)] = None
) -> Standings | OneProblem:
    board = _board(request)
    if problem_id is None:
        return Standings(problems=list(board.standings.values()))
    return OneProblem(problem=board.problems[board.known(problem_id)])


@routes.post("/api/bench/submit", summary="Judge an answer and count it", responses=JUDGING)
async def submit(request: Request, sent: Submission) -> Outcome:
    board = _board(request)
    _require_honest(sent)
    item = Item(answer=_verbatim(await request.body()), task_id=board.known(sent.problem_id))
    part = await board.judges.call("score", 0, msgspec.json.encode([item]))
    verdict = VERDICTS.decode(b"[" + part + b"]")[0]
    score = round(100 * verdict.score)
    board.count(sent.problem_id, score)
    return Outcome(
        composite_score=score,
        passed=verdict.passed,
        submitter=sent.submitter,
        subscores={name: round(100 * value, 1) for name, value in verdict.parts.items()},
        notes=list(verdict.notes),
    )


@routes.post("/api/bench/feedback", summary="What may be told before a second try", responses=JUDGING | _refusals(501))
async def feedback(request: Request, sent: Revision) -> dict[str, Any]:
    board = _board(request)
    _require_honest(sent)
    if not hasattr(board.contract, "feedback"):
        raise RefusedError(501, f"the contract {board.contract.name!r} gives no feedback")
    answer = _verbatim(await request.body())
    told: dict[str, Any] = msgspec.json.decode(
        await board.judges.call("feedback", board.known(sent.problem_id), answer)
    )
    return told


@routes.post("/score", summary="Judge a batch, store nothing", responses=SCORED | JUDGING, openapi_extra=SCORING)
async def score(request: Request) -> Response:
    judges = _board(request).judges
    items = decoded(await request.body(), CUT_BODY).items
    size = max(SHARE_ITEMS, math.ceil(len(items) / judges.count))
    shares = {first: b"[" + b",".join(items[first : first + size]) + b"]" for first in range(0, len(items), size)}
    parts = await asyncio.gather(*(judges.call("score", first, share) for first, share in shares.items()))
    return Response(b'{"verdicts":[' + b",".join(parts) + b"]}", media_type=JSON_TYPE)


@routes.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    return HTMLResponse(_page(request.app.openapi()))


def _require_honest(sent: Revision) -> None:
    if sent.website:
        raise RefusedError(400, "website: expected to be empty")


def _verbatim(body: bytes) -> str:
    """The answer in the client's own spelling; what was parsed and printed again would hide its faults."""
    sent = decoded(body, SENT_ANSWER)
    raw = bytes(sent.canvas) or bytes(sent.answer)
    try:
        return decoded(raw, TEXT) if raw.startswith(b'"') else raw.decode()
    except UnicodeDecodeError:
        raise RefusedError(400, "the body is not UTF-8") from None


def _page(document: Mapping[str, Any]) -> str:
    """The OpenAPI document as a page that needs no network: no script of anyone's runs beside the judge."""
    title = html.escape(f"{document['info']['title']} {document['info']['version']}")
    parts = [f'<h1>{title}</h1><p>For programs: <a href="/openapi.json">openapi.json</a></p>']
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            parts.append(f"<h2><code>{method.upper()} {html.escape(path)}</code></h2>")
            parts.append(f"<p>{html.escape(told['summary'])}</p>")
            parts.append(_folded("parameters, body and answers", told))
    parts.append("<h2>Types</h2>")
    parts.extend(_folded(name, schema) for name, schema in document["components"]["schemas"].items())
    style = "body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{overflow-x:auto}"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _folded(name: str, value: Json) -> str:
    text = html.escape(json.dumps(value, indent=2))
    return f"<details><summary>{html.escape(name)}</summary><pre>{text}</pre></details>"


# ---- what goes wrong -------------------------------------------------------------------------------------------------


async def on_error(request: Request, error: Exception) -> Response:
    refusal = _refusal(error, request.url.path)
    headers = dict(getattr(error, "headers", None) or {})
    return Response(refusal.body, refusal.status, headers, JSON_TYPE)


def _refusal(error: Exception, path: str) -> RefusedError:
    match error:
        case RefusedError():
            return error
        case RequestValidationError():
            faults = error.errors()
            not_json = any(fault["type"] == "json_invalid" for fault in faults)
            return RefusedError(400 if not_json else 422, "; ".join(_fault(fault, path) for fault in faults))
        case HTTPException():
            return RefusedError(error.status_code, error.detail)
    return RefusedError(500, "something broke in the server; its log says where")


def _fault(fault: Mapping[str, Any], path: str) -> str:
    if fault["type"] == "json_invalid":
        return f"the body is not JSON: {fault['ctx']['error']} at character {fault['loc'][-1]}"
    place = ".".join(map(str, fault["loc"][1:])) or "body"
    if fault["type"] == "extra_forbidden":
        return f"{place}: no such field; {nearest(place[:80], _fields(FORMS[path]))}"
    if fault["type"] == "missing":
        return f"{place}: missing"
    problem = fault["msg"].removeprefix("Value error, ")
    return f"{place}: {problem[0].lower()}{problem[1:]}, found {reprlib.repr(fault['input'])}"


def _fields(form: type[Sent]) -> list[str]:
    return [field.alias or name for name, field in form.model_fields.items()]
