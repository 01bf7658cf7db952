"""Sliders of whole numbers with a visible value."""

from app.page.views.dom import count, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.elements import Element


class Slider:
    """A range input in a label with an ``output``.

    Its data attributes say how values look: ``unit`` (a noun), ``prefix``, and ``suffix``. With ``stops``, it
    has only these values, which are as far apart for the finger as the listener needs them.
    """

    def __init__(self, control: "Element") -> None:
        self._control = control
        self._value = 0
        self._unit, self._prefix, self._suffix, stops = [
            control.getAttribute("data-" + name) or "" for name in ("unit", "prefix", "suffix", "stops")
        ]
        self._stops = [int(stop) for stop in stops.split(",") if stop]
        if self._stops:
            control.setAttribute("min", "0")
            control.setAttribute("max", str(len(self._stops) - 1))
            control.setAttribute("step", "1")

    @property
    def value(self) -> int:
        """The value that the slider stands at."""
        position = int(float(self._control.value))
        return self._stops[position] if self._stops else position

    def show(self, value: "object") -> None:
        """Move to a value; its text tells also one between two stops."""
        number = int(str(value))
        self._control.value = str(self._position(number))
        self._show_text(number)

    def show_text(self) -> None:
        """Tell the value that the slider stands at."""
        self._show_text(self.value)

    def _position(self, number: int) -> int:
        if not self._stops:
            return number
        distances = [abs(stop - number) for stop in self._stops]
        return distances.index(min(distances))

    def _show_text(self, number: int) -> None:
        text = self._text(number)
        show_text(self._control.closest("label").querySelector("output"), text)
        self._control.setAttribute("aria-valuetext", text)

    def _text(self, number: int) -> str:
        if self._unit == "minute" and number >= 60 and number % 60 == 0:
            text = count(number // 60, "hour")
        else:
            text = count(number, self._unit) if self._unit else f"{number:,}"
        return (self._prefix + " " + text + " " + self._suffix).strip()
