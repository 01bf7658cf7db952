"""The page's line to the engine, wherever that runs."""

import json

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class EngineClient:
    """Speaks JSON-like values over the JavaScript channel.

    Parameters
    ----------
    channel
        ``EngineChannel`` of ``sidflow_feedback/page/channel.js``.
    """

    def __init__(self, channel: "Any") -> None:
        self._channel = channel

    @property
    def ready(self) -> bool:
        """Whether an engine has said that it runs."""
        return bool(self._channel.ready)

    def on(self, kind: str, listener: "Callable[[Any], None]") -> None:
        """Call ``listener(value)`` for each message of this kind."""
        self._channel.on(kind, lambda text: listener(json.loads(text)))

    async def ask(self, kind: str, value: "Any" = None, binary: "Any" = None) -> "Any":
        """Return the engine's answer; the question waits until there is an engine."""
        return json.loads(await self._channel.request(kind, json.dumps(value), binary))
