"""A proxy to the server that counts bytes and requests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 1 << 16


class CountingProxy:
    """Forwards connections to the server on loopback, byte for byte.

    Attributes
    ----------
    url
        Address at which to open the page.
    received
        Bytes received from the server, including headers.
    requests
        Requests sent to the server; a browser doesn't pipeline them.
    """

    def __init__(self, port: int, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.received = self.requests = 0
        self._port = port
        self._listener = listener

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            back = threading.Thread(target=self._forward, args=(server, client, True), daemon=True)
            back.start()
            self._forward(client, server, False)
            back.join()

    def _forward(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK):
                if answers:
                    self.received += len(data)
                else:
                    self.requests += data.count(b"HTTP/1.1\r\n")
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def counted(url: str) -> Iterator[CountingProxy]:
    """Yield a counting proxy to the server at `url`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = CountingProxy(int(url.rpartition(":")[2]), listener)
        threading.Thread(target=proxy.serve, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
