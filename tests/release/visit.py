"""Serves an installed application and visits it with Chromium: `visit.py ENVIRONMENT DATA`. Prints figures.

It runs without a network: the test has none for it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.e2e.listener import play, rate, wait_for_count, wait_for_engine
from tests.patience import PATIENCE, patient


def main(environment: Path, data: Path) -> None:
    """Serve, play, and rate; print the seconds until the address, and requests to other hosts."""
    began = time.monotonic()
    with subprocess.Popen(
        [environment / "bin" / "sidflow-feedback", "serve", "--port", "0"],
        env={"PATH": "/nowhere", "HOME": str(data)},
        cwd=data,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        found = re.search(r"http://[\d.:]+/", server.stdout.readline())
        seconds = time.monotonic() - began
        assert found, "the server ended without an address"
        asked = _visit(found[0])
        server.terminate()
        server.wait(PATIENCE)
    elsewhere = [url for url in asked if not url.startswith((found[0], "blob:", "data:"))]
    print(json.dumps({"seconds_to_address": round(seconds, 2), "elsewhere": elsewhere}))


def _visit(url: str) -> list[str]:
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        context = patient(browser.new_context())
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("html[data-ui=ready]")
        play(page, 1)
        wait_for_engine(page)
        rate(page, e=4, m=3, c=2, p=5)
        wait_for_count(page, "ratings", 1)
        browser.close()
    return asked


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
