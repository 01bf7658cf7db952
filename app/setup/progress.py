"""What set-up tells while it works."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

BYTES = "bytes"
LINE_SECONDS = 15.0
"""How often progress is told in a line where there is no terminal to draw a bar on."""


class StepProgress:
    """Progress of one step: a text, and a count of bytes or items towards a total."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task
        self._text, self._unit, self._done, self._total = "", "", 0, 0
        self._told = time.monotonic()

    def begin(self, text: str, total: int = 0, unit: str = BYTES) -> None:
        """Start to count towards `total`; 0 means that the length is not known."""
        self._text, self._unit, self._done, self._total = text, unit, 0, total
        self._bar.update(self._task, description=text, total=total or None, completed=0, amount="")

    def reach(self, done: int, total: int | None = None) -> None:
        """Tell how much is done in all, and the total if it became known."""
        self._done, self._total = done, total or self._total
        self._bar.update(self._task, completed=done, total=self._total or None, amount=self._amount())
        if not self._bar.console.is_terminal and time.monotonic() - self._told > LINE_SECONDS:
            self._told = time.monotonic()
            self.note(f"{self._text}: {self._amount()}")

    def advance(self, count: int = 1) -> None:
        """Tell that `count` more are done."""
        self.reach(self._done + count)

    def note(self, text: str) -> None:
        """Leave a line that stays."""
        self._bar.console.print(f"      {text}", highlight=False, markup=False, soft_wrap=True)

    def _amount(self) -> str:
        if self._unit == BYTES:
            return f"{decimal(self._done)} of {decimal(self._total)}"
        return f"{self._done} of {self._total} {self._unit}"


class Reporter:
    """Writes a line at the start and at the end of each step, and on a terminal a live bar between them."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()

    @contextmanager
    def step(self, number: int, count: int, title: str) -> Iterator[StepProgress]:
        """Report one step, from entering the block to leaving it."""
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
