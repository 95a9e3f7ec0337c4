"""Where work runs: inline or in processes. The same bytes everywhere.

A unit of work is a named function ("package.module:function", never a closure) called on one item. Results come in the
order of the items. Randomness, if any, is derived inside the function from the run's seed and the item's id. A failure
is re-raised here as a WorkerError with the item's id, whichever place it happened in.
"""

import importlib
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from rungwise.errors import InputError, JudgeUnavailable, RungwiseError, WorkerError, nearest

PLACES = ("inline", "processes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    id: str
    payload: Any


@dataclass(frozen=True, slots=True)
class _Failure:
    item_id: str
    cause: str
    kind: str  # "unavailable", "input" or "bug"


def named(function: str) -> Callable[..., Any]:
    """The function that "package.module:function" names."""
    module, _, attribute = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return found


def run(
    function: str, items: Sequence[Item], *, on: str = "inline", workers: int = 2, chunk: int = 16
) -> Iterator[Any]:
    """function(item.payload) for each item, in order."""
    if on not in PLACES:
        raise InputError(f"no place {on!r} to run on; {nearest(on, PLACES)}", field="on")
    results = _inline(function, items) if on == "inline" else _processes(function, items, workers, chunk)
    for result in results:
        if isinstance(result, _Failure):
            raise _raised(result)
        yield result


def _raised(failure: _Failure) -> RungwiseError:
    where = f"item {failure.item_id}"
    if failure.kind == "unavailable":
        return JudgeUnavailable(f"{where}: {failure.cause}")
    return (
        InputError(failure.cause, field=where)
        if failure.kind == "input"
        else WorkerError(failure.item_id, failure.cause)
    )


def _inline(function: str, items: Iterable[Item]) -> Iterator[Any]:
    call = named(function)
    return (_guarded(call, item) for item in items)


def _processes(function: str, items: Sequence[Item], workers: int, chunk: int) -> Iterator[Any]:
    chunks = [items[i : i + chunk] for i in range(0, len(items), chunk)]
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
    pending = [pool.submit(_run_chunk, function, part) for part in chunks]
    try:
        for part, future in zip(chunks, pending, strict=True):
            yield from _results(part, future.result)
    finally:  # not by `with`, whose own shutdown would wait for all that is pending, not only for what runs
        for future in pending:
            future.cancel()
        pool.shutdown()  # waited for: an interpreter that ends while a pool goes may meet its closed pipe


def _results(part: Sequence[Item], result: Callable[[], list[Any]]) -> list[Any]:
    try:
        return result()
    except BrokenProcessPool:
        return [
            _Failure(part[0].id, f"a worker died on this item or one of the {len(part) - 1} after it", "unavailable")
        ]


def _run_chunk(function: str, items: Sequence[Item]) -> list[Any]:
    call = named(function)
    return [_guarded(call, item) for item in items]


def _guarded(call: Callable[..., Any], item: Item) -> Any:
    try:
        return call(item.payload)
    except JudgeUnavailable as error:
        return _Failure(item.id, str(error), "unavailable")
    except InputError as error:
        return _Failure(item.id, str(error), "input")
    except (Exception, SystemExit) as error:
        return _Failure(item.id, f"{type(error).__name__}: {error}", "bug")
