"""The scaffold's own contract, made in a test's folder: a real language with gold, sabotage and repair, and quick."""

from collections.abc import Mapping
from pathlib import Path

from rungwise.contract import Contract, load_contract
from rungwise.policy.writer import Written
from rungwise.probe.freeze import Probe, freeze
from rungwise.scaffold import create


def toy(folder: Path, changes: Mapping[str, tuple[str, str]] | None = None) -> str:
    """Where it is found; `changes` replace a piece of text in its files, once."""
    create("mazes", folder)
    for name, (old, new) in (changes or {}).items():
        path = folder / "mazes" / "mazes" / name
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new))
    return f"{folder}/mazes/mazes/__init__.py:mazes"


def toy_probe(folder: Path, n: int = 24, k: int = 2) -> Probe:
    return freeze(folder / "probe", toy(folder), {}, {"test": n}, k=k, workers=1)


def golden(probe: Probe) -> dict[tuple[str, str, int], Written]:
    """Gold as every answer."""
    places = [("greedy", 0), *[("sample", i) for i in range(probe.lock.k)]]
    return {
        (task.id, column, i): written(probe.golds[task.id]) for task in probe.tasks for column, i in places
    }  # fmt: skip


def written(text: str, ended: str = "stop") -> Written:
    return Written(text=text, ended=ended, tokens=len(text), logprob=None)


def contract_of(probe: Probe) -> Contract:
    return load_contract(probe.lock.contract, probe.lock.settings)
