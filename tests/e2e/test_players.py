"""The player contract: the same actions through each player on the real page give the same events."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route
from playwright.sync_api import TimeoutError as Timeout

from app.paths import paths
from sidflow_feedback.types import Record
from tests.contracts.player_contract import (
    EVENTS,
    LONG,
    LONG_SECONDS,
    SHORT,
    SHORT_SECONDS,
    SONGS,
    check_context,
    recorded_events,
)
from tests.e2e.listener import OUTBOX, WITHOUT_ENGINE
from tests.patience import patient, wait_until
from tests.served import Served, serve
from tests.server.ultimate_device import Device, ultimate

ROWS = {LONG: 1, SONGS: 4, SHORT: 5}
ALSA_NULL = "pcm.!default { type null }\n"
PRESS_UNTIL_OPEN = """{
    const pressing = setInterval(() => {
        const tab = document.querySelector("#tab-preferences");
        tab?.click();
        if (tab?.getAttribute("aria-selected") === "true") clearInterval(pressing);
    }, 1);
}"""
CHANGES = [("wasm", "stream"), ("stream", "cli"), ("cli", "u64"), ("u64", "wasm")]


@pytest.fixture(scope="module")
def device() -> Iterator[Device]:
    with ultimate() as device:
        yield device


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory, device: Device) -> Iterator[Served]:
    """A server with local players, and ALSA's null device instead of speakers."""
    folder = tmp_path_factory.mktemp("silent")
    (folder / "asound.conf").write_text(ALSA_NULL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALSA_CONFIG_PATH", str(folder / "asound.conf"))
        with serve(folder, "--local-players", "--ultimate", device.address) as served:
            yield served


@pytest.fixture
def page(browser: Browser, silent: Served) -> Iterator[Page]:
    """A page without an engine: events stay in the outbox, and the queue follows the list."""
    with patient(browser.new_context()) as context:
        page = context.new_page()
        thrown: list[str] = []
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.add_init_script(WITHOUT_ENGINE)
        page.route("**/catalog.json", _serve_catalog)
        page.goto(f"{silent.url}/#token={silent.token}")
        page.wait_for_selector("html[data-ui=ready]")
        yield page
        assert thrown == []


def _serve_catalog(route: Route) -> None:
    catalog = json.loads((paths().vendor / "tunes" / "catalog.json").read_text())
    tunes: list[Record] = catalog["tunes"]
    songs = next(tune for tune in tunes if tune["songs"] > 1)
    tunes.remove(songs)
    tunes.insert(ROWS[SONGS] - 1, songs)
    for number, tune in enumerate(tunes, 1):
        length = SHORT_SECONDS if number == ROWS[SHORT] else LONG_SECONDS
        tune["lengths"] = [length] * tune["songs"]
    route.fulfill(json=catalog)


class PageListener:
    """Uses the page with the player `first`, then with `second`."""

    def __init__(self, page: Page, first: str, second: str, broken: Path) -> None:
        self.page = page
        self.second = second
        self.broken = broken
        self.set_up(first)

    def set_up(self, player: str) -> None:
        self.page.click("#tab-preferences")
        self.page.select_option("[name=player]", player)
        self.page.wait_for_function("document.querySelectorAll('#player-status dd').length === 4")
        self.page.click("#tab-play")

    def wait_for(self, condition: str, argument: Any = None) -> None:
        try:
            self.page.wait_for_function(condition, arg=argument)
        except Timeout as exc:
            raise AssertionError(
                f"timed out; the page's notice: {self.page.text_content('#notice')}"
            ) from exc

    def wait_for_plays(self, count: int) -> None:
        self.wait_for("count => globalThis.events().filter(e => e.action === 'play').length >= count", count)

    def plays(self) -> int:
        return sum(event["action"] == "play" for event in self.events())

    def choose(self, tune: str) -> None:
        title = self.page.text_content(f"#tunes tbody tr:nth-child({ROWS[tune]}) .name")
        same = title == self.page.text_content("#now-title")
        plays = self.plays()
        self.page.click(f"#tunes tbody tr:nth-child({ROWS[tune]}) button.tune")
        if not same:
            self.wait_for_plays(plays + 1)
        self.wait_until_playing()

    def wait_until_playing(self) -> None:
        self.wait_for("document.querySelector('footer').dataset.status === 'playing'")

    def listen(self, seconds: float) -> None:
        self.page.wait_for_timeout(1000 * seconds)

    def pause(self) -> None:
        self.page.click("#play-pause")
        self.wait_for("document.querySelector('footer').dataset.status === 'paused'")

    def resume(self) -> None:
        self.page.click("#play-pause")
        self.wait_until_playing()

    def seek(self, seconds: float) -> None:
        if self.page.is_enabled("#progress"):
            self.page.fill("#progress", str(seconds / LONG_SECONDS))

    def next(self) -> None:
        plays = self.plays()
        self.page.click("#next")
        self.wait_for_plays(plays + 1)

    def double_next(self) -> None:
        plays = self.plays()
        self.page.dblclick("#next")
        self.wait_for_plays(plays + 1)

    def like(self) -> None:
        self.page.click("#like:enabled")

    def set_song(self, song: int) -> None:
        plays = self.plays()
        self.page.select_option("#song", str(song))
        self.wait_for_plays(plays + 1)

    def hide(self) -> None:
        other = self.page.context.new_page()
        other.bring_to_front()
        self.page.wait_for_timeout(300)
        other.close()
        self.page.bring_to_front()

    def open_broken_file(self) -> None:
        self.page.set_input_files("#own-file", self.broken)
        self.page.wait_for_selector("#notice:not([hidden])")
        assert (self.page.text_content("#notice") or "").startswith("broken.sid can't be played.")

    def wait_for_end(self) -> None:
        self.wait_for(
            """() => {
                const actions = globalThis.events().map(({ action }) => action);
                const end = actions.lastIndexOf("play_complete");
                return end >= 0 && actions.indexOf("play", end) > end;
            }"""
        )

    def switch(self) -> None:
        self.page.click("#tab-preferences")
        self.page.select_option("[name=player]", self.second)
        self.wait_for("name => document.querySelector('footer').dataset.pipeline === name", self.second)
        self.wait_until_playing()

    def events(self) -> list[Record]:
        found: list[Record] = self.page.evaluate("globalThis.events()")
        return found


@pytest.mark.parametrize(("first", "second"), CHANGES)
def test_contract(page: Page, tmp_path: Path, first: str, second: str) -> None:
    if "cli" in (first, second) and shutil.which("sidplayfp") is None:
        pytest.skip("sidplayfp is not installed")
    broken = tmp_path / "broken.sid"
    broken.write_bytes(b"PSID\x00\x02 and then nothing")
    page.evaluate(f"globalThis.events = () => {OUTBOX}")
    listener = PageListener(page, first, second, broken)
    assert recorded_events(listener) == EVENTS
    events = listener.events()
    for name in (first, second):
        of_player = [event for event in events if event["pipeline"] == name]
        check_context(of_player, positions=name in ("wasm", "stream"))


def test_device_failure_is_reported_and_playback_can_be_retried(
    page: Page, device: Device, tmp_path: Path
) -> None:
    page.evaluate(f"globalThis.events = () => {OUTBOX}")
    listener = PageListener(page, "u64", "wasm", tmp_path)
    listener.choose(LONG)
    device.errors.append("the cable is out")
    page.wait_for_selector("#notice:not([hidden])")
    assert "refused: the cable is out" in (page.text_content("#notice") or "")
    device.errors.clear()
    listener.resume()
    listener.switch()
    listener.next()
    assert [event["action"] for event in listener.events()] == ["play", "play", "skip_early", "play"]
    wait_until(lambda: device.calls[-1] == "PUT /v1/machine:reset")  # Otherwise the device plays on.


def test_token_is_kept_but_not_shown_and_without_it_preferences_say_how_to_get_one(
    page: Page, silent: Served
) -> None:
    page.goto(silent.url)
    page.wait_for_selector("html[data-ui=ready]")
    assert silent.token not in page.url
    assert player_statuses(page)[3] == "ready"
    page.evaluate("localStorage.removeItem('sidflow.token')")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    statuses = player_statuses(page)
    assert statuses[:2] == ["ready", "ready"]
    assert all("only on the machine that runs the server" in text for text in statuses[2:])
    shown = page.inner_text("#player-card")
    assert "Not available: sidplayfp, Ultimate 64. Details say why." in shown
    assert "--local-players" not in shown, "it belongs to the details, which are folded"
    page.evaluate("token => { location.hash = `token=${token}` }", silent.token)
    page.wait_for_function("location.hash === ''")
    page.click("#check-players")
    page.wait_for_function("document.querySelector('#player-status dd:last-child').textContent === 'ready'")


def test_link_to_preferences_shows_the_available_players(page: Page, silent: Served) -> None:
    page.goto(f"{silent.url}/#/preferences")
    page.reload()
    page.wait_for_function("document.querySelectorAll('#player-status dd').length === 4")


def test_tab_opened_as_soon_as_it_reacts_shows_the_available_players(page: Page, silent: Served) -> None:
    page.add_init_script(PRESS_UNTIL_OPEN)
    page.goto(silent.url)
    page.wait_for_function("document.querySelectorAll('#player-status dd').length === 4")


def player_statuses(page: Page) -> list[str]:
    page.click("#tab-preferences")
    page.wait_for_function("document.querySelectorAll('#player-status dd').length === 4")
    return page.locator("#player-status dd").all_text_contents()
