"""Progress of a run, with its rate and the time that is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from rich.console import Console

LINE_SECONDS: Final = 30.0
"""Interval of the lines where the output isn't a terminal."""

RATE_SECONDS: Final = 60.0
"""Time over which the rate is averaged."""


class Bar:
    """A progress bar on a terminal; elsewhere a line now and then. A context manager.

    Parameters
    ----------
    console
        Where to print.
    """

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            speed_estimate_period=RATE_SECONDS,
        )
        self._task = self._progress.add_task("", total=None, unit="", rate="")
        self._started = self._last_line = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def begin(self, title: str, total: int, unit: str) -> None:
        """Start to count toward `total`."""
        self._progress.reset(self._task, total=total, description=title, unit=unit, rate="")
        self._started = self._last_line = time.monotonic()

    def advance(self, count: int = 1) -> None:
        """Report that `count` more are done."""
        task = self._progress.tasks[0]
        done = task.completed + count
        rate = done / max(time.monotonic() - self._started, 1e-9)
        self._progress.update(self._task, completed=done, rate=f"{rate:.1f}/s")
        if not self._progress.console.is_terminal and time.monotonic() - self._last_line > LINE_SECONDS:
            self._last_line = time.monotonic()
            self._print(rate)

    def _print(self, rate: float) -> None:
        task = self._progress.tasks[0]
        left = ((task.total or 0) - task.completed) / rate
        self._progress.console.print(
            f"{task.description}: {task.completed:.0f} of {task.total:.0f} {task.fields['unit']}, "
            f"{rate:.1f} a second, {left / 60:.0f} minutes left",
            highlight=False,
            soft_wrap=True,
        )
