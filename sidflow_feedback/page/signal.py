"""A signal: an object announces a change, and any number of listeners react. Runs on MicroPython too."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Generic, ParamSpec

    P = ParamSpec("P")
else:
    P = None
    Generic = {P: object}


class Signal(Generic[P]):
    """Calls its listeners with the emitted values, in the order in which they connected."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def connect(self, listener: "Callable[P, object]") -> None:
        """Call `listener` for each `emit` from now on."""
        self._listeners.append(listener)

    def emit(self, *values: "P.args", **named: "P.kwargs") -> None:
        """Call all listeners with these values."""
        for listener in self._listeners:
            listener(*values, **named)
