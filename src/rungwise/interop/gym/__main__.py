"""`python -m rungwise.interop.gym [--names a,b] [--json]`: what reasoning-gym's data sets are like."""

import argparse
import sys
from contextlib import suppress

from rungwise.errors import InputError, RungwiseError, nearest
from rungwise.interop.gym import survey
from rungwise.records import line_of


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        found = _surveyed(asked.names)
    except RungwiseError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    lines = map(line_of, found) if asked.json else (*survey.table(found), "", *survey.summary(found))
    with suppress(BrokenPipeError):
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _surveyed(names: str | None) -> list[survey.Seen]:
    known = survey.names()
    chosen = known if names is None else [name.strip() for name in names.split(",")]
    for name in chosen:
        if name not in known:
            raise InputError(f"no data set {name!r}; {nearest(name, known)}", field="--names")
    found = []
    for at, name in enumerate(chosen, 1):
        sys.stderr.write(f"{at} of {len(chosen)}: {name}\n")
        found.append(survey.seen(name))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rungwise.interop.gym", description=__doc__)
    parser.add_argument("--names", help="data sets, with commas between them; all where not given")
    parser.add_argument("--json", action="store_true", help="one JSON record a line")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
