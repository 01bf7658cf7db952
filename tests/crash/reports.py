"""Reports from pages to a test before they are killed."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from tests.patience import PATIENCE

SEND_REPORT = """globalThis.tell = url => {
    const request = new XMLHttpRequest();
    request.open("POST", url, false);
    request.send();
};"""
"""Sends a report synchronously, so that a crash can't lose it."""


class Reports:
    """Texts by kind, in order of arrival; ``POST /kind/text`` adds one."""

    def __init__(self) -> None:
        self.url = ""
        self._texts: dict[str, list[str]] = defaultdict(list)
        self._changed = threading.Condition()

    def add(self, kind: str, text: str) -> None:
        with self._changed:
            self._texts[kind].append(text)
            self._changed.notify_all()

    def of(self, kind: str) -> list[str]:
        with self._changed:
            return list(self._texts[kind])

    def wait_for(self, kind: str, more: int) -> None:
        """Wait for `more` additional texts of a kind; fail as soon as an event was not recorded."""
        with self._changed:
            wanted = len(self._texts[kind]) + more
            came = self._changed.wait_for(
                lambda: self._texts["unrecorded"] or len(self._texts[kind]) >= wanted, PATIENCE
            )
            assert not self._texts["unrecorded"], unquote(self._texts["unrecorded"][0])
        assert came, f"the page has not reported '{kind}' {more} times within {PATIENCE:.0f} s"


@contextmanager
def listening() -> Iterator[Reports]:
    """Listen on a free loopback port."""
    reports = Reports()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # One connection for all reports of a page.

        def do_POST(self) -> None:
            _, kind, text = self.path.split("/", 2)
            reports.add(kind, text)
            self.send_response(204)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        reports.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield reports
        finally:
            server.shutdown()
            thread.join()
