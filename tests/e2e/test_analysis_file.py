"""An analysis file makes all tunes known at once; a bad one changes nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from app.paths import paths
from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong
from sidflow_feedback.analysis.embedding import columns
from sidflow_feedback.vocabulary import EMBEDDING_VERSION, EMBEDDING_WIDTH
from tests.e2e.listener import wait_for_engine, wait_for_text, wait_until_playing
from tests.e2e.test_collection import DROP, result
from tests.served import Served

COUNT = 12
AUTHOR = slice(0x36, 0x56)
"""In the header of a file."""

AUTHORS = "[...document.querySelectorAll('#up-next .author')].map((author) => author.textContent)"


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with some of the demo tunes."""
    folder = tmp_path_factory.mktemp("music") / "Mine"
    folder.mkdir()
    for source in sorted((paths().vendor / "tunes").glob("*.sid"))[:COUNT]:
        shutil.copy(source, folder)
    return folder


@pytest.fixture(scope="module")
def composers(music: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same tunes: three by each of four composers."""
    folder = tmp_path_factory.mktemp("composers") / "Theirs"
    folder.mkdir()
    for number, source in enumerate(sorted(music.glob("*.sid"))):
        data = bytearray(source.read_bytes())
        data[AUTHOR] = b"Anna Bert Carlo Dora".split()[number // 3].ljust(32, b"\0")
        (folder / source.name).write_bytes(data)
    return folder


def analysis_file(music: Path) -> bytes:
    """Return an analysis file of the folder: features as in the catalog, and embeddings in pairs.

    The third tune sounds exactly like the fourth, which has another program, and much like the sixth, which
    has the same program.
    """
    catalog = json.loads((paths().vendor / "tunes" / "catalog.json").read_text())["tunes"]
    by_name = {tune["url"].rsplit("/", 1)[-1]: tune for tune in catalog}
    analyses = {}
    for number, source in enumerate(sorted(music.glob("*.sid"))):
        analyses[hashlib.md5(source.read_bytes()).digest()] = [
            AnalyzedSong(features, embedding=_embedding(number))
            for features in by_name[source.name]["features"]
        ]
    return AnalysisFile.of(analyses, embedding_version=EMBEDDING_VERSION, hvsc_release="85").to_bytes()


def _embedding(number: int) -> bytes:
    usual = list(random.Random(number // 2).randbytes(EMBEDDING_WIDTH))
    if number == 5:
        usual = list(_embedding(2))
    chance, sound = random.Random(9), set(columns("sound"))
    for dimension in range(EMBEDDING_WIDTH):
        if number == 3 and dimension not in sound:
            usual[dimension] = chance.randrange(256)
        elif number == 5 and dimension in sound:
            usual[dimension] = (usual[dimension] * 3 + chance.randrange(256)) // 4
    return bytes(usual)


def drop(page: Page, name: str, data: bytes) -> None:
    page.evaluate("document.querySelector('#collection-result').textContent = ''")
    page.evaluate(DROP, [(name, base64.b64encode(data).decode())])


def predicted(page: Page, count: int) -> None:
    """Wait until so many tunes of the list have a prediction."""
    page.wait_for_function(
        "count => document.querySelectorAll('#tunes button.why:not([hidden])').length === count",
        arg=count,
    )


def turn_off_analysis(page: Page) -> None:
    """Let only the file make tunes known."""
    page.click("#tab-preferences")
    page.uncheck("[name=analyze]")
    page.click("#tab-play")


def test_dropped_file_makes_all_tunes_known_and_stays(page: Page, music: Path) -> None:
    data = analysis_file(music)
    turn_off_analysis(page)
    page.set_input_files("#own-folder", music)
    assert result(page).startswith(f"{COUNT} tunes")
    page.select_option("#folder", label="Mine")
    page.wait_for_selector(f"#tunes[aria-rowcount='{COUNT + 1}']")
    wait_for_engine(page)

    damaged = bytearray(data)
    damaged[300] ^= 1
    drop(page, "x.sidan", bytes(damaged))
    wait_for_text(page, ".notices", "x.sidan can't be used. It is damaged: its checksum is wrong.")
    predicted(page, 0)

    drop(page, "x.sidan", data)
    wait_for_text(page, "#collection-result", f"The analysis file knows {COUNT} tunes of yours.")
    predicted(page, COUNT)
    page.wait_for_selector("#up-next li")
    page.click("#tunes tbody tr:nth-child(1) button.why")
    page.wait_for_selector("#tunes tr.why-row td:not(:empty)")
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    wait_until_playing(page)
    page.wait_for_selector("#why-playing p", state="attached")
    wait_for_text(page, "#analysis-status", f"{60 + COUNT} of {60 + COUNT} tunes analyzed")

    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    page.select_option("#folder", label="Mine")
    predicted(page, COUNT)


def test_file_counts_at_once_in_another_tab(
    page: Page, context: BrowserContext, served: Served, music: Path
) -> None:
    turn_off_analysis(page)
    page.set_input_files("#own-folder", music)
    assert result(page).startswith(f"{COUNT} tunes")
    other = context.new_page()
    other.goto(served.url)
    for tab in (page, other):
        tab.select_option("#folder", label="Mine")
        tab.wait_for_selector(f"#tunes[aria-rowcount='{COUNT + 1}']")
        wait_for_engine(tab)
        predicted(tab, 0)
    drop(page, "x.sidan", analysis_file(music))
    predicted(page, COUNT)
    predicted(other, COUNT)


def add_analyzed(page: Page, folder: Path) -> None:
    """Add a folder with `COUNT` tunes and their analysis file, and show it."""
    turn_off_analysis(page)
    page.set_input_files("#own-folder", folder)
    assert result(page).startswith(f"{COUNT} tunes")
    page.select_option("#folder", label=folder.name)
    page.wait_for_selector(f"#tunes[aria-rowcount='{COUNT + 1}']")
    wait_for_engine(page)
    drop(page, "x.sidan", analysis_file(folder))
    predicted(page, COUNT)


def test_more_like_this_plays_what_the_file_says_is_alike(page: Page, music: Path) -> None:
    add_analyzed(page, music)
    titles = page.locator("#tunes tbody .name").all_text_contents()

    page.click("#tunes tbody tr:nth-child(3) button.tune")
    wait_until_playing(page)
    page.click("#more-like-this")
    wait_for_text(page, "#up-next-how", f"Station, until you choose another tune: tunes like {titles[2]}")
    for alike, title in (("sound", titles[3]), ("all", titles[5]), ("sound", titles[3])):
        page.click("#tab-preferences")
        page.select_option("[name=alike]", alike)
        page.click("#tab-play")
        wait_for_text(page, "#up-next li:first-child .name", title)
    page.click("#next")
    wait_for_text(page, "#now-title", titles[3])
    wait_for_text(page, "#up-next-how", "Station")

    page.click("#stop-station")
    page.wait_for_function("!document.querySelector('#up-next-how').textContent.startsWith('Station')")
    before = page.text_content("#now-title") or ""
    page.click("#stations [data-station=calm]")
    wait_for_text(page, "#up-next-how", "Station, until you choose another tune: calm tunes")
    page.wait_for_function("old => document.querySelector('#now-title').textContent !== old", arg=before)
    assert page.get_attribute("#stations [data-station=calm]", "aria-pressed") == "true"
    page.click("#tunes tbody tr:nth-child(1) button.tune")
    page.wait_for_function("!document.querySelector('#up-next-how').textContent.startsWith('Station')")


def test_composers_alternate_on_a_station(page: Page, composers: Path) -> None:
    add_analyzed(page, composers)
    page.click("#tunes tbody tr:nth-child(3) button.tune")
    wait_until_playing(page)
    page.click("#more-like-this")
    wait_for_text(page, "#up-next-how", "Station")
    # The most similar first, though Anna's are as similar. Until the queue has come, the list is followed.
    page.wait_for_function(f"{AUTHORS}[0] === 'Bert' && {AUTHORS}[4] === 'Bert'")
    authors: list[str] = page.evaluate(AUTHORS)
    assert authors[3] == "Anna", authors  # Hers was heard.
    assert len(set(authors)) == 4, authors
