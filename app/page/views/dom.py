"""The few things every part of the page does with the document."""

import asyncio

from pyscript import document, window
from pyscript.ffi import create_proxy

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any


def by_id(identity: str) -> "Any":
    """Return the element with this id."""
    return document.getElementById(identity)


def on(element: "Any", event: str, handler: "Callable[[Any], Any]") -> None:
    """Call ``handler(event)`` as long as the page lives."""
    element.addEventListener(event, create_proxy(handler))


def spawn(work: "Coroutine[Any, Any, Any]") -> None:
    """Run a coroutine in the background."""
    asyncio.create_task(work)


def notice(message: str) -> None:
    """Show a message at the top of the page; an empty one takes it away."""
    element = by_id("notice")
    element.textContent = message
    element.hidden = not message


def minutes(seconds: "float | None") -> str:
    """Write a time as ``m:ss``."""
    if seconds is None:
        return "–:––"
    whole = int(seconds)
    return str(whole // 60) + ":" + ("0" + str(whole % 60))[-2:]


def clock(milliseconds: "float | None") -> str:
    """Write an epoch time as the listener's time of day."""
    if milliseconds is None:
        return "never"
    return str(window.Date.new(float(milliseconds)).toLocaleTimeString())


def reason(exc: Exception) -> str:
    """Return the message of an exception; MicroPython has a JavaScript error's as its third argument."""
    return str(exc.args[2] if len(exc.args) == 3 else exc)


def describe(target: "Any", rows: "list[tuple[str, str]]") -> None:
    """Fill a ``<dl>`` with names and values."""
    target.replaceChildren()
    for name, value in rows:
        for tag, text in (("dt", name), ("dd", value)):
            element = document.createElement(tag)
            element.textContent = text
            target.append(element)


def one_decimal(number: float) -> str:
    """Write a number with one decimal."""
    return f"{number:.1f}"
