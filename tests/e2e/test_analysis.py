"""The listener's own music is analyzed once, in the background, and the result is used."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from app.analysis import analyze_song
from app.emulator import SidEmulator
from tests.e2e.listener import OUTBOX, outbox
from tests.e2e.short_tunes import FALL_SILENT, HALT, short_tune
from tests.served import Served

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
        " && document.querySelectorAll('#tunes tbody td.e:empty').length === 1",
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
    page.wait_for_function(f"({ROWS})().then(rows => rows.length === 1)")
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
