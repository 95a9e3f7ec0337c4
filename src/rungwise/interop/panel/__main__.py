"""`python -m rungwise.interop.panel matrix RESULT... [-o page.html] [--metric greedy] [--json]`: what was trained on,
against what it passes. RESULT is a run, a result's folder, or LABEL=FOLDER."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

from rungwise.errors import InputError, RungwiseError
from rungwise.interop.panel.matrix import lines, matrix, opened, page, records
from rungwise.records import line_of


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        found = matrix([opened(one) for one in asked.results], asked.metric)
        if asked.output:
            _write(asked.output, page(found))
    except RungwiseError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    with suppress(BrokenPipeError):
        sys.stdout.writelines(f"{line}\n" for line in (map(line_of, records(found)) if asked.json else lines(found)))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", file=path) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rungwise.interop.panel", description=__doc__)
    made = parser.add_subparsers(required=True).add_parser("matrix", help="the transfer matrix of some results")
    made.add_argument("results", nargs="+", metavar="RESULT", help="a run, a result's folder, or LABEL=FOLDER")
    made.add_argument("-o", dest="output", type=Path, help="an HTML page to write")
    made.add_argument("--metric", default="greedy", help="what is counted; greedy where not given")
    made.add_argument("--json", action="store_true", help="one JSON record a cell")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
