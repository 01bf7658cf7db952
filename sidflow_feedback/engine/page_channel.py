"""The engine's end of the channel to the pages. ``sidflow_feedback/page/channel.js`` is the other end."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from js import Blob, BroadcastChannel, Object
from pyodide.ffi import JsException, create_proxy, to_js

from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.types import AnswerT, Message, Question, TextFile, ValueT
from sidflow_feedback.vocabulary import name_space

Listener = Callable[[Any], None]
Handler = Callable[[Any, Any], Awaitable[Any]]


class PageChannel:
    """Publishes to all pages of an application, receives their messages, and answers their requests.

    Attributes
    ----------
    on_failure
        See `RequestChannel`.
    """

    def __init__(self, name: str) -> None:
        self.on_failure: Callable[[str, Exception], None] = lambda _name, _exc: None
        self._channel = BroadcastChannel.new(name_space(name))
        self._closed = False
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
        """Close the channel. Nothing is published or answered from now on."""
        self._closed = True
        self._channel.close()
        self._receiver.destroy()

    async def _receive(self, event: Any) -> None:
        message = event.data
        if message.to != "engine":
            return
        kind = message.type
        try:
            if kind in self._handlers:
                await self._reply(kind, message)
            elif kind in self._listeners:
                self._listeners[kind](_value_of(message))
        except Exception as exc:  # Whatever is wrong with a message, the next one must be received.
            self.on_failure(f"The message '{kind}'", exc)

    async def _reply(self, kind: str, message: Any) -> None:
        request = message.id
        try:
            binary = await _content(getattr(message, "binary", None))
            answer = await self._handlers[kind](_value_of(message), binary)
            reply = _reply_of(answer)
        except FeedbackError as exc:
            self._post(type="answer", id=request, error=str(exc))
        except Exception:
            self._post(type="answer", id=request, error=f"The engine failed at '{kind}'. Try again.")
            raise
        else:
            self._post(type="answer", id=request, **reply)

    def _post(self, **message: Any) -> None:
        if self._closed:
            return
        # Must not create proxies: the message is cloned, and a proxy can't be.
        self._channel.postMessage(
            to_js({"to": "pages", **message}, dict_converter=Object.fromEntries, create_pyproxies=False)
        )


def _value_of(message: Any) -> Any:
    text = getattr(message, "json", None)
    return json.loads(text) if text else None


def _reply_of(answer: Any) -> dict[str, Any]:
    return {"binary": _blob(answer)} if isinstance(answer, TextFile) else {"json": json.dumps(answer)}


async def _content(binary: Any) -> Any:
    """Return the bytes of a ``Blob`` or ``File``; anything else as it is."""
    if getattr(getattr(binary, "constructor", None), "name", None) not in ("Blob", "File"):
        return binary
    try:
        return (await binary.arrayBuffer()).to_bytes()
    except JsException as exc:
        raise FeedbackError(f"The browser can't read the file: {exc}. Choose it again.") from exc


def _blob(file: TextFile) -> Any:
    """Return the file as a ``Blob``, which crosses to a page without a copy."""
    return Blob.new(
        to_js(list(file.parts)), to_js({"type": "application/json"}, dict_converter=Object.fromEntries)
    )
