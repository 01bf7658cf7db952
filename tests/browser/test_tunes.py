"""The parsers, the index and the database of the collection, each by itself, in a real browser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.wasm.psid import psid

PARSE = """async (bytes) =>
  (await import("/static/js/tunes/header.js")).parseHeader(Uint8Array.from(bytes))"""
LENGTHS = """async (text) =>
  Object.fromEntries((await import("/static/js/tunes/songlengths.js")).parseSonglengths(text))"""
A, B, C = "0a" * 16, "0b" * 16, "0c" * 16


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """One page for all: each test begins with what it needs."""
    with browser.new_context() as context:
        yield open_harness(context, site)


def parse(page: Page, data: bytes) -> Any:
    return page.evaluate(PARSE, list(data))


def test_header_is_read(page: Page) -> None:
    data = psid(b"\x60", title="Hülle".encode("latin-1"), songs=7, start_song=3)
    assert parse(page, data) == {
        "title": "Hülle",
        "author": "Author",
        "released": "1985 Maker",
        "songs": 7,
        "startSong": 3,
    }
    assert parse(page, psid(b"\x00\x10\x60", magic=b"RSID", load=0))["songs"] == 1
    assert parse(page, psid(b"\x60", version=1, data_offset=0x76))["title"] == "Title"
    assert parse(page, psid(b"\x60", title=b"x" * 32))["title"] == "x" * 32


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "ends inside its header"),
        (b"PSID\x00\x02 and then nothing", "ends inside its header"),
        (b"MUSX" + psid(b"\x60")[4:], "no SID file"),
        (psid(b"\x60", version=5), "version 5"),
        (psid(b"\x60", magic=b"RSID", version=1, data_offset=0x76), "version 1"),
        (psid(b"\x60", data_offset=0xFFFF), "past the end"),
        (psid(b"\x60", data_offset=0x10), "past the end"),
        (psid(b""), "no music"),
        (psid(b"\x60\x60", load=0), "no music"),
        (psid(b"\x60", songs=0), "0 songs"),
        (psid(b"\x60", songs=257), "257 songs"),
        (psid(b"\x60", songs=2, start_song=3), "song 3 of 2"),
        (psid(bytes(0x10100)), "larger than a C64's memory"),
    ],
)
def test_broken_header_is_refused_with_the_reason(page: Page, data: bytes, reason: str) -> None:
    with pytest.raises(Error, match=reason):
        parse(page, data)


def test_no_file_of_random_bytes_does_more_than_be_refused(page: Page) -> None:
    noise = random.Random(6)
    files = [
        list(psid(b"\x60")[: noise.randrange(8)] + noise.randbytes(noise.randrange(200))) for _ in range(2000)
    ]
    thrown = page.evaluate(
        """async (files) => {
          const { parseHeader } = await import("/static/js/tunes/header.js");
          const kinds = new Set();
          for (const bytes of files) try { parseHeader(Uint8Array.from(bytes)); kinds.add("read"); }
            catch (error) { kinds.add(error.name); }
          return [...kinds];
        }""",
        files,
    )
    assert set(thrown) <= {"read", "Error"}


def test_songlengths_are_read(page: Page) -> None:
    text = f"""[Database]
; /DEMOS/0-9/10_Orbyte.sid
{A}=0:38.25 1:02 12:00.5
; /old/form.sid\r
{B.upper()}=1:02(G) 0:05(M) 100:00\r
nonsense
{C}=1:x 2:00
"""
    assert page.evaluate(LENGTHS, text) == {A: [38.25, 62, 720.5], B: [62, 5, 6000]}


def test_damaged_songlengths_give_none(page: Page) -> None:
    text = f"{A}=\n{B}=0:00\n{C} 1:00\n{A[:-1]}=1:00\nnot a file of lengths"
    assert page.evaluate(LENGTHS, text) == {}


def build(page: Page, *titles: str) -> None:
    """Make an index of tunes, of which those that begin with a star are the site's."""
    page.evaluate(
        """async (titles) => {
          const { TuneIndex } = await import("/static/js/tunes/tune-index.js");
          window.index = new TuneIndex();
          titles.forEach((title, number) => index.add({
            sidPath: title, title, author: "Chris Hülsbeck", released: "1987 Rainbow Arts",
            ...(title.startsWith("*") ? {} : { places: [{ folder: title[0], path: title }], added: number }),
          }));
        }""",
        list(titles),
    )


def seen(page: Page, **wanted: str) -> list[str]:
    found: list[str] = page.evaluate("wanted => index.view(wanted).map(tune => tune.title)", wanted)
    return found


def test_search_finds_all_words_anywhere_without_case_and_accents(page: Page) -> None:
    build(page, "*Giana", "*Turrican")
    assert seen(page, text="HULSBECK gia") == ["*Giana"]
    assert seen(page, text="hülsbeck 1987") == ["*Giana", "*Turrican"]
    assert seen(page, text="giana turrican") == []
    assert seen(page, text=" ") == ["*Giana", "*Turrican"]


def test_orders(page: Page) -> None:
    build(page, "b2", "*site", "b1", "a9")
    page.evaluate("index.arrange(['files', 'b', 'a'])")
    assert seen(page) == ["*site", "b1", "b2", "a9"]
    assert seen(page, order="title") == ["*site", "a9", "b1", "b2"]
    assert seen(page, folder="b") == ["b1", "b2"]
    assert seen(page, folder="site") == ["*site"]
    page.evaluate("index.score(Float32Array.of(3, 3, 3, 2, 3, 3, 3, 4.5, NaN, NaN, NaN, NaN))")
    page.evaluate("index.place(['b2', 'a9', 'b1'], [0, 1, 2], true)")
    assert seen(page, order="for-you") == ["a9", "b2", "*site", "b1"]
    page.evaluate("index.place(['b1'], [1], true)")
    assert seen(page, order="for-you") == ["b1", "*site", "b2", "a9"]


def test_what_was_measured_is_kept_field_by_field_and_wiped(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { open } = await import("/static/js/tunes/database.js");
          const database = await open();
          await database.putMeasured({ sidPath: "x", lengths: [2] });
          await database.putMeasured({ sidPath: "x", features: [{ rms: 1 }] });
          const tunes = Array.from({ length: 2500 }, (_, i) => ({ sidPath: `t${i}`, title: "" }));
          await database.putTunes(tunes);
          await database.putContents([["t1", new ArrayBuffer(3)]]);
          await database.deleteTunes(["t1", "t2"]);
          let count = 0;
          for await (const rows of database.tunes()) count += rows.length;
          const before = [await database.measuredOf("x"), count, await database.content("t1")];
          await database.wipe();
          let after = 0;
          for await (const rows of database.measured()) after += rows.length;
          for await (const rows of database.tunes()) after += rows.length;
          database.close();
          return [before, after];
        }"""
    )
    assert found == [[{"sidPath": "x", "lengths": [2], "features": [{"rms": 1}]}, 2498, None], 0]
