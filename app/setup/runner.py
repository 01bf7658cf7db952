"""Runs the outdated steps of set-up beside each other, under a lock."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

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
        Writes the outputs, each atomically, and returns their paths. Runs in a thread of its own.
    needs
        Names of the steps whose outputs this one reads.
    """

    name: str
    title: str
    inputs: Callable[[], Iterable[Path | str]]
    make: Callable[[StepProgress], list[Path]]
    needs: tuple[str, ...] = ()


def run_steps(steps: Sequence[Step], folder: Path, reporter: Reporter, lock: str = ".lock") -> None:
    """Run the steps that have no stamp in `folder` for their current inputs.

    A step starts as soon as the steps that it needs are done.

    Parameters
    ----------
    steps
        The steps, each after those that it needs.
    folder
        The folder of the stamps.
    reporter
        Is told of each step.
    lock
        Name of the lock. Runs with the same one wait for each other.

    Raises
    ------
    SetupError
        If steps fail. No other step is started then, and those that run are awaited. The outputs of
        completed steps are kept, and the next run continues there.
    """
    with _locked(folder, lock, reporter), reporter:
        _Run(steps, Stamps(folder), reporter).finish()


class _Run:
    """One run of the steps; its threads report to the thread that made it."""

    def __init__(self, steps: Sequence[Step], stamps: Stamps, reporter: Reporter) -> None:
        self._steps, self._stamps, self._reporter = steps, stamps, reporter
        self._waiting = list(steps)
        self._done: set[str] = set()
        self._running = 0
        self._failures: list[BaseException] = []
        self._ended: SimpleQueue[tuple[Step, BaseException | None]] = SimpleQueue()

    def finish(self) -> None:
        """Run all steps. Whatever fails in a step is raised here."""
        self._start()
        while self._running:
            step, failure = self._ended.get()
            self._running -= 1
            if failure:
                self._failures.append(failure)
            else:
                self._done.add(step.name)
            self._start()
        if self._failures:
            raise _joined(self._failures)

    def _start(self) -> None:
        ready = [step for step in self._waiting if self._done.issuperset(step.needs)]
        for step in ready if not self._failures else ():
            self._waiting.remove(step)
            self._running += 1
            # A daemon, so that Ctrl+C ends set-up at once.
            Thread(target=self._work, args=(step,), name=step.name, daemon=True).start()

    def _work(self, step: Step) -> None:
        try:
            self._make(step)
        except BaseException as error:
            self._ended.put((step, error))
        else:
            self._ended.put((step, None))

    def _make(self, step: Step) -> None:
        inputs = fingerprint(step.inputs())
        if not self._stamps.is_current(step.name, inputs):
            number = self._steps.index(step) + 1
            with self._reporter.step(number, len(self._steps), step.title) as progress:
                self._stamps.write(step.name, inputs, step.make(progress))


def _joined(failures: list[BaseException]) -> BaseException:
    """Return one error for all of them: another kind than `SetupError` goes first."""
    other = [failure for failure in failures if not isinstance(failure, SetupError)]
    if other or len(failures) == 1:
        return (other or failures)[0]
    return SetupError("\n".join(map(str, failures)))


@contextmanager
def _locked(folder: Path, name: str, reporter: Reporter) -> Iterator[None]:
    """Hold an exclusive lock in `folder`, waiting for another set-up to finish.

    SQLite's lock works the same on all systems and is released when its process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / name, timeout=0, isolation_level=None)) as lock:
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
