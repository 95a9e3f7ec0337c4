"""What a person sees of long work: a live line on a terminal, plain lines elsewhere; always on standard error."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

SHOWN = ("loss", "heldout_loss", "score", "pass_rate", "reward", "length", "entropy", "kl_k3")
SECONDS = 5.0  # between plain lines


@contextlib.contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A live line on a terminal; nothing elsewhere, where the records themselves are the progress."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(what) as status:
        yield lambda doing: status.update(f"{what}: {doing}")


class Steps:
    """The steps of a stage: a bar on a terminal; elsewhere a line every few seconds, and the last one."""

    def __init__(self, what: str) -> None:
        self.what, self.began, self.told, self.first = what, time.monotonic(), 0.0, 0
        self.figures: dict[str, Any] = {}
        self.bar: Any = None
        self.doing_now = ""

    def __enter__(self) -> "Steps":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
            from rich.progress import TimeRemainingColumn as Remaining

            self.bar = Progress(
                TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(),
                TextColumn("left"), Remaining(), TextColumn("{task.fields[figures]}"),
                console=Console(stderr=True),
            )  # fmt: skip
            self.task = self.bar.add_task(self.what, total=None, figures="")
            self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def doing(self, what: str) -> None:
        if self.bar:
            self.bar.update(self.task, description=f"{self.what}: {what}")
        elif time.monotonic() - self.told > SECONDS:
            self._say(f"{self.what}: {what}")

    def tell(self, step: int, steps: int, figures: Mapping[str, Any]) -> None:
        self.figures = {} if step == 1 else self.figures
        self.figures |= {name: figures[name] for name in SHOWN if name in figures}
        shown = " ".join(f"{name} {value:.3g}" for name, value in self.figures.items())
        if self.bar:
            self.bar.update(self.task, description=self.what, completed=step, total=steps, figures=shown)
            return
        if not self.first:
            self.first, self.began = step, time.monotonic()
        if step == steps or time.monotonic() - self.told > SECONDS:
            a_step = (time.monotonic() - self.began) / max(1, step - self.first)
            left = f", {a_step * (steps - step):.0f} s left" if step > self.first and step < steps else ""
            self._say(f"{self.what}: step {step} of {steps}{left}: {shown}")

    def warn(self, line: str) -> None:
        (self.bar.console.print if self.bar else self._say)(f"{self.what}: {line}")

    def _say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
        self.told = time.monotonic()
