"""WebKitGTK by WebDriver, https://www.w3.org/TR/webdriver2: only the part that the tests need."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from tests.patience import PATIENCE

PROGRAM = "WebKitWebDriver"
NEEDS = (PROGRAM, "Xvfb")


class WebKit:
    """One tab."""

    def __init__(self, driver: httpx.Client) -> None:
        self._driver = driver
        self._session = ""
        capabilities = {"alwaysMatch": {"timeouts": {"script": int(PATIENCE * 1000)}}}
        self._session = "/session/" + self._post("/session", capabilities=capabilities)["sessionId"]

    def open(self, url: str) -> None:
        self._post("/url", url=url)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression; a promise is awaited."""
        return self._post("/execute/sync", script=f"return {expression}", args=[])

    def click(self, selector: str) -> None:
        """Click with the mouse, as a listener would."""
        self.evaluate(f"document.querySelector('{selector}').scrollIntoView({{ block: 'center' }})")
        found = self._post("/element", using="css selector", value=selector)
        self._post(f"/element/{next(iter(found.values()))}/click")

    def close(self) -> None:
        self._driver.delete(self._session)

    def _post(self, path: str, **body: Any) -> Any:
        answer = self._driver.post(self._session + path, json=body)
        assert answer.is_success, answer.text
        return answer.json()["value"]


@contextmanager
def webkit(folder: Path, environment: Mapping[str, str]) -> Iterator[WebKit]:
    """Run WebKitGTK's MiniBrowser on a virtual screen, with its data in `folder`."""
    with _screen() as display:
        data = {"XDG_DATA_HOME": str(folder / "data"), "XDG_CACHE_HOME": str(folder / "cache")}
        # Off by default in WebKitGTK; Safari has it.
        memory = {"JSC_useSharedArrayBuffer": "true"}
        with _driver({**environment, **data, **memory, "DISPLAY": display}) as driver:
            tab = WebKit(driver)
            try:
                yield tab
            finally:
                tab.close()


@contextmanager
def _screen() -> Iterator[str]:
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]
    process = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as display:
            yield ":" + display.readline().strip()
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


@contextmanager
def _driver(environment: Mapping[str, str]) -> Iterator[httpx.Client]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([PROGRAM, f"--port={port}"], env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
            _wait_for(client)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait_for(client: httpx.Client) -> None:
    end = monotonic() + PATIENCE
    while monotonic() < end:
        try:
            client.get("/status")
            return
        except httpx.ConnectError:
            sleep(0.05)
    raise AssertionError(f"{PROGRAM} does not answer")
