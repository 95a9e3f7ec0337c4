"""The command line: one function a verb. Imports here are what `rungwise --help` pays for; the rest is imported on use.

Records go to standard output, everything meant for people to standard error. Exit codes: 0 well, 1 a check or gate
failed, 2 usage or input.
"""

import os
import sys

import typer

from rungwise.cli import judging, planning, results, training  # noqa: F401  (each verb joins the app)
from rungwise.cli.common import app
from rungwise.errors import RungwiseError


def main() -> None:
    try:
        app()
    except RungwiseError as error:
        typer.echo(f"rungwise: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `rungwise tasks ... | head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
