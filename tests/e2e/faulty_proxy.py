"""A line to the real server on which uploads can go wrong in all the ways that lines do."""

from __future__ import annotations

import http.client
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

from tests.patience import PATIENCE

SYNC = "/api/feedback/sync"
OWN_HEADERS = {"connection", "content-length", "transfer-encoding", "keep-alive"}
"""What concerns one connection only."""


class FaultyProxy:
    """Forwards all requests to `upstream`, and notes them; uploads meet `fault`.

    Attributes
    ----------
    url
        Where the page is to be opened.
    upstream
        Address of the real server.
    fault
        What becomes of uploads.
    paths, uploads
        All that was asked for, and the bodies of all uploads, as they came over the wire.
    given_up
        Seconds after which the client closed a connection on which nothing was answered.
    """

    def __init__(self, upstream: str) -> None:
        self.url = ""
        self.upstream = upstream
        self.fault: Fault = forward
        self.paths: list[str] = []
        self.uploads: list[bytes] = []
        self.given_up: list[float] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def handle_any(self) -> None:
        # One request for each connection: on a kept one Chromium itself sends a failed request again.
        self.close_connection = True
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.proxy.paths.append(self.path)
        if self.path == SYNC:
            self.proxy.uploads.append(self.body)
            self.proxy.fault(self)
        else:
            forward(self)

    do_GET = do_POST = do_HEAD = handle_any  # noqa: N815

    def ask_upstream(self) -> tuple[http.client.HTTPResponse, bytes]:
        upstream = http.client.HTTPConnection(self.proxy.upstream.removeprefix("http://"), timeout=PATIENCE)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in OWN_HEADERS}
            upstream.request(self.command, self.path, self.body or None, headers)
            answer = upstream.getresponse()
            return answer, answer.read()
        finally:
            upstream.close()

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes, *, sent: float = 1.0) -> None:
        """Answer, with the first part of the body only if `sent` is less than 1."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: int(sent * len(body))])

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


Fault: TypeAlias = Callable[[_Handler], None]


def forward(request: _Handler) -> None:
    """No fault."""
    answer, body = request.ask_upstream()
    request.reply(answer.status, answer.getheaders(), body)


def refused_connection(request: _Handler) -> None:
    """The connection is reset before the server hears of it."""
    request.reset()


def lost_answer(request: _Handler) -> None:
    """The server has the batch; the connection is reset before it can say so."""
    request.ask_upstream()
    request.reset()


def truncated_answer(request: _Handler) -> None:
    """The connection is reset in the middle of the answer."""
    answer, body = request.ask_upstream()
    request.reply(answer.status, answer.getheaders(), body, sent=0.5)
    request.reset()


def portal(request: _Handler) -> None:
    """Something else answers, as in a hotel."""
    request.reply(200, [("Content-Type", "text/html")], b"<!doctype html><p>Please pay first.")


def redirect(request: _Handler) -> None:
    """Something sends the client elsewhere with its upload."""
    request.reply(307, [("Location", "/elsewhere")], b"")


def error_500(request: _Handler) -> None:
    """The server is broken."""
    request.reply(500, [("Content-Type", "text/plain")], b"oops")


def busy_429(request: _Handler) -> None:
    """The server asks for 2 s of peace."""
    request.reply(429, [("Retry-After", "2")], b"")


def busy_until(request: _Handler) -> None:
    """The server asks for peace until a date, by a clock that is two days late."""
    now = time.time() - 2 * 24 * 3600
    dates = [("Date", formatdate(now, usegmt=True)), ("Retry-After", formatdate(now + 2, usegmt=True))]
    request.reply(503, dates, b"")


def silence(request: _Handler) -> None:
    """Nothing is answered, until the client gives up."""
    since = time.monotonic()
    select.select([request.connection], [], [], PATIENCE)
    request.proxy.given_up.append(time.monotonic() - since)


def held_answer(request: _Handler) -> None:
    """The server has the batch, and its answer never comes."""
    request.ask_upstream()
    silence(request)


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """Open a line on a free loopback port."""
    proxy = FaultyProxy(upstream)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
