"""What the score server promises to its clients, for any contract. Where processes matter, the server is a real one."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.testclient import TestClient

from rungwise.contract import Task, Verdict, load_contract
from rungwise.errors import InputError, JudgeUnavailable
from rungwise.serve.limits import Limits, Rate
from rungwise.serve.score import make_app, serve

HERE = Path(__file__).with_name("serve_contract.py")
WORDS = f"{HERE}:words"
TELLING = f"{HERE}:telling"
PROBLEMS: Sequence[Task] = load_contract(WORDS).tasks("test", 3, seed=7)
TASK = PROBLEMS[0]
WORD: str = TASK.facts["word"]
HOSTILE = "<script>alert(1)</script>\u2028\"'&"


@contextlib.contextmanager
def asked(spec: str = WORDS, **options: Any) -> Iterator[TestClient]:
    """A client of the application itself; it judges in a thread."""
    app = make_app(spec, {}, PROBLEMS, workers=0, **options)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with asked() as client:
        yield client


def submission(answer: Any, **more: Any) -> dict[str, Any]:
    return {"problemId": TASK.id, "submitter": "community:ann", "canvas": answer, "website": "", **more}


def record(task: Task) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(task)
    return built


def refusal(answer: httpx.Response, status: int) -> str:
    """The one line of a refusal, after checking that it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    assert body["error"] and "\n" not in body["error"]
    line: str = body["error"]
    return line


def standing(client: httpx.Client, task: Task = TASK) -> dict[str, Any]:
    problems = client.get("/api/bench/problems").json()["problems"]
    found: dict[str, Any] = next(problem for problem in problems if problem["id"] == task.id)
    return found


# ---- the benchmark's routes ------------------------------------------------------------------------------------------


def test_health_names_the_judge() -> None:
    app = make_app(WORDS, {"surface": "plain"}, PROBLEMS, workers=0)
    with TestClient(app) as client:
        answer = client.get("/health").json()
    assert answer == {"status": "ok", "contract": "words", "version": "1", "identity": "words@1[surface=plain]"}


def test_problems_are_listed_in_order_and_untried() -> None:
    with asked() as client:
        listed = client.get("/api/bench/problems").json()["problems"]
    title = "The word of plain people"
    assert listed == [{"id": task.id, "title": title, "topScore": 0, "runs": 0} for task in PROBLEMS]


def test_a_problem_shows_what_is_public_and_no_fact(client: TestClient) -> None:
    answer = client.get("/api/bench/problems", params={"id": TASK.id})
    problem = answer.json()["problem"]
    assert problem["prompt"] == TASK.prompt
    assert problem["title"] == "The word of plain people"
    assert problem["constraints"] == {"maxLetters": 20}
    assert set(problem) == {"id", "title", "prompt", "tier", "family", "constraints"}
    assert "ballast" not in answer.text


def test_an_unknown_problem_is_404_everywhere(client: TestClient) -> None:
    assert "'nobody'" in refusal(client.get("/api/bench/problems", params={"id": "nobody"}), 404)
    refusal(client.post("/api/bench/submit", json={**submission("x"), "problemId": "nobody"}), 404)
    line = refusal(client.post("/score", json={"items": [{"task_id": "nobody", "answer": "x"}]}), 404)
    assert line.startswith("items[0].task_id")
    refusal(client.get("/nowhere"), 404)


def test_submit_gives_the_score_and_keeps_only_the_best_and_the_count() -> None:
    with asked() as client:
        bad = client.post("/api/bench/submit", json=submission("no"))
        good = client.post("/api/bench/submit", json=submission(WORD, model="m", tokensTotal=9, v1Canvas={}, v1Score=1))
        client.post("/api/bench/submit", json=submission("no"))
        kept, other = standing(client), standing(client, PROBLEMS[1])
    assert bad.json() == {
        "compositeScore": 42,
        "passed": False,
        "submitter": "community:ann",
        "subscores": {"word": 42.5, "brevity": 33.3},
        "notes": ["you said no"],
    }
    assert (good.json()["compositeScore"], good.json()["passed"]) == (100, True)
    assert (kept["topScore"], kept["runs"]) == (100, 3)
    assert (other["topScore"], other["runs"]) == (0, 0)


@pytest.mark.parametrize("name", ["canvas", "answer"])
@pytest.mark.parametrize("form", [WORD, {"say": WORD}])
def test_an_answer_is_text_or_an_object_under_either_name(client: TestClient, name: str, form: Any) -> None:
    body = {"problemId": TASK.id, "submitter": "ann", name: form}
    assert client.post("/api/bench/submit", json=body).json()["passed"]


def test_the_judge_reads_an_object_as_it_was_spelled(client: TestClient) -> None:
    spelled = '{ "say":"no", "say" :  1.50e0,"\\u00e9":[ ] }'
    body = json.dumps(submission("@")).replace('"@"', spelled)
    answer = client.post("/api/bench/submit", content=body, headers={"content-type": "application/json"})
    assert answer.json()["notes"] == [f"you said {spelled}"]


def test_feedback_is_the_contracts_own() -> None:
    body = {"problemId": TASK.id, "canvas": {"say": WORD}, "website": ""}
    with asked(TELLING) as client:
        assert client.post("/api/bench/feedback", json=body).json() == {"v1Passed": True, "observations": ["listen"]}
        assert standing(client)["runs"] == 0


def test_feedback_of_a_contract_without_it_is_501(client: TestClient) -> None:
    refusal(client.post("/api/bench/feedback", json={"problemId": TASK.id, "canvas": {}}), 501)


@pytest.mark.parametrize("route", ["submit", "feedback"])
def test_a_filled_honeypot_is_400_and_counts_nothing(route: str) -> None:
    body = submission(WORD) if route == "submit" else {"problemId": TASK.id, "canvas": WORD}
    with asked(TELLING) as client:
        assert "website" in refusal(client.post(f"/api/bench/{route}", json={**body, "website": "http://x"}), 400)
        assert standing(client)["runs"] == 0


def test_hostile_text_comes_back_as_json_and_nothing_else() -> None:
    with asked() as client:
        answers = [
            client.post("/api/bench/submit", json=submission(HOSTILE, submitter=HOSTILE)),
            client.post("/api/bench/submit", json={HOSTILE: 1}),
            client.get("/api/bench/problems", params={"id": HOSTILE}),
            client.post("/score", json={"items": [{"task_id": HOSTILE, "answer": HOSTILE}]}),
        ]
    assert answers[0].json()["submitter"] == HOSTILE
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


# ---- bodies that are not what was asked for --------------------------------------------------------------------------

JSON_HEADERS = {"content-type": "application/json"}


@pytest.mark.parametrize("path", ["/api/bench/submit", "/api/bench/feedback", "/score"])
@pytest.mark.parametrize(
    "body", [b"{", b"nonsense", b'{"items": ' + b"[" * 200_000, b'{"items": [{"answer": "\xff"}]}']
)
def test_what_is_not_json_is_400(client: TestClient, path: str, body: bytes) -> None:
    refusal(client.post(path, content=body, headers=JSON_HEADERS), 400)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"canvas": 5}, "canvas: expected an object or a string, found 5"),
        ({"submitter": ""}, "submitter: "),
        ({"submitter": None}, "submitter: "),
        ({"submiter": "ann"}, "submiter: no such field; did you mean 'submitter'?"),
        ({"tokensTotal": "many"}, "tokensTotal: "),
        ({"v1Canvas": 3}, "v1Canvas: expected an object or a string"),
        ({"problemId": "x" * 300}, "problemId: "),
        ({"website": 0}, "website: "),
        ({"answer": "twice"}, "answer: "),
    ],
)
def test_a_wrong_field_is_422_and_named(client: TestClient, change: Mapping[str, Any], told: str) -> None:
    assert told in refusal(client.post("/api/bench/submit", json={**submission(WORD), **change}), 422)


def test_all_wrong_fields_are_told_at_once(client: TestClient) -> None:
    line = refusal(client.post("/api/bench/submit", json={"canvas": 5, "website": ""}), 422)
    assert all(told in line for told in ("problemId: missing", "submitter: missing", "canvas: "))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([], "body: expected `object`"),
        ({"item": []}, "unknown field `item`"),
        ({"items": 3}, "items: expected `array`"),
        ({"items": [{"task_id": TASK.id, "answer": "x"}] * 257}, "items: "),
        (
            {"items": [{"task_id": TASK.id, "answer": WORD}] * 9 + [{"task_id": TASK.id, "answer": 5}]},
            "items[9].answer",
        ),
        ({"items": [{"task_id": TASK.id, "anwser": WORD}]}, "items[0]: object contains unknown field `anwser`"),
        ({"items": [{"answer": WORD}]}, "items[0]: expected one of task and task_id"),
        ({"items": [{"answer": WORD, "task": record(TASK), "task_id": TASK.id}]}, "items[0]: expected one of"),
        ({"items": [{"answer": WORD, "task": {**record(TASK), "facts": 1}}]}, "items[0].task.facts"),
        ({"items": [{"answer": WORD, "task": {**record(TASK), "contract": "clue"}}]}, "items[0].task.contract"),
    ],
)
def test_a_wrong_batch_is_422_and_its_place_named(client: TestClient, body: Any, told: str) -> None:
    assert told in refusal(client.post("/score", json=body), 422)


@pytest.mark.parametrize(
    ("field", "sent", "status"),
    [
        ("submitter", b"\\ud800", 422),
        ("problemId", b"\\ud800", 422),
        ("\\ud800", b"x", 422),
        ("canvas", b"\\ud800", 400),
        ("canvas", b"\xed\xa0\x80", 400),
        ("submitter", b"\xff", 400),
    ],
)
def test_text_that_is_no_text_is_refused_and_breaks_nothing(
    client: TestClient, field: str, sent: bytes, status: int
) -> None:
    body = json.dumps({**submission("x"), field.replace("\\ud800", "\ud800"): "@"}).encode().replace(b"@", sent)
    refusal(client.post("/api/bench/submit", content=body, headers=JSON_HEADERS), status)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_a_web_page_could_send_unasked_is_415(client: TestClient, kind: str) -> None:
    body = json.dumps({"items": [{"task_id": TASK.id, "answer": WORD}]})
    refusal(client.post("/score", content=body, headers={"content-type": kind}), 415)


def test_a_body_over_its_routes_limit_is_413() -> None:
    with asked(limits=Limits(body_bytes=2_000, score_bytes=20_000)) as client:
        refusal(client.post("/api/bench/submit", json=submission("x" * 2_000)), 413)
        assert client.post("/score", json={"items": [{"task_id": TASK.id, "answer": "x" * 2_000}]}).is_success
        refusal(client.post("/score", json={"items": [{"task_id": TASK.id, "answer": "x" * 20_000}]}), 413)


# ---- who may ask -----------------------------------------------------------------------------------------------------


def test_a_token_is_asked_for_and_only_that_one_opens() -> None:
    with asked(token="sesame") as client:
        for header in (
            {},
            {"authorization": "Bearer wrong"},
            {"authorization": "Basic sesame"},
            {"authorization": "\xe9"},
        ):
            answer = client.get("/api/bench/problems", headers={k: v.encode("latin-1") for k, v in header.items()})
            refusal(answer, 401)
            assert answer.headers["www-authenticate"] == "Bearer"
        refusal(client.post("/score", json={"items": []}), 401)
        opened = {"authorization": "Bearer sesame"}
        assert client.get("/api/bench/problems", headers=opened).is_success
        assert client.post("/score", json={"items": []}, headers=opened).json() == {"verdicts": []}
        assert client.get("/health").is_success


def test_another_hosts_name_is_refused() -> None:
    with asked(hosts={"127.0.0.1", "localhost", "::1"}) as client:
        for host in ("127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000"):
            assert client.get("/health", headers={"host": host}).is_success
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost@evil.example", ""):
            refusal(client.get("/health", headers={"host": host}), 421)


def test_a_client_over_its_rate_is_429_and_told_when_to_come_back() -> None:
    with asked(limits=Limits(rate=0.1, burst=2)) as client:
        assert [client.get("/health").status_code for _ in range(2)] == [200, 200]
        answer = client.get("/health")
        assert "try again in" in refusal(answer, 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 10


def test_a_bucket_fills_again_and_each_client_has_its_own() -> None:
    rate = Rate(per_second=2.0, burst=3)
    assert [rate.wait("ann", 100.0) for _ in range(3)] == [0, 0, 0]
    assert rate.wait("ann", 100.0) == pytest.approx(0.5)
    assert rate.wait("bob", 100.0) == 0
    assert rate.wait("ann", 100.6) == 0
    assert rate.wait("ann", 100.6) > 0
    assert [rate.wait("ann", 200.0) for _ in range(4)][3] > 0


def test_the_number_of_clients_that_a_rate_remembers_is_bounded() -> None:
    rate = Rate(per_second=1.0, burst=1)
    for i in range(30_000):
        rate.wait(f"10.{i}", float(i) / 1e6)
    assert len(rate.full_at) <= 10_000


def test_no_header_lets_other_pages_in(client: TestClient) -> None:
    asked_leave = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = client.options("/score", headers=asked_leave)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])
def test_an_open_host_without_a_token_is_refused_in_one_line(host: str) -> None:
    with pytest.raises(InputError, match="give a token"):
        serve(WORDS, {}, problems=PROBLEMS, host=host)


@pytest.mark.parametrize("token", ["", "two words", "caf\xe9"])
def test_a_token_that_no_header_could_carry_is_refused(token: str) -> None:
    with pytest.raises(InputError, match="token"):
        serve(WORDS, {}, problems=PROBLEMS, token=token)


def test_a_taken_port_is_refused_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen"):
        serve(WORDS, {}, problems=PROBLEMS, port=taken.getsockname()[1])


def test_a_contract_that_loads_in_no_worker_is_told_at_the_start() -> None:
    with pytest.raises(JudgeUnavailable, match="no worker could be started"):
        serve(f"{HERE}:homebound", {}, problems=PROBLEMS, port=0)


@pytest.mark.parametrize(
    ("problems", "told"), [([TASK, TASK], "same id"), ([replace(TASK, contract="clue")], "a problem of 'clue'")]
)
def test_problems_that_cannot_be_served_are_refused(problems: Sequence[Task], told: str) -> None:
    with pytest.raises(InputError, match=told):
        make_app(WORDS, {}, problems)


# ---- /score ----------------------------------------------------------------------------------------------------------


def test_verdicts_come_in_the_order_of_the_items_and_nothing_is_stored(client: TestClient) -> None:
    before = client.get("/api/bench/problems").json()
    answers = [WORD if i % 3 == 0 else f"no {i}" for i in range(64)]
    by_id = {"items": [{"task_id": TASK.id, "answer": answer} for answer in answers]}
    in_full = {"items": [{"task": record(TASK), "answer": answer} for answer in answers]}
    verdicts = client.post("/score", json=by_id).json()["verdicts"]
    assert [verdict["passed"] for verdict in verdicts] == [i % 3 == 0 for i in range(64)]
    assert [verdict["notes"] for verdict in verdicts if not verdict["passed"]] == [
        [f"you said {answer}"] for answer in answers if answer != WORD
    ]
    assert client.post("/score", json=in_full).json()["verdicts"] == verdicts
    assert client.get("/api/bench/problems").json() == before


def test_a_verdict_over_http_is_the_judges_own(client: TestClient) -> None:
    reply = client.post("/score", json={"items": [{"task_id": TASK.id, "answer": "no"}]})
    odd = client.post("/score", json={"items": [{"task_id": TASK.id, "answer": "read-only"}]}).json()["verdicts"][0]
    assert (odd["score"], odd["parts"]) == (0.5, {"word": 0.25})
    assert msgspec.json.decode(reply.content, type=dict[str, list[Verdict]]) == {
        "verdicts": [load_contract(WORDS).judge(TASK, "no")]
    }


@pytest.mark.parametrize(
    ("answer", "status"), [("unavailable", 503), ("raise", 500), ("exit", 500), ("nan", 500), ("nan part", 500)]
)
def test_a_judge_that_breaks_its_promises_gives_no_score(answer: str, status: int) -> None:
    batch = {"items": [{"task_id": TASK.id, "answer": text} for text in (WORD, answer)]}
    with asked() as client:
        refusal(client.post("/score", json=batch), status)
        refusal(client.post("/api/bench/submit", json=submission(answer)), status)
        assert standing(client)["runs"] == 0
        assert client.post("/api/bench/submit", json=submission(WORD)).json()["passed"]


# ---- the description -------------------------------------------------------------------------------------------------


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_the_openapi_document_names_every_route_and_resolves(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {(path, method) for path, told in document["paths"].items() for method in told} == {
        ("/health", "get"),
        ("/api/bench/problems", "get"),
        ("/api/bench/submit", "post"),
        ("/api/bench/feedback", "post"),
        ("/score", "post"),
    }
    for reference in references(document):
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
    ids = [told["operationId"] for methods in document["paths"].values() for told in methods.values()]
    assert len(set(ids)) == len(ids)


def test_the_openapi_document_describes_the_hot_route_in_full(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    told, schemas = document["paths"]["/score"]["post"], document["components"]["schemas"]
    sent = schemas[told["requestBody"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
    given = schemas[told["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]]
    assert sent["properties"]["items"]["maxItems"] == 256
    assert set(schemas["Item"]["properties"]) == {"answer", "task", "task_id"}
    assert set(schemas["Task"]["required"]) == {"id", "contract", "split", "tier", "family", "prompt", "facts"}
    assert given["properties"]["verdicts"]["items"] == {"$ref": "#/components/schemas/Verdict"}
    assert {"400", "413", "422", "429", "503"} <= set(told["responses"])


def test_the_docs_page_runs_nothing_and_loads_nothing(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "POST /score" in page.text
    assert not re.search(r"<script|src=|https?://", page.text)


# ---- a real server ---------------------------------------------------------------------------------------------------

SCRIPT = """
import json, sys
from rungwise.contract import load_contract
from rungwise.serve.limits import Limits
from rungwise.serve.score import serve
spec, limits, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
problems = load_contract(spec).tasks("test", 3, seed=7)
serve(spec, {}, problems=problems, port=0, limits=Limits(**limits), **options)
print("stopped")
"""


@contextlib.contextmanager
def served(limits: Mapping[str, Any], **options: Any) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    command = [sys.executable, "-c", SCRIPT, WORDS, json.dumps(dict(limits)), json.dumps(options)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"is at (http://\S+) \(docs at (http://\S+)/docs\)$", line)
            assert found and found[1] == found[2], line
            with httpx.Client(base_url=found[1], timeout=20) as client:
                yield client, process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[httpx.Client]:
    with served({"judge_seconds": 0.8, "body_seconds": 1.0, "body_bytes": 100_000}, workers=2) as (client, _):
        yield client


def passes(client: httpx.Client, answer: str = WORD) -> bool:
    """Judged, whatever worker is being replaced meanwhile."""
    passed: bool = client.post("/api/bench/submit", json=submission(answer)).json()["passed"]
    return passed


def gone(pid: int, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                time.sleep(0.05)
                continue
        return True
    return False


@pytest.mark.parametrize(("answer", "told"), [("hang", "longer than 0.8 s"), ("die", "died")])
def test_a_worker_that_hangs_or_dies_is_503_and_replaced(server: httpx.Client, answer: str, told: str) -> None:
    for _ in range(3):  # more often than there are workers
        reply = server.post("/score", json={"items": [{"task_id": TASK.id, "answer": answer}]})
        assert told in refusal(reply, 503)
        assert int(reply.headers["retry-after"]) >= 1
    assert passes(server)


def test_a_worker_that_dies_takes_no_other_request_with_it(server: httpx.Client) -> None:
    with ThreadPoolExecutor(2) as pool:
        dying = pool.submit(server.post, "/api/bench/submit", json=submission("die"))
        living = [pool.submit(passes, server) for _ in range(5)]
        assert all(one.result() for one in living)
        refusal(dying.result(), 503)


def test_a_judge_that_leaves_does_not_end_the_server(server: httpx.Client) -> None:
    refusal(server.post("/api/bench/submit", json=submission("exit")), 500)
    assert server.get("/health").json()["status"] == "ok"
    assert passes(server)


def test_a_batch_is_shared_among_workers_and_comes_back_in_order(server: httpx.Client) -> None:
    answers = [WORD if i % 5 == 0 else f"no {i}" for i in range(256)]
    reply = server.post("/score", json={"items": [{"task_id": TASK.id, "answer": answer} for answer in answers]})
    notes = [verdict["notes"] for verdict in reply.json()["verdicts"]]
    assert notes == [[] if answer == WORD else [f"you said {answer}"] for answer in answers]
    for wrong, status in (({"task_id": TASK.id}, 422), ({"task_id": "nobody", "answer": ""}, 404)):
        batch = {"items": [{"task_id": TASK.id, "answer": WORD}] * 200 + [wrong]}
        assert "items[200]" in refusal(server.post("/score", json=batch), status)


def test_a_batch_does_not_wait_for_the_network_to_make_up_its_mind(server: httpx.Client) -> None:
    """Nagle's algorithm and delayed acknowledgements together cost 40 ms a batch where they are left on."""
    batch = {"items": [{"task_id": TASK.id, "answer": WORD}] * 64}
    assert min(server.post("/score", json=batch).elapsed.total_seconds() for _ in range(20)) < 0.035


def test_a_chunked_body_cannot_pass_the_limit(server: httpx.Client) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    refusal(server.post("/api/bench/submit", content=chunks(), headers=JSON_HEADERS), 413)
    refusal(server.post("/api/bench/submit", content=b" " * 3_000_000, headers=JSON_HEADERS), 413)
    assert passes(server)


def test_a_body_that_does_not_arrive_is_408(server: httpx.Client) -> None:
    host, port = server.base_url.host, server.base_url.port
    with socket.create_connection((host, port or 80), timeout=10) as line:
        head = f"POST /score HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
        line.sendall(head.encode() + b'{"items"')
        assert b" 408 " in line.recv(4096).partition(b"\r\n")[0] + b" "


def test_another_hosts_name_is_refused_on_loopback_by_default(server: httpx.Client) -> None:
    refusal(server.get("/health", headers={"host": "rebound.example"}), 421)


def test_more_requests_than_may_wait_are_turned_away(tmp_path: Path) -> None:
    with served({"in_flight": 1}, workers=1) as (client, _), ThreadPoolExecutor(1) as pool:
        slow = pool.submit(passes, client, f"mark:{tmp_path / 'begun'}")
        await_file(tmp_path / "begun")
        reply = client.post("/api/bench/submit", json=submission(WORD))
        refusal(reply, 503)
        assert reply.headers["retry-after"] == "1"
        assert client.get("/health").is_success
        assert slow.result() is False
        assert passes(client)


def await_file(path: Path) -> int:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if path.exists() and (text := path.read_text()):
            return int(text)
        time.sleep(0.01)
    raise AssertionError(f"{path} was never written")


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_what_is_in_flight_and_leaves_no_worker(stop: signal.Signals, tmp_path: Path) -> None:
    with served({}, workers=1) as (client, process), ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.post, "/api/bench/submit", json=submission(f"mark:{tmp_path / 'begun'}"))
        worker = await_file(tmp_path / "begun")
        process.send_signal(stop)
        assert slow.result().json()["compositeScore"] == 42
        assert process.stdout is not None
        assert process.stdout.read() == "stopped\n"
        assert process.wait(10) == 0
        assert gone(worker)


def test_a_server_that_is_asked_twice_to_stop_does_not_wait_for_a_judge_that_hangs() -> None:
    with served({"judge_seconds": 600}, workers=1) as (client, process), ThreadPoolExecutor(1) as pool:
        hung = pool.submit(client.post, "/api/bench/submit", json=submission("hang"))
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        refusal(hung.result(), 503)
        assert process.wait(10) == 0


def test_a_killed_server_leaves_no_worker(tmp_path: Path) -> None:
    with served({}, workers=1) as (client, process), ThreadPoolExecutor(1) as pool:
        slow = pool.submit(client.post, "/api/bench/submit", json=submission(f"mark:{tmp_path / 'begun'}"))
        worker = await_file(tmp_path / "begun")
        process.kill()
        assert gone(worker)
        with pytest.raises(httpx.HTTPError):
            slow.result()
