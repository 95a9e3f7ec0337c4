"""Policies behind a server, against a real one in a thread that does whatever a test has it do."""

import gzip
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("httpx")

from rungwise.contract import Task
from rungwise.errors import InputError, RungwiseError
from rungwise.policy import posting
from rungwise.policy.endpoint import EndpointWriter
from rungwise.policy.policy import Decode
from rungwise.policy.writer import Written

GREEDY = Decode(temperature=0.0, max_new_tokens=32)
SAMPLED = Decode(temperature=0.7, top_p=0.9, max_new_tokens=32)
SECRET = "sk-open-sesame"


@dataclass(frozen=True, kw_only=True)
class Said:
    """One reply of the server."""

    content: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    after: float = 0.0  # seconds
    slowly: float = 0.0  # seconds between two bytes
    dropped: bool = False  # the connection ends in the midst of it


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.content)
        return found

    @property
    def text(self) -> str:
        return str(self.body["messages"][0]["content"])


class Server:
    """What it was asked, and how many requests it had at a time."""

    def __init__(self, says: Callable[[Asked], Said]) -> None:
        self.says, self.asked, self.at_once, self.most_at_once = says, list[Asked](), 0, 0
        self._lock, server = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                server.reply(self, Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, content))

            def log_message(self, *_: object) -> None:
                return

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """Clients that leave are no news here."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def reply(self, to: BaseHTTPRequestHandler, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            said = self.says(asked)
            time.sleep(said.after)
        finally:
            with self._lock:
                self.at_once -= 1
        to.send_response(said.status)
        for name, value in said.headers.items():
            to.send_header(name, value)
        to.send_header("content-length", str(len(said.content) + said.dropped))
        to.end_headers()
        for part in [said.content[i : i + 1] for i in range(len(said.content))] if said.slowly else [said.content]:
            to.wfile.write(part)
            to.wfile.flush()
            time.sleep(said.slowly)
        to.close_connection = to.close_connection or said.dropped


@contextmanager
def serving(says: Callable[[Asked], Said]) -> Iterator[Server]:
    server = Server(says)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()


def chat(*texts: str | None, ended: str | None = "stop", **more: Any) -> Said:
    choices = [{"index": i, "message": {"content": text}, "finish_reason": ended} for i, text in enumerate(texts)]
    return Said(content=json.dumps({"choices": choices, **more}).encode())


def echo(asked: Asked) -> Said:
    return chat(f"to {asked.text}")


def in_turn(*replies: Said) -> Callable[[Asked], Said]:
    """One after the other; the last for all that come later."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def task(prompt: str) -> Task:
    return Task(id=f"id of {prompt}", contract="t", split="dev", tier="1", family="f", prompt=prompt, facts={})


def tasks(n: int) -> list[Task]:
    return [task(f"question {i}") for i in range(n)]


def writer(server: Server, **more: Any) -> EndpointWriter:
    return EndpointWriter(server.url, "m", **{"first_wait": 0.01, "timeout": 5.0, "attempts": 3, **more})


def refused(call: Callable[[], object], kind: type[RungwiseError] = RungwiseError) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert "\n" not in str(caught.value) and str(caught.value).isprintable() and len(str(caught.value)) < 600
    return str(caught.value)


# ---- what is asked ----


def test_every_answer_is_a_request_that_says_how_it_is_to_be_drawn() -> None:
    with serving(echo) as server:
        (group,) = writer(server).write([task("hello")], 3, SAMPLED, seed=4)
        assert [written.text for written in group] == ["to hello"] * 3
        assert {asked.path for asked in server.asked} == {"/v1/chat/completions"}
        bodies = [asked.body for asked in server.asked]
    assert len({body.pop("seed") for body in bodies}) == 3
    assert bodies == [
        {"model": "m", "messages": [{"role": "user", "content": "hello"}], "temperature": 0.7, "top_p": 0.9,
         "max_tokens": 32}
    ] * 3  # fmt: skip


def test_the_seed_of_an_answer_depends_on_nothing_beside_it() -> None:
    def seeds(tasks: list[Task], k: int, seed: int) -> dict[str, set[int]]:
        with serving(echo) as server:
            list(writer(server).write(tasks, k, SAMPLED, seed))
            found: dict[str, set[int]] = {}
            for asked in server.asked:
                found.setdefault(asked.text, set()).add(asked.body["seed"])
            return found

    whole, alone, other = seeds(tasks(3), 4, 1), seeds(tasks(3)[1:2], 2, 1), seeds(tasks(3), 4, 2)
    assert alone["question 1"] < whole["question 1"]
    every = [seed for found in (whole, other) for each in found.values() for seed in each]
    assert len(set(every)) == 24 and all(0 <= seed < 2**31 for seed in every)


def test_a_plain_completion_is_asked_for_as_local_policies_read_a_prompt() -> None:
    def says(asked: Asked) -> Said:
        return Said(
            content=json.dumps({"choices": [{"text": asked.body["prompt"], "finish_reason": "length"}]}).encode()
        )

    with serving(says) as server:
        found = list(writer(server, chat=False, seeded=False).write([task("a"), task("b\n")], 1, GREEDY, 0))
        assert [[one.text for one in group] for group in found] == [["a\n"], ["b\n"]]
        assert all(one.ended == "length" for group in found for one in group)
        assert {asked.path for asked in server.asked} == {"/v1/completions"}
        assert not any({"seed", "messages", "n"} & set(asked.body) for asked in server.asked)


@pytest.mark.parametrize("most", [1, 2, 8])
def test_a_group_in_one_request_is_filled_up_where_the_server_gives_fewer(most: int) -> None:
    with serving(lambda asked: chat(*["x"] * min(most, asked.body.get("n", 1)))) as server:
        found = list(writer(server, together=True).write(tasks(2), 5, SAMPLED, 0))
        assert [len(group) for group in found] == [5, 5]
        assert len(server.asked) == 2 * -(-5 // most)
        assert len({asked.body["seed"] for asked in server.asked}) == len(server.asked)


def test_what_is_left_to_the_context_is_left_to_the_server_or_said_by_the_writer() -> None:
    free = Decode(temperature=0.0, max_new_tokens=0)
    with serving(echo) as server:
        list(writer(server).write(tasks(1), 1, free, 0))
        list(writer(server, max_tokens=77, extra={"top_k": -1}).write(tasks(1), 1, free, 0))
        one, other = (asked.body for asked in server.asked)
        assert "max_tokens" not in one and (other["max_tokens"], other["top_k"]) == (77, -1)
        assert "max_tokens" in refused(lambda: list(writer(server, chat=False).write(tasks(1), 1, free, 0)), InputError)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://h:1", "http://h:1/v1"),
        ("http://h:1/", "http://h:1/v1"),
        ("https://h/api/v2/", "https://h/api/v2"),
        ("http://[::1]:8000/v1/chat/completions", "http://[::1]:8000/v1"),
        ("http://h/v1/completions", "http://h/v1"),
    ],
)
def test_where_the_server_is_may_be_said_in_the_usual_ways(url: str, base: str) -> None:
    assert EndpointWriter(url, "m").describe()["url"] == base


# ---- what comes back ----


def test_answers_come_in_the_order_of_the_tasks_and_no_more_are_asked_for_at_once_than_allowed() -> None:
    def says(asked: Asked) -> Said:
        last = int(asked.text.split()[1])
        return Said(content=echo(asked).content, after=0.24 - 0.02 * last)

    with serving(says) as server:
        began = time.perf_counter()
        found = list(writer(server, at_once=3).write(tasks(12), 1, GREEDY, 0))
        assert [group[0].text for group in found] == [f"to question {i}" for i in range(12)]
        assert server.most_at_once == 3
        assert time.perf_counter() - began < 1.4  # one after the other: 1.56


@pytest.mark.parametrize("usage", [None, {"completion_tokens": 7}])
@pytest.mark.parametrize(("said", "ended"), [("stop", "stop"), ("length", "length"), ("eos", "stop")])
def test_an_answer_is_its_text_why_it_ended_and_its_tokens(usage: dict[str, int] | None, said: str, ended: str) -> None:
    with serving(lambda _: chat("", ended=said, usage=usage, unknown=[{}])) as server:
        ((written,),) = writer(server).write(tasks(1), 1, GREEDY, 0)
    assert written == Written(text="", ended=ended, tokens=7 if usage else 0, logprob=None)


def test_tokens_that_were_counted_over_several_answers_are_known_of_none() -> None:
    with serving(lambda _: chat("a", "b", usage={"completion_tokens": 9})) as server:
        (group,) = writer(server, together=True).write(tasks(1), 2, SAMPLED, 0)
    assert [(one.text, one.tokens) for one in group] == [("a", 0), ("b", 0)]


def test_who_thought_to_the_end_has_answered_nothing() -> None:
    message = {"content": None, "reasoning_content": "hm"}
    content = json.dumps({"choices": [{"message": message, "finish_reason": "length"}]}).encode()
    with serving(lambda _: Said(content=content)) as server:
        ((written,),) = writer(server).write(tasks(1), 1, GREEDY, 0)
    assert (written.text, written.ended) == ("", "length")


def test_every_text_survives_both_ways() -> None:
    @given(st.text(max_size=40), st.text(max_size=40))
    @settings(max_examples=40, deadline=None)
    def survives(prompt: str, answer: str) -> None:
        server.says = lambda asked: chat(answer if asked.text == prompt else "other")
        ((written,),) = writer(server).write([task(prompt)], 1, GREEDY, 0)
        assert written.text == answer

    with serving(echo) as server:
        survives()


def test_no_task_asks_for_nothing() -> None:
    with serving(echo) as server:
        assert list(writer(server).write([], 4, SAMPLED, 0)) == [] and not server.asked


# ---- what is tried again ----

WELL = chat("well")
MENDED = {
    "500": Said(status=500, content=b"oh"),
    "503 as a page": Said(status=503, content=b"<html>", headers={"content-type": "text/html"}),
    "502 compressed": Said(status=502, content=gzip.compress(b"x"), headers={"content-encoding": "gzip"}),
    "429": Said(status=429, content=b'{"error": {"message": "slow down"}}'),
    "408": Said(status=408),
    "cut off": Said(content=WELL.content, dropped=True),
    "late": Said(content=WELL.content, after=0.8),
    "a byte at a time": Said(content=WELL.content, slowly=0.05),
}


def patience(failure: str) -> float:
    """Short only where it is what runs out: a busy machine must not be taken for a slow server."""
    return 0.4 if failure in ("late", "a byte at a time") else 10.0


@pytest.mark.parametrize("failure", MENDED)
def test_a_failure_that_passes_is_tried_again_with_the_same_request(failure: str) -> None:
    with serving(in_turn(MENDED[failure], WELL)) as server:
        ((written,),) = writer(server, timeout=patience(failure)).write(tasks(1), 1, SAMPLED, 0)
        assert written.text == "well"
        assert len(server.asked) == 2 and server.asked[0].content == server.asked[1].content


@pytest.mark.parametrize("failure", MENDED)
def test_a_failure_that_stays_stops_the_writing_in_a_line(failure: str) -> None:
    bad = MENDED[failure]
    with serving(lambda asked: bad if asked.text == "question 1" else WELL) as server:
        got: list[list[Written]] = []
        told = refused(lambda: got.extend(writer(server, timeout=patience(failure)).write(tasks(2), 1, GREEDY, 0)))
        assert "3 times" in told and server.url in told
        assert [asked.text for asked in server.asked].count("question 1") == 3


def test_a_server_that_is_not_there_is_told_in_a_line() -> None:
    with serving(echo) as server:
        pass
    assert "refused" in refused(lambda: list(writer(server).write(tasks(2), 1, GREEDY, 0)))


def test_the_server_says_how_long_to_wait() -> None:
    busy = Said(status=429, headers={"retry-after": "1"})
    with serving(in_turn(busy, WELL)) as server:
        began = time.perf_counter()
        list(writer(server).write(tasks(1), 1, GREEDY, 0))
        assert 1.0 <= time.perf_counter() - began < 5.0


@pytest.mark.parametrize("after", ["999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_but_not_for_ever(after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "LONGEST_WAIT", 0.2)
    with serving(in_turn(Said(status=503, headers={"retry-after": after}), WELL)) as server:
        began = time.perf_counter()
        list(writer(server).write(tasks(1), 1, GREEDY, 0))
        assert 0.2 <= time.perf_counter() - began < 5.0


@given(st.text(max_size=40) | st.from_regex(r"[0-9A-Za-z:, .+-]{1,40}", fullmatch=True))
def test_no_wait_is_negative_or_no_number(after: str) -> None:
    assert 0.0 <= posting._seconds(after) < float("inf")


# ---- what is final ----


def of(record: object) -> Said:
    return Said(content=json.dumps(record).encode())


FINAL = {
    "no JSON": (Said(content=b"{'choices'"), "cannot be read"),
    "no UTF-8": (Said(content=b'{"choices": [{"text": "\xff"}]}'), "cannot be read"),
    "deep": (Said(content=b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "cannot be read"),
    "nothing": (Said(content=b""), "cannot be read.*nothing said"),
    "no choices": (of({"error": {"message": "out of memory"}}), "choices.*out of memory"),
    "choices of another kind": (of({"choices": {"a": 1}}), "cannot be read"),
    "empty choices": (of({"choices": []}), "0 answers to a request for 1"),
    "too many choices": (chat("a", "b"), "2 answers to a request for 1"),
    "no message": (of({"choices": [{"finish_reason": "stop"}]}), "without text"),
    "no text": (chat(None), "without text"),
    "text in parts": (of({"choices": [{"message": {"content": [{"text": "a"}]}}]}), "cannot be read"),
    "not ended": (chat("a", ended=None), "finish_reason None"),
    "filtered": (chat("a", ended="content_filter"), "finish_reason 'content_filter'"),
    "fewer than no tokens": (chat("a", usage={"completion_tokens": -1}), "cannot be read"),
    "10 MB": (chat("a" * 10_000_000), "more than 8 MB"),
    "a page": (Said(content=WELL.content, headers={"content-type": "text/html"}), "type text/html"),
    "compressed": (Said(content=gzip.compress(WELL.content), headers={"content-encoding": "gzip"}), "compressed"),
    "400": (Said(status=400, content=b'{"error": {"message": "context of 64 tokens"}}'), "400: context of 64 tokens"),
    "401": (Said(status=401, content=b'{"detail": "who?"}'), "401: who.; no key was sent"),
    "404": (Said(status=404, content=b'{"error": "no model m"}'), "404: no model m"),
    "redirect": (Said(status=307, headers={"location": "http://127.0.0.1:1/"}), "307"),
}  # fmt: skip


@pytest.mark.parametrize("failure", FINAL)
def test_a_reply_that_is_no_answer_stops_the_writing_at_once(failure: str) -> None:
    said, expected = FINAL[failure]
    with serving(lambda _: said) as server:
        with pytest.raises(RungwiseError, match=expected):
            list(writer(server).write(tasks(1), 1, GREEDY, 0))
        assert len(server.asked) == 1


def test_what_a_server_says_commands_no_terminal() -> None:
    hostile = "\x1b[2J\r\n\u202eEVIL\x07" + "x" * 5000
    for said in (Said(status=400, content=hostile.encode()), chat("a", ended=hostile), chat("a", model=hostile)):
        with serving(lambda _, said=said: said) as server:
            made = writer(server)
            if said.status == 400 or "model" not in json.loads(said.content):
                assert "EVIL" in refused(lambda made=made: list(made.write(tasks(1), 1, GREEDY, 0)))
            else:
                list(made.write(tasks(1), 1, GREEDY, 0))
                (served,) = made.describe()["served"]
                assert served.isprintable() and len(served) <= 200


def test_one_failure_ends_what_the_others_wait_for() -> None:
    def says(asked: Asked) -> Said:
        return Said(status=400) if asked.text == "question 1" else Said(content=echo(asked).content, after=3.0)

    with serving(says) as server:
        began = time.perf_counter()
        refused(lambda: list(writer(server, at_once=2).write(tasks(50), 1, GREEDY, 0)))
        assert time.perf_counter() - began < 1.5 and len(server.asked) <= 3


def test_who_takes_no_more_answers_waits_for_no_request() -> None:
    def says(asked: Asked) -> Said:
        return Said(content=echo(asked).content, after=0.0 if asked.text == "question 0" else 3.0)

    with serving(says) as server:
        began = time.perf_counter()
        answers = writer(server, at_once=2).write(tasks(50), 1, GREEDY, 0)
        assert next(answers)[0].text == "to question 0"
        answers.close()  # type: ignore[attr-defined]
        assert time.perf_counter() - began < 1.5 and len(server.asked) <= 3
        time.sleep(0.1)
        assert len(server.asked) <= 3


def test_who_takes_no_more_answers_leaves_nobody_waiting_for_another_attempt() -> None:
    with serving(lambda asked: WELL if asked.text == "question 0" else Said(status=503)) as server:
        before = set(threading.enumerate())  # other tests' threads may still be there
        answers = writer(server, at_once=3, first_wait=30.0).write(tasks(9), 1, GREEDY, 0)
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        until = time.monotonic() + 15.0  # a request cut off half-way lasts its 5 s; another attempt would come after 30
        while any(thread.name == posting.THREAD for thread in set(threading.enumerate()) - before):
            assert time.monotonic() < until
            time.sleep(0.01)


ASKING = """
import sys
from rungwise.contract import Task
from rungwise.policy.endpoint import EndpointWriter
from rungwise.policy.policy import Decode
task = Task(id="a", contract="t", split="dev", tier="1", family="f", prompt="a", facts={})
list(EndpointWriter(sys.argv[1], "m", timeout=60).write([task], 3, Decode(), 0))
"""


def test_an_interruption_waits_for_no_reply() -> None:
    with serving(lambda _: Said(content=WELL.content, after=20.0)) as server:
        with subprocess.Popen([sys.executable, "-c", ASKING, server.url], stderr=subprocess.PIPE) as process:
            until = time.monotonic() + 20.0
            while len(server.asked) < 3:
                assert time.monotonic() < until and process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            try:
                _, told = process.communicate(timeout=5)
            finally:
                process.kill()
        assert b"KeyboardInterrupt" in told


# ---- the key ----


def test_the_key_goes_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", f" {SECRET}\n")
    with serving(lambda _: chat("a", model=f"model of {SECRET}")) as server:
        made = writer(server, key_env="OUR_KEY")
        list(made.write(tasks(1), 1, GREEDY, 0))
        assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
        assert SECRET.encode() not in server.asked[0].content
        told = repr(made) + json.dumps(made.describe())
        assert SECRET not in told and "OUR_KEY" in told
        for status in (400, 401, 500):
            padding = b" " * 1590  # whatever is cut from the message, the key is not cut before it is found
            server.says = lambda _, status=status, padding=padding: Said(
                status=status, content=padding + f"wrong key {SECRET}".encode()
            )
            assert SECRET[:6] not in refused(lambda: list(made.write(tasks(1), 1, GREEDY, 0)))


@pytest.mark.parametrize("value", [None, "", "  ", f"{SECRET}\nmore", f"{SECRET} more", f"{SECRET}\u00e9"])
def test_a_key_that_cannot_be_one_is_told_without_it(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OUR_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("OUR_KEY", value)
    with serving(echo) as server:
        told = refused(lambda: list(writer(server, key_env="OUR_KEY").write(tasks(1), 1, GREEDY, 0)), InputError)
        assert "OUR_KEY" in told and "sk-" not in told and not server.asked


def test_a_key_does_not_follow_a_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUR_KEY", SECRET)
    with serving(echo) as other, serving(lambda _: Said(status=308, headers={"location": other.url})) as server:
        refused(lambda: list(writer(server, key_env="OUR_KEY").write(tasks(1), 1, GREEDY, 0)))
        assert not other.asked


# ---- what is refused ----


@pytest.mark.parametrize(
    ("decode", "field"),
    [(Decode(grammar=True), "grammar"), (Decode(top_k=5), "top_k"), (Decode(floor=-3.0), "floor")],
)
def test_what_the_interface_has_no_word_for_is_refused_before_anything_is_asked(decode: Decode, field: str) -> None:
    with serving(echo) as server:
        assert refused(lambda: list(writer(server).write(tasks(1), 1, decode, 0)), InputError).startswith(f"{field}: ")
        assert not server.asked


@pytest.mark.parametrize(
    "url",
    ["", "h:1", "ftp://h", "http://", "http://[::1", f"http://u:{SECRET}@h/v1", f"u:{SECRET}@h", f"http://h?k={SECRET}",
     "http://h/#a", "http://h h/", "http://h/\n", "http://é"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_a_secret(url: str) -> None:
    assert SECRET not in refused(lambda: EndpointWriter(url, "m"), InputError)


@pytest.mark.parametrize("url", ["http://a..b", "http://xn--a", "http://" + "a" * 70])
def test_a_host_that_cannot_be_is_told_in_a_line(url: str) -> None:
    made = EndpointWriter(url, "m", attempts=1)
    assert "no address" in refused(lambda: list(made.write(tasks(1), 1, GREEDY, 0)), InputError)


@pytest.mark.parametrize(
    "wrong", [{"at_once": 0}, {"attempts": 0}, {"timeout": 0}, {"timeout": float("inf")}, {"extra": {"temperature": 1}}]
)
def test_settings_that_cannot_be_are_told_by_name(wrong: dict[str, Any]) -> None:
    told = refused(lambda: EndpointWriter("http://h", "m", **wrong), InputError)
    assert told.startswith(next(iter(wrong)))


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALL_PROXY", f"socks9://u:{SECRET}@h"), ("ALL_PROXY", f"socks5://u:{SECRET}@h"), ("SSL_CERT_FILE", "/nowhere")],
)
def test_an_environment_that_cannot_be_used_is_told_in_a_line(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    told = refused(lambda: list(EndpointWriter("http://h", "m").write(tasks(1), 1, GREEDY, 0)), InputError)
    assert told.startswith("environment: ") and SECRET not in told
