"""Blocking calls in threads that the end of the process doesn't wait for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def in_daemon_thread(call: Callable[[], T], name: str) -> asyncio.Future[T]:
    """Run a call in a daemon thread of its own.

    `asyncio.to_thread` has threads that all others share, and that are waited for at the end of the process:
    a database that hangs would take both with it.

    Returns
    -------
    asyncio.Future
        The call's result or exception. What would end the event loop, or look as if the caller was canceled,
        arrives as a RuntimeError.
    """
    outcome: Future[T] = Future()
    thread = threading.Thread(target=_run, args=(call, outcome), name=name, daemon=True)
    found = asyncio.wrap_future(outcome)
    thread.start()
    return found


def _run(call: Callable[[], T], outcome: Future[T]) -> None:
    # The caller may be gone; this also keeps it from canceling what runs already.
    if not outcome.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as exc:
        outcome.set_exception(_harmless(exc))
    else:
        outcome.set_result(result)


def _harmless(exc: BaseException) -> Exception:
    cancels = type(exc).__name__ == "CancelledError"
    if isinstance(exc, Exception) and not cancels and not isinstance(exc, StopIteration):
        return exc
    wrapped = RuntimeError(f"the call ended with {type(exc).__name__}")
    wrapped.__cause__ = exc
    return wrapped
