"""A loopback device that follows the documented REST API of the Ultimate 64; for tests only."""

from __future__ import annotations

import email
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qs, urlsplit

VERSION = {"version": "0.1", "errors": []}


@dataclass
class Device:
    """The device, with a record of its calls.

    Attributes
    ----------
    calls
        Method and path of each call except those for the version.
    tunes
        Each file that it should play, with the song number.
    errors
        The errors in its answers.
    status
        Status of its answers.
    body
        Its answer instead of the documented one.
    """

    address: str = ""
    calls: list[str] = field(default_factory=list)
    tunes: list[tuple[bytes, int]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None


@contextmanager
def ultimate() -> Iterator[Device]:
    """Run a device on a free port of this machine."""
    device = Device()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(device))
    device.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield device
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(device: Device) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(self.path == "/v1/version")

        def do_PUT(self) -> None:
            device.calls.append(f"PUT {self.path}")
            self.answer(self.path in ("/v1/machine:pause", "/v1/machine:resume", "/v1/machine:reset"))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            device.calls.append(f"POST {self.path}")
            url = urlsplit(self.path)
            if url.path == "/v1/runners:sidplay":
                song = int(parse_qs(url.query)["songnr"][0])
                device.tunes.append((self.attachment(body), song))
            self.answer(url.path == "/v1/runners:sidplay")

        def attachment(self, body: bytes) -> bytes:
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            [part] = cast("list[Message]", email.message_from_bytes(head + body).get_payload())
            return cast("bytes", part.get_payload(decode=True))

        def answer(self, known: bool) -> None:
            text = json.dumps({**VERSION, "errors": device.errors}).encode() if known else b""
            text = text if device.body is None else device.body
            self.send_response(device.status if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    return Handler
