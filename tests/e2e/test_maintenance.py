"""Maintenance: a server that answers everything with 200 and a web page costs nothing that was kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from sidflow_feedback.vocabulary import NO_MODEL
from tests.e2e.listener import OFFLINE_READY, play, predictions, wait_for_engine
from tests.e2e.test_offline import Server, opened
from tests.patience import wait_until

NOTE = b"<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
KEPT_MODEL = """async () => {
  const cache = await caches.open("sidflow-page");
  const found = (await cache.keys()).find(({ url }) => url.endsWith("api/model/latest"));
  return (await (await cache.match(found)).json()).version;
}"""


class _Maintenance(BaseHTTPRequestHandler):
    asked: list[str]

    def do_any(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(NOTE)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(NOTE)

    do_GET = do_POST = do_HEAD = do_any  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def maintenance(port: int) -> Iterator[list[str]]:
    """Answer everything at this port with a note; yield the paths that were asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Maintenance,), {"asked": asked})
    with _Reusing(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()


class _Reusing(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with ExitStack() as stack:
        yield Server(tmp_path, stack)


def test_maintenance_page_replaces_neither_page_nor_model(server: Server, context: BrowserContext) -> None:
    first = opened(context, server.served.url)
    first.wait_for_selector(OFFLINE_READY)
    version = first.evaluate(KEPT_MODEL)
    first.close()
    server.stop()
    with maintenance(int(server.served.url.rpartition(":")[2])) as asked:
        page = opened(context, server.served.url)
        check_page_has_its_model(page, version)
        wait_until(lambda: {"/", "/api/model/latest"} <= {*asked})
        page.reload()
        check_page_has_its_model(page, version)
        page.close()
    context.set_offline(True)
    page = opened(context, server.served.url)
    check_page_has_its_model(page, version)
    play(page, 1)


def check_page_has_its_model(page: Page, version: str) -> None:
    page.wait_for_selector("html[data-ui=ready]")
    wait_for_engine(page)
    wait_until(lambda: any(map(any, predictions(page))))
    assert page.evaluate(KEPT_MODEL) == version
    assert NO_MODEL not in (page.text_content("body") or "")
