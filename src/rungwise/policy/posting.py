"""JSON posted to a server that may be neither well nor well-meaning: tried again where that helps, else told in a line.

1. 408, 429, 5xx, time-outs and broken connections are tried again, the same request each time, after waits that double
   and are no shorter than the server asks for. Whatever else it says is final. There is no reply that stands for a
   failure.
2. The size of a reply and the time it takes are bounded, no compression is accepted, and only declared fields are read.
   What is quoted of it in a message is short and printable.
3. The key is read from an environment variable when a line is made, and blotted out of whatever is quoted. Redirects
   are not followed, so that it goes nowhere else.
4. Work on threads comes back in the order it was given in. An interruption waits for no request.
"""

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from rungwise.errors import InputError, RungwiseError

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 8 * 1024 * 1024  # of a reply
LONGEST_WAIT = 60.0  # seconds between two attempts, whatever a server asks for
TO_CONNECT = 20.0
THREAD = "rungwise-post"
QUOTED = 200  # characters of what a server said

Reply = TypeVar("Reply")
Item = TypeVar("Item")
Found = TypeVar("Found")
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeError)


class _Again(Exception):
    """A failure that another attempt may not have."""

    def __init__(self, told: str, after: float = 0.0) -> None:
        super().__init__(told)
        self.after = after  # seconds that the server asks for


class Line:
    """To one address of a server, for as long as it is open: any number of threads may post on it."""

    def __init__(
        self, url: str, key_env: str, *, at_once: int, attempts: int, first_wait: float, timeout: float
    ) -> None:  # fmt: skip
        self.url, self.stopped = url, threading.Event()
        self._httpx, self._key_env, self._key = _httpx(), key_env, _key(key_env)
        self._attempts, self._first_wait, self._timeout = attempts, first_wait, timeout
        self._client = self._opened(at_once)

    def _opened(self, at_once: int) -> "httpx.Client":
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        try:
            client: httpx.Client = self._httpx.Client(
                headers=headers | ({"authorization": f"Bearer {self._key}"} if self._key else {}),
                timeout=self._httpx.Timeout(self._timeout, connect=min(TO_CONNECT, self._timeout), pool=None),
                limits=self._httpx.Limits(max_connections=at_once),
            )
        except (ImportError, ValueError, OSError) as error:  # told without its words: a proxy's may hold a password
            told = f"a proxy or certificates that cannot be used ({type(error).__name__})"
            raise InputError(f"it names {told}", field="environment") from error
        return client

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._client.close()

    def post(self, body: object, kind: type[Reply]) -> Reply:
        content = self._replied(msgspec.json.encode(body))
        try:
            return msgspec.json.decode(content, type=kind)
        except UNREADABLE as error:
            raise self.fault(
                f"a reply that cannot be read ({self.quoted(str(error))}): {self._said(content)}"
            ) from error

    def fault(self, told: str) -> RungwiseError:
        return RungwiseError(f"{self.url}: {told}")

    def quoted(self, text: str) -> str:
        """One short line that no terminal obeys, without the key."""
        hidden = text.replace(self._key, "***") if self._key else text
        return "".join(c if c.isprintable() else "?" for c in " ".join(hidden.split())[:QUOTED])

    def _replied(self, body: bytes) -> bytes:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._once(body)
            except _Again as error:
                wait = min(LONGEST_WAIT, max(error.after, self._first_wait * 2.0 ** min(attempt - 1, 10)))
                if attempt == self._attempts or self.stopped.wait(wait):
                    raise self.fault(f"{error} (asked {attempt} times)") from error
        raise AssertionError("attempts must be at least 1")

    def _once(self, body: bytes) -> bytes:
        until = time.monotonic() + self._timeout
        try:
            with self._client.stream("POST", self.url, content=body) as response:
                content = self._content(response, until)
        except self._httpx.TimeoutException as error:
            raise _Again(f"no whole reply within {self._timeout:g} s") from error
        except self._httpx.TransportError as error:
            raise _Again(f"no reply: {self.quoted(str(error)) or type(error).__name__}") from error
        except (self._httpx.InvalidURL, UnicodeError, OverflowError) as error:
            raise InputError(f"{self.url} is no address of a server", field="url") from error
        self._require_well(response, content)
        return content

    def _content(self, response: "httpx.Response", until: float) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            if response.status_code == 200:
                raise self.fault("a compressed reply, and none was asked for")
            return b""
        content = bytearray()
        for part in response.iter_raw():
            content += part
            if len(content) > MOST_BYTES:
                raise self.fault(f"a reply of more than {MOST_BYTES // 2**20} MB")
            if time.monotonic() > until:
                raise self._httpx.ReadTimeout("it came too slowly")
        return bytes(content)

    def _require_well(self, response: "httpx.Response", content: bytes) -> None:
        status, kind = response.status_code, response.headers.get("content-type", "")
        told = f"status {status}: {self._said(content)}" if status != 200 else ""
        if status in (408, 429) or status >= 500:
            raise _Again(told, _seconds(response.headers.get("retry-after", "")))
        if status in (401, 403):
            named = f"the key was that of {self._key_env}" if self._key else "no key was sent"
            raise self.fault(f"{told}; {named}")
        if told:
            raise self.fault(told)
        if kind and "json" not in kind.lower():
            raise self.fault(f"a reply of type {self.quoted(kind)}; expected application/json")

    def _said(self, content: bytes) -> str:
        """A server's own words about a failure, in whichever of the usual places they stand."""
        try:
            found = msgspec.json.decode(content)
        except UNREADABLE:
            found = None
        for name in ("error", "message", "detail"):
            found = found.get(name, found) if isinstance(found, dict) else found
        return self.quoted(found if isinstance(found, str) else content.decode(errors="replace")) or "nothing said"


def _httpx() -> Any:
    try:
        return import_module("httpx")
    except ModuleNotFoundError as error:
        raise InputError("an endpoint needs httpx: pip install 'rungwise[endpoint]'") from error


def _key(name: str) -> str:
    """Whatever is wrong with it, its value stands in no message."""
    key = os.environ.get(name, "").strip() if name else ""
    if name and not re.fullmatch(r"[!-~]+", key):
        found = "holds other characters" if key else "is not set"
        raise InputError(f"{found}; expected a key of printable ASCII without spaces", field=f"environment {name}")
    return key


def _seconds(after: str) -> float:
    """Of a Retry-After header: a number or a date; 0 for anything else."""
    if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", after):
        return float(after)
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def in_order(
    items: Sequence[Item], work: Callable[[Item], Found], at_once: int, stopped: threading.Event
) -> Iterator[Found]:
    """What came of each item, in their order; the first failure is raised as soon as it is there. The threads are
    daemons and not a pool's, because a pool's are waited for when the program ends."""
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Found | None, BaseException | None]] = queue.SimpleQueue()

    def worker() -> None:
        while not stopped.is_set():
            try:
                at = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((at, work(items[at]), None))
            except BaseException as error:
                done.put((at, None, error))

    for at in range(len(items)):
        waiting.put(at)
    for _ in range(min(at_once, len(items))):
        threading.Thread(target=worker, name=THREAD, daemon=True).start()
    ready: dict[int, Any] = {}
    for following in range(len(items)):
        while following not in ready:
            at, found, error = done.get()
            if error is not None:
                raise error
            ready[at] = found
        yield ready.pop(following)
