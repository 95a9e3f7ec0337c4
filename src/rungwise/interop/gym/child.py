"""The process that owns reasoning-gym: it makes items and scores answers, one JSON line in, one out.

1. Some of its scorers evaluate what a policy wrote, some never come to an end, some hide every exception. So each
   request has so many seconds of processor time, after which the kernel ends the process, and `eval` and sympy's
   parser are replaced by ones that read numbers, names and brackets and call nothing of Python's.
2. The process that is asked is a fork of one that has the library loaded: where it ends, the next one is there at once.
3. Hash seed, global random state and time zone are always the same, so an item is a function of its seed.
4. An entry travels as a Python literal, so that scorers meet the tuples and number keys that generators wrote.
"""

import ast
import builtins
import inspect
import json
import os
import random
import re
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, TextIO

DONE = 77  # the fork's exit status where nobody asks any more
MEMORY = 8 << 30  # bytes of addresses; sympy and numpy alone take one
MOST_CHARS = 20_000  # of an answer; the longest right ones that were seen have 4,000
EXAMPLES = {  # where an entry has no answer, where its metadata keep one
    "graph_color": "possible_answer", "propositional_logic": "example_answer", "rubiks_cube": "example_correct_answer",
}  # fmt: skip
EXPRESSION = re.compile(r"[\w\s.,+\-*/^%()=!]*", re.ASCII)
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
CALLED = {name for name in vars(builtins) if name not in ("abs", "pow", "min", "max", "round")}

Entry = dict[str, Any]


class Refused(Exception):
    """An answer that is not given to the scorer."""


# ---- the library, made safe ----


def load() -> None:
    import sympy
    from sympy.parsing import sympy_parser

    sympy_parser.parse_expr = sympy.parse_expr = _guarded(sympy_parser.parse_expr)
    from reasoning_gym.factory import DATASETS  # behind the guard: its modules import the parser by name

    for kind, _ in DATASETS.values():
        if "eval(answer)" in inspect.getsource(kind):
            vars(sys.modules[kind.__module__])["eval"] = ast.literal_eval


def _guarded(parse: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(text: str, *given: Any, **named: Any) -> Any:
        if not EXPRESSION.fullmatch(text) or "__" in text or CALLED & set(NAME.findall(text)):
            raise Refused("not a plain expression")
        if re.search(r"\.\s*[A-Za-z_]", text):
            raise Refused("an attribute in an expression")
        return parse(text, *given, **named)

    return guarded


# ---- what can be asked ----


def names() -> list[str]:
    from reasoning_gym.factory import DATASETS

    return sorted(DATASETS)


def about(dataset: str) -> dict[str, Any]:
    """How many levels it has (0: no curriculum), its settings, and whether it scores in a way of its own."""
    from reasoning_gym.dataset import ProceduralDataset
    from reasoning_gym.factory import CURRICULA, DATASETS

    kind, config = DATASETS[dataset]
    attributes = CURRICULA[dataset]().attributes.values() if dataset in CURRICULA else ()
    return {
        "levels": max((len(one.levels) for one in attributes), default=0),
        "fields": [one.name for one in fields(config) if one.name not in ("seed", "size")],
        "own": kind.score_answer is not ProceduralDataset.score_answer,
    }


def make(dataset: str, level: int | None, config: str, seed: int, size: int, index: int) -> dict[str, Any]:
    """An item as it is given to a policy and to the scorer, and what the scorer gives to its own answer."""
    made = _dataset(dataset, level, config, seed, size)
    _settle(seed + index)
    entry = made[index]
    metadata = _plain(entry["metadata"])
    gold = _gold(dataset, entry["answer"], metadata)
    literal = repr({"answer": _plain(entry["answer"]), "metadata": metadata})
    if ast.literal_eval(literal)["metadata"] != metadata:
        raise ValueError("metadata that cannot be written down")
    told = {"question": entry["question"], "gold": gold, "entry": literal,
            "difficulty": metadata.get("difficulty"), "full": None}  # fmt: skip
    if gold is not None:
        told["full"] = score(dataset, level, config, entry["question"], literal, gold)
    return told


def score(dataset: str, level: int | None, config: str, question: str, entry: str, answer: str) -> float:
    if len(answer) > MOST_CHARS:
        raise Refused(f"{len(answer)} characters; at most {MOST_CHARS} are scored")
    made = _dataset(dataset, level, config, 0, 1)
    _settle(0)
    return float(made.score_answer(answer, {"question": question, **ast.literal_eval(entry)}))


@lru_cache(maxsize=16)
def _dataset(dataset: str, level: int | None, config: str, seed: int, size: int) -> Any:
    from reasoning_gym.factory import CURRICULA, DATASETS

    kind, settings = DATASETS[dataset]
    own = {"seed": seed, "size": size}
    if level is None:
        made = settings(**own)
    else:
        curriculum = CURRICULA[dataset]()
        curriculum.set_global_level(level)
        made = curriculum.generate_configuration(own)
    _settle(seed)
    return kind(config=replace(made, **json.loads(config or "{}")))


def _settle(seed: int) -> None:
    """Some generators draw from the global random state."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed % 2**32)


def _plain(value: Any) -> Any:
    """What Python's literals can say; numpy's numbers and texts as Python's own, other objects as their text."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(map(_plain, value))
    if value is None or type(value) in (str, int, float, bool, complex):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def _gold(dataset: str, answer: Any, metadata: Entry) -> str | None:
    found = metadata.get(EXAMPLES.get(dataset, "")) if answer is None else answer
    return found if isinstance(found, str) else None if found is None else json.dumps(found)


# ---- asked and answered ----

ASKED: Mapping[str, Callable[..., Any]] = {"names": names, "about": about, "make": make, "score": score}


def serve(out: TextIO) -> None:
    """In the fork, until nobody asks any more."""
    for line in iter(sys.stdin.buffer.readline, b""):
        asked = json.loads(line)
        seconds = asked.pop("seconds")
        _say(out, _answered(asked, seconds))
    os._exit(DONE)


def _answered(asked: Entry, seconds: float) -> Entry:
    do = ASKED[asked.pop("do")]
    try:
        if do is score:  # setting up the data set is not the answer's fault
            _dataset(asked["dataset"], asked["level"], asked["config"], 0, 1)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        return {"ok": do(**asked)}
    except (Exception, SystemExit) as error:
        return {"raised": f"{type(error).__name__}: {error}"[:300]}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _say(out: TextIO, record: Entry) -> None:
    out.write(json.dumps(record) + "\n")
    out.flush()


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the library prints goes nowhere
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    load()
    _say(out, {"ok": "loaded"})
    while True:
        fork = os.fork()
        if not fork:
            serve(out)
        status = os.waitpid(fork, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == DONE:
            return
        late = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF
        _say(out, {"ended": "it took too long" if late else "it ended the process", "late": late})


if __name__ == "__main__":
    main()
