"""The path of an event in Firefox and WebKitGTK: played, rated, stored, trained on, still there later."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

import pytest

from tests.e2e.listener import PREDICTIONS
from tests.others import firefox, webkit
from tests.others.sound import silent_sound_card
from tests.patience import PATIENCE
from tests.served import serve

RATED = 12

IS_PLAYING = "document.querySelector('#like:enabled') !== null"
COUNT_LATENCY_READS = """(() => {
    globalThis.questions = 0;
    const latency = { get() { questions++; return 0; } };
    Object.defineProperty(AudioContext.prototype, "outputLatency", latency);
})()"""
"""Counts reads of the latency: each can hang Firefox, which waits for its own audio thread."""

IS_RATED = """document.querySelector('#rate-result').textContent.startsWith('Rated')"""


class Tab(Protocol):
    """A tab of some browser."""

    def open(self, url: str) -> None: ...
    def evaluate(self, expression: str) -> Any: ...
    def click(self, selector: str) -> None: ...


Open = Callable[[Path, Mapping[str, str]], AbstractContextManager[Tab]]
BROWSERS: dict[str, tuple[tuple[str, ...], Open]] = {
    "firefox": (firefox.NEEDS, firefox.firefox),
    "webkit": (webkit.NEEDS, webkit.webkit),
}


@pytest.fixture(params=BROWSERS)
def tab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tab]:
    """The usable page in one of the browsers."""
    programs, browser = BROWSERS[request.param]
    missing = [name for name in (*programs, "pulseaudio") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    for name in ("run", "profile", "served"):
        (tmp_path / name).mkdir(mode=0o700)
    with (
        serve(tmp_path / "served") as served,
        silent_sound_card(tmp_path / "run") as environment,
        browser(tmp_path / "profile", environment) as tab,
    ):
        tab.open(served.url)
        wait(tab, "document.documentElement.dataset.ui === 'ready'")
        yield tab


def wait(tab: Tab, condition: str) -> None:
    """Wait until the condition is true on the page."""
    end = monotonic() + PATIENCE
    while not tab.evaluate(condition):
        assert monotonic() < end, f"not so after {PATIENCE} s: {condition}; {tab.evaluate(NOTICES)}"
        sleep(0.1)


NOTICES = (
    "[...document.querySelectorAll('.notices > :not([hidden])')].map((notice) => notice.textContent.trim())"
)


def model(tab: Tab, kind: str) -> None:
    wait(tab, f"(document.documentElement.dataset.model ?? '').startsWith('{kind}')")


def rate(tab: Tab, **ratings: int) -> None:
    for dimension, value in ratings.items():
        tab.click(f'fieldset[data-dimension={dimension}] label:has(input[value="{value}"])')
    tab.click("#rate-form [type=submit]")
    wait(tab, IS_RATED)


def test_page_plays_stores_and_learns(tab: Tab) -> None:
    tab.evaluate(COUNT_LATENCY_READS)
    tab.click("#start-listening")
    wait(tab, IS_PLAYING)
    wait(tab, "sidPlayer.stats().peak > 0 && sidPlayer.position > 1")
    assert tab.evaluate("questions") == 0 or not tab.evaluate("navigator.userAgent.includes('Firefox/')")
    model(tab, "global")
    before = tab.evaluate(PREDICTIONS)
    for number in range(RATED):
        tab.click("#tab-rate")
        rate(tab, e=1, m=1, c=1 + number % 2)
        tab.click("#rate-next")
        wait(tab, f"document.querySelector('#rate-result').textContent === '' && {IS_PLAYING}")
    tab.click("#tab-preferences")
    tab.click("label:has([name=training])")
    model(tab, "local")
    after = tab.evaluate(PREDICTIONS)
    assert mean(after) < mean(before)
    tab.evaluate("location.reload()")
    wait(tab, "document.documentElement.dataset.ui === 'ready'")
    model(tab, "local")
    # The list may show more rows or fewer, since the page offers to go on with the tune.
    first = json.dumps(after[:5], separators=(",", ":"))
    wait(tab, f"JSON.stringify({PREDICTIONS}.slice(0, 5)) === '{first}'")
    ratings = "document.querySelector('#counts tr[data-status=pending] > :nth-child(2)')?.textContent"
    wait(tab, f"{ratings} === '{RATED}'")


def mean(predictions: list[list[float]]) -> float:
    """Return the mean predicted energy."""
    return sum(row[0] for row in predictions) / len(predictions)
