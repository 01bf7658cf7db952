"""What every part of the page does with the document."""

from pyscript import document, window
from pyscript.ffi import create_proxy

from sidflow_feedback.errors import cut_message

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.page.views.elements import Element, Event, Target


def by_id(identity: str) -> "Element":
    """Return the element with this id."""
    return document.getElementById(identity)  # type: ignore[no-any-return]


def show_text(element: "Element", text: str) -> None:
    """Show a text that is often the same: the browser draws a frame for each assignment."""
    if element.textContent != text:
        element.textContent = text


def show_icon(button: "Element", name: str) -> None:
    """Show the icon with this name, one of ``app/setup/icons.py``, instead of the button's present one."""
    shape = button.querySelector("use")
    address = shape.getAttribute("href")
    icon = address[: address.index("#") + 1] + name
    if icon != address:
        shape.setAttribute("href", icon)


def create(tag: str, text: str = "") -> "Element":
    """Return a new element with this text."""
    element: Element = document.createElement(tag)
    element.textContent = text
    return element


def from_template(identity: str) -> "Element":
    """Return a copy of the list item in the template with this id."""
    return by_id(identity).content.cloneNode(True).querySelector("li")


def on(target: "Target", event: str, handler: "Callable[[Event], object]") -> None:
    """Call ``handler(event)`` as long as the page lives."""
    target.addEventListener(event, create_proxy(handler))


def notice(message: str) -> None:
    """Show a message at the top of the page; an empty one hides it."""
    element = by_id("notice")
    element.textContent = cut_message(message)
    element.hidden = not message


def aria(state: bool) -> str:
    """Return a state as ARIA attributes have it."""
    return "true" if state else "false"


def describe(target: "Element", rows: "list[tuple[str, str]]") -> None:
    """Fill a ``<dl>`` with names and values."""
    target.replaceChildren()
    for name, value in rows:
        target.append(create("dt", name), create("dd", value))


def fill_table(identity: str, head: "tuple[str, ...]", rows: "Sequence[tuple[str, ...]]") -> None:
    """Fill the table with this id."""
    first = create("tr")
    for text in head:
        cell = create("th", text)
        cell.setAttribute("scope", "col")
        first.append(cell)
    table = by_id(identity)
    table.replaceChildren(first)
    for row in rows:
        line = create("tr")
        line.append(*[create("td", text) for text in row])
        table.append(line)


def minutes(seconds: "float | None") -> str:
    """Format a duration as ``m:ss``."""
    if seconds is None:
        return "–:––"
    whole = int(seconds)
    return str(whole // 60) + ":" + ("0" + str(whole % 60))[-2:]


def duration(milliseconds: float) -> str:
    """Format a duration as a whole number of its largest unit: ``12 minutes``, ``1 day``, ``3 years``."""
    amount, unit = milliseconds / 60_000, "minute"
    for factor, larger in ((60, "hour"), (24, "day"), (365, "year")):
        if amount < factor:
            break
        amount, unit = amount / factor, larger
    return count(int(amount + 0.5), unit)


def date_and_time(milliseconds: float) -> str:
    """Format an epoch time as the listener's date and time of day."""
    # Must be a float: MicroPython cuts a whole number of this size to 32 bits on its way to JavaScript.
    return str(window.Date.new(float(milliseconds)).toLocaleString())


def one_decimal(number: float) -> str:
    """Format a number with one decimal."""
    return f"{number:.1f}"


def count(number: int, noun: str) -> str:
    """Format a count with its noun, in the plural as needed: ``1 tune``, ``12,000 tunes``."""
    return f"{number:,} " + noun + ("" if number == 1 else "s")
