"""The listener's own music is analyzed in the background, once, and used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from app.composer.assembler import assemble
from tests.e2e.conftest import ENGINE_START
from tests.served import Served
from tests.wasm.programs import PAL, TABLES, arpeggio, header_flags, voices
from tests.wasm.psid import psid

QUESTIONS = """() => {
    globalThis.questions = 0;
    new BroadcastChannel("sidflow-feedback").onmessage = ({ data }) => {
        if (data.to === "engine" && data.type === "analyze") questions++;
    };
}"""

OUTBOX = """globalThis.events = () => Object.entries(localStorage)
    .filter(([key]) => key.startsWith('sidflow.outbox.'))
    .map(([, entry]) => JSON.parse(entry.slice(entry.indexOf(' '))));"""

ROWS = """() => new Promise((resolve, reject) => {
    const opening = indexedDB.open("sidflow-tunes");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
        const reading = opening.result.transaction("analyses").objectStore("analyses").getAll();
        reading.onsuccess = () => { opening.result.close(); resolve(reading.result); };
    };
})"""


def program(seconds: float, then: str, title: bytes) -> bytes:
    """Return a tune that sounds for so long, and then does something else."""
    code = assemble(f"""
* = $1000
{voices()}
 rts
play: {arpeggio(0xD400)}
 inc frame
 lda frame
 cmp #{round(50 * seconds)}
 bne sound
{then}
sound: rts
frame: .byte 0
{TABLES}
""")
    return psid(code.code, play=code.symbols["play"], flags=header_flags(PAL, 6581), title=title)


FALL_SILENT = " lda #0\n sta $d418"
HALT = " .byte 2"


@pytest.fixture
def music(tmp_path: Path) -> list[Path]:
    """Three files, short ones: the processor time of one minute is enough to analyze them."""
    made = {
        "first": program(1, FALL_SILENT, b"First"),
        "halts": program(0.5, HALT, b"Halts"),
        "last": program(2, FALL_SILENT, b"Last"),
    }
    for name, data in made.items():
        (tmp_path / f"{name}.sid").write_bytes(data)
    return sorted(tmp_path.glob("*.sid"))


def add(page: Page, music: list[Path]) -> None:
    for file in music:
        page.set_input_files("#own-file", file)
        page.wait_for_timeout(500)  # It may play meanwhile.


def wait_until_analyzed(page: Page) -> None:
    page.wait_for_function(
        "document.querySelector('#analysis-status').textContent.includes(\"1 can't be analyzed.\")"
        " && document.querySelectorAll('#tunes tbody td.e:empty').length === 1",
        timeout=150_000,
    )


def test_a_song_ends_when_it_falls_silent(context: BrowserContext, served: Served, music: list[Path]) -> None:
    page = context.new_page()
    page.add_init_script(
        "navigator.locks.request = () => new Promise(() => {})"
    )  # No engine, so no analysis.
    page.add_init_script(OUTBOX)
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    page.set_input_files("#own-file", music[0])
    page.wait_for_function("globalThis.events().length > 2", timeout=60_000)
    events = sorted(page.evaluate("globalThis.events()"), key=lambda event: event["timestamp"])
    assert [event["action"] for event in events] == ["play", "play_complete", "play"]
    assert events[1]["length"] == pytest.approx(1, abs=0.1)
    assert events[1]["lengthSource"] == "measured"
    page.wait_for_function(f"({ROWS})().then(rows => rows.length === 1)")
    [row] = page.evaluate(ROWS)
    assert row["lengths"] == [events[1]["length"]]


def test_own_music_is_analyzed_once_and_used(
    context: BrowserContext, served: Served, music: list[Path]
) -> None:
    page = context.new_page()
    page.add_init_script(f"({QUESTIONS})()")
    page.goto(served.url)
    page.wait_for_selector("html[data-ui=ready]")
    add(page, music)
    wait_until_analyzed(page)
    rows: list[dict[str, Any]] = sorted(page.evaluate(ROWS), key=lambda row: row["lengths"][0] or 9)
    assert [row["lengths"][0] for row in rows] == [pytest.approx(1, abs=0.1), pytest.approx(2, abs=0.1), None]
    assert [(row["features"][0] or {}).get("duration") for row in rows] == [row["lengths"][0] for row in rows]
    assert "halted" in rows[2]["problems"][0]
    assert all(len(row["sidPath"]) == len("sha256:") + 64 for row in rows)
    assert page.evaluate("questions") >= 3
    page.reload()
    page.wait_for_selector("html[data-engine=ready]", timeout=ENGINE_START)
    add(page, music)
    wait_until_analyzed(page)
    assert page.evaluate("questions") == 0
