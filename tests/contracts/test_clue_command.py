"""`python -m rungwise.contracts.clue FILE`: what the solver says of a puzzle's text."""

import sys
from pathlib import Path

import pytest

from rungwise.contracts.clue.__main__ import main

PUZZLE = "abc klm ABC\n^ exactly one\n~ not\nc=m\nb=k^b~B\na=l\n*=B\n?*s *w *r\n"
PROOF = ["a=l", "c=m", "b=k", "b=k^b~B", "b=B", "*=B", "*=b", "b=k", "*=k"]


def _says(
    text: str, given: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    (folder / "puzzle.txt").write_text(text)
    monkeypatch.setattr(sys, "argv", ["clue", str(folder / "puzzle.txt"), *given])
    return main(), *capsys.readouterr()


@pytest.mark.parametrize(("given", "lines"), [([], ["b=k", "b=B", "*=b", "*=k"]), (["--proof"], PROOF)])
def test_the_lines_and_the_answer(
    given: list[str], lines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    told = "\n".join([*lines, "answer b k B", ""])
    assert _says(PUZZLE, given, tmp_path, monkeypatch, capsys) == (0, told, "")


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (PUZZLE.replace("*=B\n", ""), 1, ["rungwise: several answers", "  answer ", "  answer "]),
        (PUZZLE.replace("*=B", "*=B\nb=l"), 1, ["rungwise: contradictory", "  "]),
        (PUZZLE.replace("c=m", "c=x"), 2, ["rungwise: "]),
    ],
)
def test_what_is_no_puzzle_is_told_with_its_evidence(
    text: str, code: int, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ended, out, err = _says(text, [], tmp_path, monkeypatch, capsys)
    assert ended == code and not out
    assert all(line.startswith(start) for line, start in zip(err.splitlines(), told, strict=False))
    assert len(err.splitlines()) >= len(told)
