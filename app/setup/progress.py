"""Progress reports of set-up, whose steps run beside each other."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

BYTES = "bytes"
LINE_SECONDS = 15.0
"""Interval of progress lines when the output isn't a terminal."""


class StepProgress:
    """Progress of a step: a text, and a count of bytes or items toward a total."""

    def __init__(self, bar: Progress, task: TaskID, label: str) -> None:
        self._bar, self._task, self._label = bar, task, label
        self._text, self._unit, self._done, self._total = "", "", 0, 0
        self._last_line = time.monotonic()

    def begin(self, text: str, total: int = 0, unit: str = BYTES) -> None:
        """Start to count toward `total`; 0 means that it is unknown."""
        self._text, self._unit, self._done, self._total = text, unit, 0, total
        self._bar.update(
            self._task, description=f"{self._label} {text}", total=total or None, completed=0, amount=""
        )

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
        self._bar.console.print(f"{self._label} {text}", highlight=False, markup=False, soft_wrap=True)

    def _amount(self) -> str:
        if self._unit == BYTES:
            return f"{decimal(self._done)} of {decimal(self._total)}"
        return f"{self._done} of {self._total} {self._unit}"


class Reporter:
    """Prints a line at the start and end of each step, with live progress bars on a terminal."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._running = 0
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        """Give the terminal back, even if steps go on: after Ctrl+C they end with the process."""
        self._bars.stop()

    @contextmanager
    def step(self, number: int, count: int, title: str) -> Iterator[StepProgress]:
        """Report a step that lasts as long as the block. Several may run at the same time."""
        label = f"[{number}/{count}]"
        self._print(f"{label} {title}")
        started = time.monotonic()
        with self._bar(f"{label} {title}") as bar:
            yield StepProgress(self._bars, bar, label)
        self._print(f"{label} {title}: done in {time.monotonic() - started:.1f} s")

    @contextmanager
    def _bar(self, text: str) -> Iterator[TaskID]:
        """Show a bar; all bars are shown together, as long as there is one."""
        with self._lock:
            self._running += 1
            if self._running == 1:
                self._bars.start()
        bar = self._bars.add_task(text, total=None, amount="")
        try:
            yield bar
        finally:
            self._bars.refresh()
            self._bars.remove_task(bar)
            with self._lock:
                self._running -= 1
                if not self._running:
                    self._bars.stop()

    def _print(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
