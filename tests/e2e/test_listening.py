"""A listener plays tunes, and their actions are recorded."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.e2e.listener import (
    hold_engine,
    outbox,
    play,
    rate,
    rows,
    stats,
    wait_for_count,
    wait_for_engine,
    wait_until_playing,
)
from tests.patience import wait_until
from tests.served import Served


def actions(page: Page) -> list[str]:
    return [row["action"] for row in rows(page, "implicit-events")]


def test_tune_plays_audibly(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.wait_for_function("window.sidPlayer.stats().rms > 0.001")
    first = stats(page)["framesPlayed"]
    page.wait_for_function(f"window.sidPlayer.stats().framesPlayed > {first + 44100}")
    page.click("#play-pause")
    page.wait_for_function(
        "window.sidPlayer.stats().rms < 0.001 || document.querySelector('#play-pause').ariaLabel === 'Play'"
    )
    wait_until(lambda: stands_still(page))


def stands_still(page: Page) -> bool:
    before = stats(page)["framesPlayed"]
    page.wait_for_timeout(500)
    return stats(page)["framesPlayed"] == before


def test_catalog_is_large_and_varied(without_engine: Page) -> None:
    titles = without_engine.locator("#tunes tbody .name").all_text_contents()
    assert len(titles) >= 48
    assert len(set(titles)) == len(titles)


def test_events_from_before_the_engine_is_ready_are_kept(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    start_engine = hold_engine(page)
    page.goto(served.url)
    play(page, 1)
    page.click("#like")
    assert page.get_attribute("html", "data-engine") != "ready"
    start_engine()
    wait_for_engine(page)
    wait_for_count(page, "implicit", 2)
    assert actions(page) == ["play", "like"]


def test_one_click_on_next_is_one_skip(without_engine: Page) -> None:
    page = without_engine
    play(page, 1)
    page.click("#next")
    wait_until_playing(page)
    page.click("#play-pause")
    page.click("#play-pause")
    wait_until_playing(page)
    assert [event["action"] for event in outbox(page)] == ["play", "skip_early", "play"]


def test_events_and_ratings_survive_a_reload(page: Page) -> None:
    wait_for_engine(page)
    play(page, 2)
    page.click("#like")
    rate(page, e=4, m=2, c=3, p=1)
    wait_for_count(page, "ratings", 1)
    wait_for_count(page, "implicit", 2)
    page.reload()
    wait_for_engine(page)
    wait_for_count(page, "ratings", 1)
    [rating] = rows(page, "ratings")
    assert rating["ratings"] == {"e": 4, "m": 2, "c": 3, "p": 1}
    assert rating["features"]["duration"] > 0
    assert rating["syncStatus"] == "pending"
    assert abs(rating["timestamp"] / 1000 - time.time()) < 600
    assert actions(page) == ["play", "like"]


@pytest.mark.usefixtures("whole_processor")
def test_own_file_plays_and_is_identified_by_its_content(page: Page, own_tune: Path) -> None:
    wait_for_engine(page)
    page.set_input_files("#own-file", own_tune)
    wait_until_playing(page)
    page.click("#play-pause")  # The tune must not end before it is analyzed.
    page.wait_for_selector("#tunes tbody tr:first-child .why:not([hidden])")
    page.click("#like")
    wait_for_count(page, "implicit", 2)
    like = rows(page, "implicit-events")[1]
    assert like["sidPath"] == "sha256:" + hashlib.sha256(own_tune.read_bytes()).hexdigest()
    assert like["features"]["rms"] > 0
    assert own_tune.name not in str(like)


def test_broken_file_is_reported_and_changes_nothing(without_engine: Page, tmp_path: Path) -> None:
    page = without_engine
    broken = tmp_path / "broken.sid"
    broken.write_bytes(b"PSID\x00\x02 and then nothing")
    tunes = page.locator("#tunes tbody tr").count()
    page.set_input_files("#own-file", broken)
    page.wait_for_selector("#notice:not([hidden])")
    notice = page.text_content("#notice") or ""
    assert notice.startswith("broken.sid can't be played.")
    assert "JsProxy" not in notice
    assert page.text_content("#collection-result") == "", "its reason says it all"
    assert page.is_hidden("#skipped")
    play(page, 1)
    assert page.locator("#tunes tbody tr").count() == tunes
    page.wait_for_selector("#notice", state="hidden")


def test_files_of_which_none_can_be_played_are_reported_with_their_reasons(
    without_engine: Page, tmp_path: Path
) -> None:
    page = without_engine
    page.set_viewport_size({"width": 360, "height": 740})
    files = [tmp_path / name for name in ("a.sid", "b.sid", "c.sid")]
    for file in files:
        file.write_bytes(b"PSID\x00\x02 and then nothing")
    page.set_input_files("#own-file", files)
    page.wait_for_selector("#collection-result:not(:empty)")
    assert page.text_content("#collection-result") == "None of the 3 files can be played."
    assert page.text_content("#skipped summary") == "3 files skipped"
    reasons = page.locator("#skipped li")
    assert [reason.partition(": ")[0] for reason in reasons.all_text_contents()] == [
        "a.sid",
        "b.sid",
        "c.sid",
    ]
    assert all(reasons.nth(number).is_visible() for number in range(3))
    assert page.is_hidden("#notice")
    page.set_input_files("#own-file", tmp_path / "a.sid")
    page.wait_for_selector("#notice:not([hidden])")
    page.wait_for_selector("#skipped", state="hidden")


def test_each_song_of_a_tune_is_a_separate_listen(without_engine: Page) -> None:
    page = without_engine
    with_songs = page.evaluate(
        """async () => {
            const catalog = await (await fetch('/static/vendor/tunes/catalog.json')).json();
            return catalog.tunes.findIndex(tune => tune.songs > 1) + 1;
        }"""
    )
    play(page, with_songs)
    page.select_option("#song", "2")
    wait_until(lambda: len(outbox(page)) == 3)
    found = [(event["action"], event["song"]) for event in outbox(page)]
    assert found == [("play", 1), ("skip_early", 1), ("play", 2)]
