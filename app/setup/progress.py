"""Progress reports of set-up."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

BYTES = "bytes"
LINE_SECONDS = 15.0
"""Interval of progress lines when the output isn't a terminal."""


class StepProgress:
    """Progress of a step: a text, and a count of bytes or items toward a total."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task
        self._text, self._unit, self._done, self._total = "", "", 0, 0
        self._last_line = time.monotonic()

    def begin(self, text: str, total: int = 0, unit: str = BYTES) -> None:
        """Start to count toward `total`; 0 means that it is unknown."""
        self._text, self._unit, self._done, self._total = text, unit, 0, total
        self._bar.update(self._task, description=text, total=total or None, completed=0, amount="")

    def reach(self, done: int, total: int | None = None) -> None:
        """Report how much is done, and the total if it has become known."""
        self._done, self._total = done, total or self._total
        self._bar.update(self._task, completed=done, total=self._total or None, amount=self._amount())
        if not self._bar.console.is_terminal and time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self.note(f"{self._text}: {self._amount()}")

    def advance(self, count: int = 1) -> None:
        """Report that `count` more are done."""
        self.reach(self._done + count)

    def note(self, text: str) -> None:
        """Print a permanent line."""
        self._bar.console.print(f"      {text}", highlight=False, markup=False, soft_wrap=True)

    def _amount(self) -> str:
        if self._unit == BYTES:
            return f"{decimal(self._done)} of {decimal(self._total)}"
        return f"{self._done} of {self._total} {self._unit}"


class Reporter:
    """Prints a line at the start and end of each step, with a live progress bar on a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()

    @contextmanager
    def step(self, number: int, count: int, title: str) -> Iterator[StepProgress]:
        """Report a step that lasts as long as the block."""
        label = f"[{number}/{count}] {title}"
        self.console.print(label, highlight=False, markup=False, soft_wrap=True)
        started = time.monotonic()
        with self._bar() as bar:
            yield StepProgress(bar, bar.add_task(title, total=None, amount=""))
        seconds = time.monotonic() - started
        self.console.print(f"      done in {seconds:.1f} s", highlight=False, markup=False, soft_wrap=True)

    def _bar(self) -> Progress:
        columns = (
            SpinnerColumn(),
            TextColumn("    {task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeElapsedColumn(),
        )
        return Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
