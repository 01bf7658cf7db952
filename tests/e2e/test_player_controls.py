"""The card of the playing tune and its controls."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from app.paths import paths
from tests.e2e.listener import WITHOUT_ENGINE, outbox, stats
from tests.patience import patient
from tests.served import Served

LENGTH = 100.0
COUNT_DRAWN_FRAMES = """
    globalThis.pictures = 0;
    const stroke = CanvasRenderingContext2D.prototype.stroke;
    CanvasRenderingContext2D.prototype.stroke = function () { pictures++; return stroke.call(this); };
"""


@pytest.fixture(scope="module")
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """One page for all tests, with the first tune selected; its engine never starts."""
    with patient(browser.new_context()) as context:
        page = context.new_page()
        thrown: list[str] = []
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.add_init_script(WITHOUT_ENGINE)
        page.add_init_script(COUNT_DRAWN_FRAMES)
        page.route("**/catalog.json", _serve_catalog)
        page.goto(served.url)
        page.wait_for_selector("html[data-ui=ready]")
        page.evaluate("document.querySelector('#played-with').open = true")
        yield page
        assert thrown == []


def _serve_catalog(route: Route) -> None:
    catalog = json.loads((paths().vendor / "tunes" / "catalog.json").read_text())
    for tune in catalog["tunes"]:
        tune["lengths"] = [LENGTH] * tune["songs"]
    route.fulfill(json=catalog)


@pytest.fixture(autouse=True)
def first_tune_plays(page: Page) -> None:
    page.click("#tab-play")
    if page.get_attribute("footer", "data-status") == "playing":
        page.click("#play-pause")
        wait_status(page, "paused")
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_status(page, "playing")


def play_another(page: Page) -> None:
    before = page.text_content("#now-name")
    page.click("#tunes tbody tr:nth-child(2) button.tune")
    page.wait_for_function("name => document.querySelector('#now-name').textContent !== name", arg=before)
    wait_status(page, "playing")


def wait_status(page: Page, status: str) -> None:
    page.wait_for_function("status => document.querySelector('footer').dataset.status === status", arg=status)


def wait_position(page: Page, seconds: float) -> None:
    page.wait_for_function("seconds => sidPlayer.position > seconds", arg=seconds)


def position(page: Page) -> float:
    found: float = page.evaluate("sidPlayer.position")
    return found


def facts(page: Page) -> dict[str, str]:
    names = page.locator("#now-facts dt").all_text_contents()
    return dict(zip(names, page.locator("#now-facts dd").all_text_contents(), strict=True))


def test_card_shows_tune_clock_and_chip(page: Page) -> None:
    assert page.text_content("#now-name") == page.text_content("#now-title")
    shown = facts(page)
    assert shown["Song"] == "1 of 1"
    assert shown["Length"] == "1:40, from the catalog"
    assert shown["Clock"] in ("PAL (as in the file)", "NTSC (as in the file)")
    assert shown["Chip"] in ("6581 (as in the file)", "8580 (as in the file)")
    assert "sidflow" in shown["Released"]


def test_keyboard_seek_shows_progress_and_plays_nothing_skipped(page: Page) -> None:
    page.evaluate(
        """() => {
          globalThis.ways = [];
          const seeking = document.querySelector("#seeking");
          new MutationObserver(() => { if (!seeking.hidden) ways.push(seeking.value); })
            .observe(seeking, { attributes: true });
        }"""
    )
    page.focus("#progress")
    for _ in range(6):
        page.keyboard.press("PageUp")  # A tenth of the length each.
    wait_status(page, "playing")
    wait_position(page, 60)
    assert page.evaluate("ways.length") > 0
    page.wait_for_selector("#seeking", state="hidden")
    assert (page.get_attribute("#progress", "aria-valuetext") or "").endswith(" of 1:40")
    page.click("#like:enabled")
    like = outbox(page)[-1]
    assert like["position"] - like["listenedSeconds"] > 30
    page.focus("#progress")
    page.keyboard.press("Home")
    page.wait_for_function("sidPlayer.position < 10")
    wait_status(page, "playing")


def test_seek_while_paused_stays_paused(page: Page) -> None:
    page.click("#play-pause")
    wait_status(page, "paused")
    page.fill("#progress", "0.5")
    page.wait_for_function("sidPlayer.progress === 1 && document.querySelector('#seeking').hidden")
    assert position(page) == LENGTH / 2
    assert page.text_content("#position") == "0:50"
    assert page.get_attribute("footer", "data-status") == "paused"
    page.click("#play-pause")
    wait_position(page, LENGTH / 2 + 0.2)


def test_muted_voices_are_silent_until_the_tune_changes(page: Page) -> None:
    wait_position(page, 1)
    buttons = page.locator("#voices button")
    assert buttons.all_text_contents() == ["Voice 1", "Voice 2", "Voice 3"]
    for number in range(3):
        buttons.nth(number).click()
    page.wait_for_function("sidPlayer.stats().peak < 0.02")
    assert [one.get_attribute("aria-pressed") for one in buttons.all()] == ["true"] * 3
    assert page.get_attribute("footer", "data-status") == "playing"
    play_another(page)
    assert [one.get_attribute("aria-pressed") for one in buttons.all()] == ["false"] * 3
    page.wait_for_function("sidPlayer.stats().peak > 0.05")


def test_chip_and_clock_overrides_apply_at_once_to_all_tunes_and_persist(page: Page) -> None:
    wait_position(page, 1)
    before = facts(page)
    chip, clock = before["Chip"][:4], before["Clock"].partition(" ")[0]
    other_chip, other_clock = str(6581 + 8580 - int(chip)), {"PAL": "NTSC", "NTSC": "PAL"}[clock]
    page.select_option("#chip", other_chip)
    page.select_option("#clock", other_clock)
    used = f"{other_chip} (file: {chip})"
    page.wait_for_function(
        "used => document.querySelector('#now-facts').textContent.includes(used)", arg=used
    )
    wait_status(page, "playing")
    assert facts(page)["Clock"] == f"{other_clock} (file: {clock})"
    assert position(page) > 1
    assert json.loads(page.evaluate("localStorage['sidflow.preferences']"))["chip"] == other_chip
    play_another(page)
    assert facts(page)["Chip"].startswith(other_chip)
    page.select_option("#chip", "file")
    page.select_option("#clock", "file")
    page.wait_for_function(
        "document.querySelectorAll('#now-facts dd')[4].textContent.includes('as in the file')"
    )


def drawn_frames(page: Page, milliseconds: int) -> int:
    page.evaluate("pictures = 0")
    page.wait_for_timeout(milliseconds)
    found: int = page.evaluate("pictures")
    return found


def wait_for_drawing(page: Page) -> None:
    page.evaluate("pictures = 0")
    page.wait_for_function("pictures > 3")


def test_waveforms_move_only_while_playing_and_visible(page: Page) -> None:
    canvas = page.locator("#scope")
    canvas.scroll_into_view_if_needed()
    assert canvas.get_attribute("aria-label") == "Waveforms of 3 voices"
    wait_for_drawing(page)
    drawn = page.evaluate(
        """() => {
          const canvas = document.querySelector("#scope");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const rows = new Set();
          for (let i = 3; i < data.length; i += 4) if (data[i]) rows.add(Math.floor(i / 4 / canvas.width));
          return rows.size;
        }"""
    )
    assert drawn > 3, "the waveforms aren't flat"
    page.click("#tab-preferences")
    assert drawn_frames(page, 300) < 4
    page.click("#tab-play")
    page.click("#play-pause")
    wait_status(page, "paused")
    assert drawn_frames(page, 300) < 4
    page.click("#play-pause")
    wait_status(page, "playing")
    wait_for_drawing(page)


def test_waveforms_are_off_by_default_with_reduced_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_selector("#scope", state="hidden")
    assert page.get_attribute("#waves", "aria-pressed") == "false"
    page.click("#waves")
    page.wait_for_selector("#scope", state="visible")
    page.click("#waves")
    page.wait_for_selector("#scope", state="hidden")
    page.emulate_media(reduced_motion="no-preference")
    page.click("#waves")
    page.wait_for_selector("#scope", state="visible")


def choose_player(page: Page, name: str) -> None:
    page.click("#tab-preferences")
    page.select_option("[name=player]", name)
    page.wait_for_function("name => document.querySelector('footer').dataset.pipeline === name", arg=name)
    page.click("#tab-play")
    wait_status(page, "playing")


def test_another_player_continues_and_explains_missing_abilities(page: Page) -> None:
    page.fill("#progress", "0.2")
    wait_position(page, 20)
    choose_player(page, "stream")
    for control in ("#voices button", "#clock", "#chip", "#waves"):
        assert page.locator(control).first.is_disabled(), control
    assert page.text_content("#now-why") == (
        "This player can't mute voices, show waveforms, change the clock, chip, or sound. "
        "To do so, choose the player in this page under Preferences."
    )
    assert "Clock" not in facts(page)
    played = stats(page)["framesPlayed"]
    page.fill("#progress", "0.25")
    choose_player(page, "wasm")
    wait_position(page, 25)
    assert position(page) < 40
    assert stats(page)["framesPlayed"] - played < 20 * 44100, "playback didn't restart"
    page.wait_for_selector("#now-why", state="hidden")
