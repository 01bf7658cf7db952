"""The page's client of the engine, wherever that runs."""

import json

from sidflow_feedback.errors import FeedbackError

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, overload

    from sidflow_feedback.types import Message, Question

    V = TypeVar("V")
    A = TypeVar("A")


class EngineClient:
    """Sends requests to the engine, and receives what it publishes.

    Values are JSON; `vocabulary` says which type of value goes with which message.

    Parameters
    ----------
    channel
        ``EngineChannel`` of ``sidflow_feedback/page/channel.js``.
    create_proxy
        Makes a function callable for as long as JavaScript keeps it; Pyodide needs that.

    Examples
    --------
    >>> engine.on(Publication.STATE, lambda state: print(state["training"]["phase"]))  # doctest: +SKIP
    >>> await engine.ask(Request.TRAIN)  # doctest: +SKIP
    'Learned.'
    """

    def __init__(self, channel: "Any", create_proxy: "Callable[[Any], Any]") -> None:
        self.channel = channel
        self._create_proxy = create_proxy

    @property
    def ready(self) -> bool:
        """Whether an engine runs."""
        return bool(self.channel.ready)

    def on(self, kind: "Message[V]", listener: "Callable[[V], None]") -> None:
        """Call ``listener(value)`` for each message of this kind, for as long as the page lives.

        Parameters
        ----------
        kind
            One of `vocabulary.Publication`.
        """
        self.channel.on(kind, self._create_proxy(lambda text: listener(json.loads(text))))

    if TYPE_CHECKING:

        @overload
        async def ask(self, kind: Question[None, A]) -> A: ...

        @overload
        async def ask(self, kind: Question[V, A], value: V, binary: object = None) -> A: ...

    async def ask(self, kind: "Any", value: "Any" = None, binary: object = None) -> "Any":
        """Return the engine's answer: a value of JSON, or a ``Blob``. The request waits until an engine runs.

        Parameters
        ----------
        kind
            One of `vocabulary.Request`.
        value
            Its value.
        binary
            What JSON can't hold or shouldn't, such as a ``Float32Array`` or a ``File``.

        Raises
        ------
        FeedbackError
            If the engine can't do that. The message says why.
        """
        try:
            answer = await self.channel.request(kind, json.dumps(value), binary)
        except Exception as exc:
            failure = FeedbackError(_message(exc))
        else:
            return json.loads(answer) if isinstance(answer, str) else answer
        raise failure  # Not chained: MicroPython can't, and would print a warning each time.


def _message(exc: Exception) -> str:
    """Return a JavaScript error's message: an argument on MicroPython, an attribute on Pyodide."""
    return str(exc.args[2] if len(exc.args) == 3 else getattr(exc, "message", exc))
