"""Runs the outdated steps of set-up, under a lock."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import SetupError
from ..files import fingerprint
from .progress import Reporter, StepProgress
from .stamps import Stamps

LOCK_SECONDS = 1800.0
"""Seconds to wait for another set-up in the same folder."""


@dataclass(frozen=True)
class Step:
    """A step of set-up.

    Attributes
    ----------
    name, title
        Name of the stamp, and text for the user.
    inputs
        Files (by name and content) and texts that the outputs depend on. Evaluated just before the step.
    make
        Writes the outputs, each atomically, and returns their paths.
    """

    name: str
    title: str
    inputs: Callable[[], Iterable[Path | str]]
    make: Callable[[StepProgress], list[Path]]


def run_steps(steps: list[Step], folder: Path, reporter: Reporter) -> None:
    """Run the steps that have no stamp in `folder` for their current inputs.

    Raises
    ------
    SetupError
        If a step fails. The outputs of earlier steps are kept, and the next run continues there.
    """
    stamps = Stamps(folder)
    with _locked(folder, reporter):
        for number, step in enumerate(steps, 1):
            inputs = fingerprint(step.inputs())
            if not stamps.is_current(step.name, inputs):
                with reporter.step(number, len(steps), step.title) as progress:
                    stamps.write(step.name, inputs, step.make(progress))


@contextmanager
def _locked(folder: Path, reporter: Reporter) -> Iterator[None]:
    """Hold an exclusive lock on `folder`, waiting for another set-up to finish.

    SQLite's lock works the same on all systems and is released when its process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / ".lock", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            reporter.console.print("Another set-up is running in the same folder; waiting for it to finish.")
            _wait(lock, folder)
        yield


def _wait(lock: sqlite3.Connection, folder: Path) -> None:
    try:
        lock.execute(f"PRAGMA busy_timeout = {LOCK_SECONDS * 1000:.0f}")
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        raise SetupError(
            f"Another set-up has locked {folder} for {LOCK_SECONDS / 60:.0f} minutes ({error}). "
            "Stop it, then run set-up again."
        ) from error
