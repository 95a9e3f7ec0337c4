"""Why a line stopped that was not at its end."""

from collections.abc import Sequence

from rungwise.errors import RungwiseError


class CanaryFailed(RungwiseError):
    """A short trial run after which no answer can be read."""


class NotReady(RungwiseError):
    """Gates of the preflight that fail."""

    def __init__(self, told: str, gates: Sequence[str]) -> None:
        super().__init__(told)
        self.gates = tuple(gates)  # their names


class Overrun(RungwiseError):
    """A rung that took longer than it may."""
