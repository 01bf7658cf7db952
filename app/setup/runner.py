"""Runs the steps of set-up: each only when it is not up to date, and never two set-ups at once."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import SetupError
from ..files import fingerprint
from .progress import Reporter, StepProgress
from .stamps import Stamps

PATIENCE = 1800.0
"""Seconds to wait for another set-up in the same folder."""


@dataclass(frozen=True)
class Step:
    """One step of set-up.

    Attributes
    ----------
    name, title
        For the stamp, and for people.
    inputs
        What the outputs depend on: files by name and content, and texts. Asked just before the step.
    make
        Makes the outputs, each whole or not at all, and returns their paths.
    """

    name: str
    title: str
    inputs: Callable[[], Iterable[Path | str]]
    make: Callable[[StepProgress], list[Path]]


def run_steps(steps: list[Step], folder: Path, reporter: Reporter) -> None:
    """Do those of the steps that are not stamped in `folder` with their present inputs.

    Raises
    ------
    SetupError
        If a step cannot be done. What the steps before it made stays, and the next run goes on there.
    """
    stamps = Stamps(folder)
    with _alone_in(folder, reporter):
        for number, step in enumerate(steps, 1):
            inputs = fingerprint(step.inputs())
            if not stamps.is_current(step.name, inputs):
                with reporter.step(number, len(steps), step.title) as progress:
                    stamps.write(step.name, inputs, step.make(progress))


@contextmanager
def _alone_in(folder: Path, reporter: Reporter) -> Iterator[None]:
    """Hold a lock on `folder`, waiting for another set-up to end.

    SQLite's lock, since it works alike on all systems and is gone when its process is, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / ".lock", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            reporter.console.print("Another set-up is at work in the same folder; waiting for it.")
            _wait(lock, folder)
        yield


def _wait(lock: sqlite3.Connection, folder: Path) -> None:
    try:
        lock.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        raise SetupError(
            f"Another set-up has held {folder} for {PATIENCE / 60:.0f} minutes ({error}). "
            "End it, then run set-up again."
        ) from error
