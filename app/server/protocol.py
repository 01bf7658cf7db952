"""HTTP as we serve it: uvicorn's protocol with limits that it lacks, and refusals in our JSON.

A server of ours is configured here, for the command and for the tests.
"""

import asyncio
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .errors import (
    HeadTooLargeError,
    MalformedRequestError,
    ServerError,
    SlowHeadError,
    TooManyConnectionsError,
    error_response,
)
from .headers import SECURITY_HEADERS

MAX_HEAD_BYTES: Final = 16 * 1024
"""A browser sends some hundred bytes. The parser's time grows with the square of a header's length."""

HEAD_SECONDS: Final = 15.0
"""How long the head of a request may take, from the beginning of the connection or of the request."""

MAX_CONNECTIONS: Final = 800
"""Connections at the same time. Most systems allow a process 1,024 open files."""

GRACE_SECONDS: Final = 12
"""How long requests in progress may take after SIGTERM. All ends within 20 s."""


def uvicorn_config(app: FastAPI, log_config: dict[str, Any] | None = None) -> uvicorn.Config:
    """Return the configuration with which uvicorn serves `app`."""
    return uvicorn.Config(
        app,
        http=Protocol,
        lifespan="on",
        ws="none",
        log_config=log_config,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # The application does that, and believes only configured proxies.
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class Protocol(HttpToolsProtocol):
    """A connection."""

    _stalled = 0
    """Bytes in a row that have finished nothing: neither a head nor a part of a body."""

    _advanced = False
    _head_timer: asyncio.TimerHandle | None = None
    _refusal: ServerError | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse the connection if there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(TooManyConnectionsError())
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse `data`, and refuse a head or a trailer that doesn't end."""
        if self.transport.is_closing():
            return
        self._advanced = False
        super().data_received(data)
        self._stalled = 0 if self._advanced else self._stalled + len(data)
        if self._stalled > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(HeadTooLargeError())

    def on_message_begin(self) -> None:
        """Expect the head to end in time."""
        super().on_message_begin()
        if self._head_timer is None:
            self._expect_head()

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the head is too large."""
        self._advanced = True
        self._stop_head_timer()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refusal = HeadTooLargeError()
            raise self._refusal  # The parser stops, and `send_400_response` is called.
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._advanced = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take note of the end of a request."""
        self._advanced = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what isn't HTTP."""
        del msg  # uvicorn's own words.
        self._refuse(self._refusal or MalformedRequestError())

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end_waiting)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end_waiting(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(SlowHeadError())

    def _refuse(self, error: ServerError) -> None:
        """Answer with an error, and close the connection."""
        if self.cycle is None or self.cycle.response_complete:  # Otherwise it would be within an answer.
            self.transport.write(_encoded(error))
        self.transport.close()


def _encoded(error: ServerError) -> bytes:
    response = error_response(error)
    response.headers.update(SECURITY_HEADERS | {"Connection": "close"})
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    return STATUS_LINE[error.status] + lines + b"\r\n" + bytes(response.body)
