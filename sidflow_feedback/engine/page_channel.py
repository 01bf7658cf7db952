"""The engine's end of the channel to the pages. ``sidflow_feedback/page/channel.js`` is the other end."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from js import BroadcastChannel, Object
from pyodide.ffi import create_proxy, to_js

from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.types import AnswerT, Message, Question, ValueT
from sidflow_feedback.vocabulary import name_space

Listener = Callable[[Any], None]
Handler = Callable[[Any, Any], Awaitable[Any]]


class PageChannel:
    """Publishes to all pages of an application, receives their messages, and answers their requests."""

    def __init__(self, name: str) -> None:
        self._channel = BroadcastChannel.new(name_space(name))
        self._listeners: dict[str, Listener] = {}
        self._handlers: dict[str, Handler] = {}
        # Must live as long as the channel; `close` destroys it.
        self._receiver = create_proxy(self._receive)
        self._channel.onmessage = self._receiver

    def on(self, kind: Message[ValueT], listener: Callable[[ValueT], None]) -> None:
        """Call ``listener(value)`` for each message of this kind."""
        self._listeners[kind] = listener

    def answer(
        self, kind: Question[ValueT, AnswerT], handler: Callable[[ValueT, Any], Awaitable[AnswerT]]
    ) -> None:
        """Answer each request of this kind with ``await handler(value, binary)``."""
        self._handlers[kind] = handler

    def publish(self, kind: Message[ValueT], value: ValueT) -> None:
        """Send a message to all pages."""
        self._post(type=kind, json=json.dumps(value))

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()
        self._receiver.destroy()

    async def _receive(self, event: Any) -> None:
        message = event.data
        if message.to != "engine":
            return
        value = json.loads(message.json) if getattr(message, "json", None) else None
        if message.type in self._handlers:
            await self._reply(message.type, message.id, value, getattr(message, "binary", None))
        elif message.type in self._listeners:
            self._listeners[message.type](value)

    async def _reply(self, kind: str, request: str, value: Any, binary: Any) -> None:
        try:
            answer = await self._handlers[kind](value, binary)
        except FeedbackError as exc:
            self._post(type="answer", id=request, error=str(exc))
        except Exception:
            self._post(type="answer", id=request, error=f"The engine failed at '{kind}'. Reload the page.")
            raise
        else:
            self._post(type="answer", id=request, json=json.dumps(answer))

    def _post(self, **message: Any) -> None:
        # Must not create proxies: the message is cloned, and a proxy can't be.
        self._channel.postMessage(
            to_js({"to": "pages", **message}, dict_converter=Object.fromEntries, create_pyproxies=False)
        )
