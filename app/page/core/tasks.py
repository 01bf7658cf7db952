"""Background work of the page, and the messages of its failures."""

import asyncio

from sidflow_feedback.errors import cut_message

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


failures = 0
"""Background work of this page that has failed unforeseen."""


def spawn(work: "Coroutine[object, object, object]") -> None:
    """Run a coroutine in the background. A failure is counted and goes to the console."""
    asyncio.create_task(_reporting(work))


async def _reporting(work: "Coroutine[object, object, object]") -> None:
    global failures
    try:
        await work
    except Exception as exc:
        failures += 1
        if failures & failures - 1 == 0:  # The first, second, fourth ...: a broken tick must not flood it.
            print("Background work has failed, number", failures, error_message(exc))  # noqa: T201  The console.


class Refresher:
    """Does the same work whenever it is due, never twice at a time: no older answer covers a newer one.

    Parameters
    ----------
    work
        Shows the newest state of something.
    """

    def __init__(self, work: "Callable[[], Coroutine[object, object, object]]") -> None:
        self._work = work
        self._is_due = self._is_working = False

    def refresh(self) -> None:
        """Do the work soon, or once more when it is done."""
        self._is_due = True
        if not self._is_working:
            self._is_working = True
            spawn(self._run())

    async def _run(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                await self._work()
        finally:
            self._is_working = False  # Whatever the work raises, the next change must start it again.


def error_name(exc: Exception) -> str:
    """Return the name of a JavaScript error, MicroPython's second argument; empty for other exceptions."""
    return str(exc.args[1]) if len(exc.args) == 3 else ""


def error_message(exc: Exception) -> str:
    """Return the message of an exception; MicroPython has a JavaScript error's as its third argument."""
    return cut_message(exc.args[2] if len(exc.args) == 3 else exc)
