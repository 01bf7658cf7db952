"""A proxy to the real server that makes uploads fail in all the ways that connections fail."""

from __future__ import annotations

import http.client
import random
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
"""Hop-by-hop headers, which apply to one connection only."""

PAUSE = 2
"""Seconds that a busy server asks for."""


class FaultyProxy:
    """Forwards all requests to `upstream` and records them; handles uploads by `fault`.

    Attributes
    ----------
    url
        Address at which to open the page.
    upstream
        Address of the real server.
    fault
        Handles each upload, and all other requests too if `everywhere`.
    everywhere
        Whether the fault is that of the whole server.
    paths, uploads
        The paths of all requests, and the bodies of all uploads, as they were received.
    headers
        Those of the latest upload.
    given_up
        Seconds after which the client closed each unanswered connection.
    """

    def __init__(self, upstream: str) -> None:
        self.url = ""
        self.upstream = upstream
        self.fault: Fault = forward
        self.everywhere = False
        self.paths: list[str] = []
        self.uploads: list[bytes] = []
        self.headers: dict[str, str] = {}
        self.given_up: list[float] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultyProxy

    def handle_any(self) -> None:
        # One request per connection: Chromium itself retries a failed request on a kept-alive connection.
        self.close_connection = True
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.proxy.paths.append(self.path)
        if self.path == SYNC:
            self.proxy.uploads.append(self.body)
            self.proxy.headers = dict(self.headers.items())
        fault = self.proxy.fault if self.proxy.everywhere or self.path == SYNC else forward
        fault(self)

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
        """Answer; if `sent` is less than 1, send only that share of the body."""
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
    """No fault: the server's answer, or the proxy's own while there is no server."""
    try:
        answer, body = request.ask_upstream()
    except OSError:
        request.reply(502, [("Content-Type", "text/html")], b"<!doctype html><h1>Bad gateway</h1>")
    else:
        request.reply(answer.status, answer.getheaders(), body)


def refused_connection(request: _Handler) -> None:
    """The connection is reset before the request reaches the server."""
    request.reset()


def lost_answer(request: _Handler) -> None:
    """The server stores the batch; the connection is reset before the answer."""
    request.ask_upstream()
    request.reset()


def truncated_answer(request: _Handler) -> None:
    """The connection is reset during the answer."""
    answer, body = request.ask_upstream()
    request.reply(answer.status, answer.getheaders(), body, sent=0.5)
    request.reset()


def portal(request: _Handler) -> None:
    """A captive portal answers, as in a hotel."""
    request.reply(200, [("Content-Type", "text/html")], b"<!doctype html><p>Please pay first.")


def gatekeeper(request: _Handler) -> None:
    """Something between client and server refuses the request, with a page of its own."""
    status = random.choice([401, 403, 404, 405, 410, 413, 415, 422, 502])
    request.reply(status, [("Content-Type", "text/html")], b"<!doctype html><h1>Request blocked</h1>")


def redirect(request: _Handler) -> None:
    """The client is redirected elsewhere with its upload."""
    request.reply(307, [("Location", "/elsewhere")], b"")


def error_500(request: _Handler) -> None:
    """The server has an internal error."""
    request.reply(500, [("Content-Type", "text/plain")], b"oops")


def busy_429(request: _Handler) -> None:
    """The server asks for a pause."""
    request.reply(429, [("Retry-After", str(PAUSE))], b"")


def busy_until(request: _Handler) -> None:
    """The server asks for a pause until a date; its clock is two days slow."""
    now = time.time() - 2 * 24 * 3600
    dates = [("Date", formatdate(now, usegmt=True)), ("Retry-After", formatdate(now + PAUSE, usegmt=True))]
    request.reply(503, dates, b"")


def silence(request: _Handler) -> None:
    """There is no answer until the client gives up."""
    since = time.monotonic()
    select.select([request.connection], [], [], PATIENCE)
    request.proxy.given_up.append(time.monotonic() - since)


def held_answer(request: _Handler) -> None:
    """The server stores the batch, but its answer never arrives."""
    request.ask_upstream()
    silence(request)


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """Start a proxy on a free loopback port."""
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
