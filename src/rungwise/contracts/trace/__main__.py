"""`python -m rungwise.contracts.trace FILE`: which problems of a file compile to verified traces, and why the rest do
not, line by line. FILE is GSM8K's JSON lines, or SVAMP's JSON."""

import sys
from contextlib import suppress

from rungwise.contracts.trace.gsm8k import compile_file
from rungwise.errors import RungwiseError


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("python -m rungwise.contracts.trace FILE\n")
        return 2
    try:
        report = compile_file(arguments[0])
    except RungwiseError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    with suppress(BrokenPipeError):
        sys.stdout.writelines(f"{line}\n" for line in report.lines())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
