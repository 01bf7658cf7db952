"""The listener's own music is analyzed once, in the background, and the result is used."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from app.analysis import analyze_song
from app.emulator import SidEmulator
from app.paths import paths
from tests.e2e.listener import OUTBOX, outbox, wait_for_text
from tests.e2e.short_tunes import FALL_SILENT, HALT, short_tune
from tests.patience import wait_until
from tests.served import Served

TITLE = slice(0x16, 0x1D)
"""In the header of a file."""

COUNT_REQUESTS = """() => {
    globalThis.questions = 0;
    new BroadcastChannel("sidflow-feedback").onmessage = ({ data }) => {
        if (data.to === "engine" && data.type === "analyze") questions++;
    };
}"""

ROWS = """() => new Promise((resolve, reject) => {
    const opening = indexedDB.open("sidflow-tunes");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const reading = opening.result.transaction("analyses").objectStore("analyses").getAll();
        reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
    };
})"""


MANY = 24
BUTTON = "#analyze-now button"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with copies of a demo tune that count as different files, and one that can't be analyzed."""
    made = tmp_path / "Many"
    made.mkdir()
    data = bytearray((paths().vendor / "tunes" / "Acid_Mirage.sid").read_bytes())
    for number in range(MANY):
        data[TITLE] = b"Copy %02d" % number
        (made / f"{number:02d}.sid").write_bytes(data)
    (made / "halts.sid").write_bytes(short_tune(0.5, HALT, b"Halts"))
    return made


@pytest.fixture
def music(tmp_path: Path) -> list[Path]:
    """Three short files."""
    made = {
        "first": short_tune(1, FALL_SILENT, b"First"),
        "halts": short_tune(0.5, HALT, b"Halts"),
        "last": short_tune(2, FALL_SILENT, b"Last"),
    }
    for name, data in made.items():
        (tmp_path / f"{name}.sid").write_bytes(data)
    return sorted(tmp_path.glob("*.sid"))


def add(page: Page, music: list[Path]) -> None:
    for file in music:
        page.set_input_files("#own-file", file)
        page.wait_for_timeout(500)  # It may start to play.


def wait_until_analyzed(page: Page) -> None:
    page.wait_for_function(
        "document.querySelector('#analysis-status').textContent.includes(\"1 can't be analyzed.\")"
        " && document.querySelectorAll('#tunes tbody .why[hidden]').length === 1",
    )


def embedding(file: Path) -> str:
    """Return the embedding that `sidflow-feedback analyze` finds, in base64."""
    found = analyze_song(SidEmulator(), file.read_bytes()).embedding
    return base64.b64encode(found or b"").decode()


def test_song_ends_when_it_falls_silent(without_engine: Page, music: list[Path]) -> None:
    page = without_engine
    page.set_input_files("#own-file", music[0])
    page.wait_for_function(f"{OUTBOX}.length > 2")
    events = outbox(page)
    assert [event["action"] for event in events] == ["play", "play_complete", "play"]
    assert events[1]["length"] == pytest.approx(1, abs=0.1)
    assert events[1]["lengthSource"] == "measured"
    wait_until(lambda: len(page.evaluate(ROWS)) == 1)
    [row] = page.evaluate(ROWS)
    assert row["lengths"] == [events[1]["length"]]


@pytest.mark.usefixtures("whole_processor")
def test_own_music_is_analyzed_once(context: BrowserContext, served: Served, music: list[Path]) -> None:
    page = context.new_page()
    page.add_init_script(f"({COUNT_REQUESTS})()")
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    add(page, music)
    wait_until_analyzed(page)
    # The page can tell a result before it is stored.
    wait_until(lambda: sum("problems" in row for row in page.evaluate(ROWS)) == len(music))
    rows: list[dict[str, Any]] = sorted(page.evaluate(ROWS), key=lambda row: row["lengths"][0] or 9)
    assert [row["lengths"][0] for row in rows] == [pytest.approx(1, abs=0.1), pytest.approx(2, abs=0.1), None]
    assert [(row["features"][0] or {}).get("duration") for row in rows] == [row["lengths"][0] for row in rows]
    assert "halted" in rows[2]["problems"][0]
    assert [row["embeddings"][0] for row in rows] == [*map(embedding, (music[0], music[2])), None]
    assert all(len(row["sidPath"]) == len("sha256:") + 64 for row in rows)
    assert page.evaluate("questions") >= 3
    page.reload()
    page.wait_for_selector("html[data-engine=ready]")
    add(page, music)
    wait_until_analyzed(page)
    assert page.evaluate("questions") == 0


def offer(page: Page, folder: Path) -> None:
    """Add the folder, with the background analysis off."""
    page.click("#tab-preferences")
    page.uncheck("[name=analyze]")
    page.click("#tab-play")
    page.set_input_files("#own-folder", folder)
    page.wait_for_selector("#analyze-now:not([hidden])")


def wait_until_stopped(page: Page) -> None:
    page.wait_for_function(f"document.querySelector('{BUTTON}').textContent.startsWith('Analyze')")


def test_all_music_is_analyzed_on_demand_until_the_listener_stops(page: Page, folder: Path) -> None:
    offer(page, folder)
    wait_for_text(page, "#analyze-now p", f"{MANY + 1} tunes not analyzed yet")
    assert page.locator(BUTTON).text_content() == "Analyze my music now"

    page.click(BUTTON)
    page.wait_for_function(f"document.querySelector('{BUTTON}').textContent === 'Stop'")
    page.wait_for_function(
        "/left, .* a second, about/.test(document.querySelector('#analyze-now p').textContent)"
    )
    assert page.evaluate("document.querySelector('#analyze-now progress').value") > 0
    page.click(BUTTON)
    wait_until_stopped(page)
    done = len(page.evaluate(ROWS))
    assert 0 < done <= MANY + 1

    page.click(BUTTON)
    wait_until(lambda: len(page.evaluate(ROWS)) == MANY + 1)
    page.wait_for_selector("#analyze-now", state="hidden")
    rows: list[dict[str, Any]] = page.evaluate(ROWS)
    same = embedding(folder / "00.sid")
    assert sorted(row["embeddings"][0] or "" for row in rows) == ["", *[same] * MANY]
    assert sorted(row["problems"][0] is None for row in rows) == [False, *[True] * MANY]
    page.wait_for_function("document.querySelectorAll('#tunes tbody .why:not([hidden])').length > 20")
