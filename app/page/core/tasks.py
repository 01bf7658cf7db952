"""Background work of the page, and the messages of its failures."""

import asyncio

from sidflow_feedback.errors import cut_message

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Coroutine


def spawn(work: "Coroutine[object, object, object]") -> None:
    """Run a coroutine in the background."""
    asyncio.create_task(work)


def error_name(exc: Exception) -> str:
    """Return the name of a JavaScript error, MicroPython's second argument; empty for other exceptions."""
    return str(exc.args[1]) if len(exc.args) == 3 else ""


def error_message(exc: Exception) -> str:
    """Return the message of an exception; MicroPython has a JavaScript error's as its third argument."""
    return cut_message(exc.args[2] if len(exc.args) == 3 else exc)
