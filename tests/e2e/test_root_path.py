"""The page below a path of a site, behind a real nginx."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.listener import play, rate, wait_for_count, wait_for_engine
from tests.patience import PATIENCE, wait_until
from tests.served import serve

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        absolute_redirect off;
        location /sidflow{slash} {{
            proxy_pass {to};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
    }}
}}
"""


@contextmanager
def nginx(folder: Path, to: str, slash: str) -> Iterator[str]:
    """Serve `to` below /sidflow; yield nginx's own address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, to=to, slash=slash))
    assert NGINX
    proxy = subprocess.Popen([NGINX, "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: proxy.poll() is not None or _accepts(port))
        assert proxy.poll() is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        proxy.terminate()
        proxy.wait(PATIENCE)


def _accepts(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(params=["removes the path", "passes the path on"])
def proxied(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, Path]]:
    """The address of nginx, and the database of the server behind it."""
    if not NGINX:
        pytest.skip("nginx is not installed (on Debian: apt-get install nginx-light)")
    removes = request.param == "removes the path"
    options = () if removes else ("--root-path", "/sidflow/")
    with (
        serve(tmp_path, *options) as served,
        nginx(tmp_path, served.url + "/" * removes, "/" * removes) as url,
    ):
        yield url, served.database


def test_all_of_the_page_works_below_a_path(context: BrowserContext, proxied: tuple[str, Path]) -> None:
    site, database = proxied
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(f"{site}/sidflow")
    page.wait_for_selector("html[data-ui=ready]")
    assert page.url == f"{site}/sidflow/"
    play(page, 1)
    wait_for_engine(page)
    rate(page, e=4, m=3, c=2, p=5)
    page.click("#tab-preferences")
    wait_for_count(page, "ratings", 1)
    page.check("[name=sync]")
    page.wait_for_selector("#sync-now:enabled")
    page.click("#sync-now")
    wait_for_count(page, "ratings", 1, "synced")
    with closing(sqlite3.connect(database)) as events:
        assert events.execute("SELECT count(*) FROM events").fetchone()[0] >= 1
    _stream(page)
    page.wait_for_selector("html[data-offline=ready]")
    assert page.evaluate("navigator.serviceWorker.ready.then(({scope}) => scope)") == f"{site}/sidflow/"
    outside = {url for url in asked if not url.startswith((f"{site}/sidflow", "blob:", "data:"))}
    assert outside == set()


def _stream(page: Page) -> None:
    """Play with the server's sound, which the page fetches from the API."""
    page.select_option("[name=player]", "stream")
    with page.expect_response(lambda response: response.url.endswith(".wav")) as response:
        play(page, 2)
    assert response.value.ok
