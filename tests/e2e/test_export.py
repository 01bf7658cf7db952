"""An exported copy of the page on a static host, without our headers and not at the root."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from app.errors import SetupError
from app.export import export_site
from app.server.settings import Settings
from tests.e2e.injections import SINKS, inject, ran, serve_foreign_script
from tests.e2e.listener import play, wait_for_engine
from tests.e2e.training_listener import rate_and_train


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("host")
    export_site(root / "music" / "player", Settings.from_environment({}))
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "--directory",
        str(root),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            port = re.search(r"port (\d+)", server.stdout.readline() if server.stdout else "")
            assert port
            yield f"http://127.0.0.1:{port[1]}/music/player/"
        finally:
            server.terminate()


def test_exported_page_plays_records_and_trains_without_our_server(
    context: BrowserContext, host: str
) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(host)
    page.wait_for_function("crossOriginIsolated && document.documentElement.dataset.ui")
    play(page, 1)
    wait_for_engine(page)
    rate_and_train(page)
    assert page.is_disabled("[name=sync]")
    assert page.is_disabled("[name=player]")
    assert "no server" in page.inner_text("#sync-card")
    assert "no server" in (page.text_content("#player-status") or "")
    assert all(url.startswith((host, "blob:")) for url in asked)
    assert not [url for url in asked if "/api/" in url]


def test_nothing_injected_into_an_exported_page_runs(context: BrowserContext, host: str) -> None:
    page = context.new_page()
    serve_foreign_script(context)
    page.goto(host)
    page.wait_for_function("crossOriginIsolated && document.documentElement.dataset.ui")
    assert page.evaluate(SINKS) == []
    inject(page)
    assert ran(page) == set()


def test_export_leaves_a_foreign_folder_unchanged(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SetupError, match="something else"):
        export_site(tmp_path, Settings.from_environment({}))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
