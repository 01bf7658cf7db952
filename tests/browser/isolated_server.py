"""A loopback file server for browser tests that makes its pages cross-origin isolated."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ISOLATION = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
BLANK_PAGE = b"<!doctype html><title>test</title><link rel=icon href=data:,>"


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 - the base class's own shape
        "": "application/octet-stream",
        ".html": "text/html",
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(
        self, *args: object, pages: Mapping[str, bytes], headers: Mapping[str, str], **kwargs: object
    ) -> None:
        self._pages = pages
        self._headers = headers
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        page = self._pages.get(self.path)
        if page is None:
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(self.path))
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def end_headers(self) -> None:
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def serve(root: Path, pages: Mapping[str, bytes] | None = None, *, isolated: bool = True) -> Iterator[str]:
    """Serve `root`, a blank page at /blank.html, and `pages` by path; yield the base address."""
    handler = partial(
        _Handler,
        directory=str(root),
        pages={"/blank.html": BLANK_PAGE, **(pages or {})},
        headers=ISOLATION if isolated else {},
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
