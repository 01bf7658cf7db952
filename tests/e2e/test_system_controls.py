"""The playing tune outside of the page: title of the tab, media keys, lock screen; the installed app."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.conftest import usable
from tests.e2e.listener import WITHOUT_ENGINE, play
from tests.served import Served

MAX_PICTURE = 60_000
"""Bytes of an icon or screenshot."""

KEEP_HANDLERS = """
    globalThis.handlers = {};
    const set = MediaSession.prototype.setActionHandler;
    MediaSession.prototype.setActionHandler = function (action, handler) {
      handlers[action] = handler;
      return set.call(this, action, handler);
    };
    const setPosition = MediaSession.prototype.setPositionState;
    MediaSession.prototype.setPositionState = function (state) {
      globalThis.shownPosition = state;
      return setPosition.call(this, state);
    };
    const play = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () { globalThis.silence = this; return play.call(this); };
"""


PRESS_PREVIOUS_WHEN_PLAYING = """() => {
    if (!document.querySelector("#like:enabled")) return false;
    handlers.previoustrack({ action: "previoustrack" });
    return true;
}"""
"""At once: three seconds later, it would begin the tune again."""


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """The page without an engine, with what it tells the browser's media session kept."""
    page = context.new_page()
    page.add_init_script(WITHOUT_ENGINE)
    page.add_init_script(KEEP_HANDLERS)
    with usable(page, served) as page:
        yield page


def press(page: Page, action: str, **details: float) -> None:
    """Do what the browser does when the listener uses a media key or the lock screen."""
    page.evaluate("([action, details]) => handlers[action]({ action, ...details })", [action, details])


def wait_status(page: Page, status: str) -> None:
    page.wait_for_function("status => document.querySelector('footer').dataset.status === status", arg=status)


def metadata(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        """() => {
            const { title, artist, album, artwork } = navigator.mediaSession.metadata;
            return { title, artist, album, picture: artwork[0].src };
        }"""
    )
    return found


def test_media_session_shows_the_tune_and_its_keys_control_it(page: Page) -> None:
    play(page, 1)
    wait_status(page, "playing")
    title = page.text_content("#now-title")
    shown = metadata(page)
    assert (shown["title"], shown["artist"]) == (title, page.text_content("#now-detail"))
    assert "sidflow" in shown["album"]
    assert page.request.get(shown["picture"]).headers["content-type"] == "image/png"
    assert page.evaluate("navigator.mediaSession.playbackState") == "playing"
    page.wait_for_function("!silence.paused && silence.loop && silence.duration > 5")
    press(page, "pause")
    wait_status(page, "paused")
    press(page, "pause")
    assert page.evaluate("[navigator.mediaSession.playbackState, silence.paused]") == ["paused", True]
    press(page, "play")
    wait_status(page, "playing")
    press(page, "seekto", seekTime=40)
    page.wait_for_function("sidPlayer.position >= 40 && shownPosition.position >= 40")
    wait_status(page, "playing")
    press(page, "seekforward")
    page.wait_for_function("sidPlayer.position >= 50 && sidPlayer.progress === 1")
    press(page, "seekbackward", seekOffset=30)
    page.wait_for_function("sidPlayer.position < 40 && sidPlayer.progress === 1")
    wait_status(page, "playing")
    press(page, "nexttrack")
    page.wait_for_function("old => navigator.mediaSession.metadata.title !== old", arg=title)
    page.wait_for_function(PRESS_PREVIOUS_WHEN_PLAYING)
    page.wait_for_function("old => navigator.mediaSession.metadata.title === old", arg=title)


def test_the_tab_is_called_like_the_tune(page: Page) -> None:
    assert page.title() == "sidflow"
    icon = page.request.get(urljoin(page.url, page.get_attribute("link[rel=icon]", "href") or ""))
    assert icon.headers["content-type"].startswith("image/svg+xml")
    play(page, 1)
    tune, author = page.text_content("#now-title"), page.text_content("#now-detail")
    assert page.title() == f"{tune} – {author} · sidflow"
    page.click("#play-pause")
    wait_status(page, "paused")
    assert page.title() == f"{tune} – {author} · sidflow"


def test_the_page_can_be_installed(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    found = session.send("Page.getAppManifest")
    assert found["errors"] == []
    manifest = json.loads(found["data"])
    pictures = [*manifest["icons"], *manifest["screenshots"]]
    for picture in pictures:
        answer = page.request.get(urljoin(found["url"], picture["src"]))
        assert answer.headers["content-type"].startswith(picture["type"])
        if picture["type"] == "image/png":
            width, height = (int.from_bytes(answer.body()[at : at + 4]) for at in (16, 20))
            assert picture["sizes"] == f"{width}x{height}"
            assert max(width, height) <= 2.3 * min(width, height), "browsers take no others"
        assert len(answer.body()) <= MAX_PICTURE
    assert {picture["form_factor"] for picture in manifest["screenshots"]} == {"wide", "narrow"}
    kept = page.request.get(urljoin(found["url"], "../files.json")).json()
    assert not [address for address in kept if "screenshots" in address], "no page needs them offline"
    assert {icon.get("purpose", "any") for icon in manifest["icons"]} == {"any", "maskable"}
    problems = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {problem["errorId"] for problem in problems} <= {"in-incognito"}, "as all contexts of a test are"
