"""Indexing, search, and the collection's database, each tested separately in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient
from tests.wasm.psid import psid

INSPECT = """async (files) => {
  const { SidEmulator, WASM_URL } = await import("/static/js/sid/emulator.js");
  window.emulator ??= await SidEmulator.fetch(WASM_URL);
  return files.map((bytes) => emulator.inspect(Uint8Array.from(bytes)));
}"""
LENGTHS = """async ([text, hashes]) => {
  const { SongLengths } = await import("/static/js/tunes/songlengths.js");
  window.list = new SongLengths(text);
  return Object.fromEntries(hashes.map((md5) => [md5, list.ofHash(md5)]).filter(([, all]) => all.length));
}"""
A, B, C = "0a" * 16, "0b" * 16, "0c" * 16


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """One page for all tests; each test sets up its own state."""
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


INDEX = """async (files) => {
  const { Indexing } = await import("/static/js/tunes/indexing.js");
  const { TuneIndex } = await import("/static/js/tunes/tune-index.js");
  const { SidEmulator, WASM_URL } = await import("/static/js/sid/emulator.js");
  window.loads = 0;
  const collection = {
    index: new TuneIndex(), openFiles: new Map(), save: async () => {}, reportProgress: () => {},
    documents: { lengthsOf: () => [], pathOf: () => "" },
    add: (tune) => collection.index.add(tune),
    loadEmulator: () => { loads += 1; return SidEmulator.fetch(WASM_URL); },
  };
  async function* entries() {
    for (const [path, bytes] of files)
      yield { path, open: async () => new File([Uint8Array.from(bytes)], path) };
  }
  const result = await new Indexing(collection, { id: "folder", name: "Music" }, entries(), false).run();
  const tunes = [...collection.index.values()].map(({ title, author, songs, startSong }) =>
    ({ title, author, songs, startSong }));
  return { reasons: Object.fromEntries(result.reasons), found: result.found, tunes, loads };
}"""


def index_files(page: Page, **files: bytes) -> Any:
    """Index files as the collection's worker does; each name gets the suffix `.sid`."""
    return page.evaluate(INDEX, [[f"{name}.sid", list(data)] for name, data in files.items()])


def test_header_is_read_by_the_emulator(page: Page) -> None:
    data = psid(b"\x60", title="Hülle".encode("latin-1"), songs=7, start_song=3)
    [found] = page.evaluate(INSPECT, [list(data)])
    assert found["problem"] == ""
    tune = found["tune"]
    assert (tune["title"], tune["author"], tune["released"]) == ("Hülle", "Author", "1985 Maker")
    assert (tune["songs"], tune["startSong"], tune["clock"], tune["chip"]) == (7, 3, "PAL", 6581)


def test_indexing_lists_playable_tunes_and_gives_reasons_for_the_rest(page: Page) -> None:
    found = index_files(
        page,
        repaired=psid(b"\x60", title=b"Repaired", songs=300, start_song=0),
        untitled=psid(b"\x60", title=b""),
        short=b"PSID\x00\x02 and then nothing",
        mus=psid(b"\x60", flags=0x15),
        basic=psid(b"\x01\x08\x60", magic=b"RSID", load=0, init=0, play=0, flags=0x16),
        huge=bytes(131073),
    )
    assert sorted(found["tunes"], key=str) == [
        {"title": "Repaired", "author": "Author", "songs": 256, "startSong": 1},
        {"title": "Title", "author": "Author", "songs": 1, "startSong": 1},
        {"title": "untitled.sid", "author": "Author", "songs": 1, "startSong": 1},
    ]
    assert set(found["reasons"]) == {"short.sid", "mus.sid", "huge.sid"}
    assert "too short to hold music" in found["reasons"]["short.sid"]
    assert "should hold Sidplayer music" in found["reasons"]["mus.sid"]
    assert "too large for a SID file" in found["reasons"]["huge.sid"]


def test_indexing_without_tunes_needs_no_emulator(page: Page) -> None:
    found = page.evaluate(INDEX, [["notes.txt", [1]]])
    assert (found["found"], found["loads"]) == (0, 0)


def lengths(page: Page, text: str) -> Any:
    return page.evaluate(LENGTHS, [text, [A, B, C]])


def test_songlengths_are_read(page: Page) -> None:
    text = f"""[Database]
; /DEMOS/0-9/10_Orbyte.sid
{A}=0:38.25 1:02 12:00.5
; /old/form.sid\r
{B.upper()}=1:02(G) 0:05(M) 100:00\r
nonsense
{C}=1:x 2:00
"""
    assert lengths(page, text) == {A: [38.25, 62, 720.5], B: [62, 5, 6000]}
    assert page.evaluate("list.size") == 2
    assert page.evaluate("list.ofPath('/demos/0-9/10_orbyte.SID')") == [38.25, 62, 720.5]
    assert page.evaluate("list.ofPath('')") == []
    assert page.evaluate("md5 => list.pathOf(md5)", B) == "/old/form.sid"


def test_damaged_songlengths_are_skipped(page: Page) -> None:
    text = f"{A}=\n{B}=0:00\n{C} 1:00\n{A[:-1]}=1:00\nnot a file of lengths"
    assert lengths(page, text) == {}


def build(page: Page, *titles: str) -> None:
    """Create an index of tunes. Titles that start with a star are the site's."""
    page.evaluate(
        """async (titles) => {
          const { TuneIndex } = await import("/static/js/tunes/tune-index.js");
          window.index = new TuneIndex();
          const own = (path, added) => ({ added, locations: [{ folder: path[0], path }] });
          titles.forEach((title, number) => index.add({
            sidPath: title, title, author: "Chris Hülsbeck", released: "1987 Rainbow Arts", startSong: 1,
            ...(title.startsWith("*") ? {} : own(title, number)),
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
    assert seen(page) == ["b1", "b2", "a9", "*site"], "what the listener has added comes first"
    assert seen(page, order="title") == ["*site", "a9", "b1", "b2"]
    assert seen(page, order="title-reversed") == ["b2", "b1", "a9", "*site"]
    assert seen(page, folder="b") == ["b1", "b2"]
    assert seen(page, folder="site") == ["*site"]
    scores, levels = "3, 3, 3, 2, 3, 3, 3, 4.5, NaN, NaN, NaN, NaN", "0b11100100, 0, 0"
    page.evaluate(f"index.setScores(Float32Array.of({scores}), Uint8Array.of({levels}))")
    page.evaluate("index.assignRows(['b2', 'a9', 'b1'].map(path => index.get(path)), [0, 1, 2])")
    assert seen(page, order="for-you") == ["a9", "b2", "b1", "*site"]
    assert seen(page, order="for-you-reversed") == ["b2", "a9", "b1", "*site"], "unknown ones stay last"
    sureness = "['b2', 'a9', '*site'].map((path) => index.sureness(index.get(path)))"
    assert page.evaluate(sureness) == [[0, 1, 2, 3], [0] * 4, [0] * 4]
    page.evaluate("index.resetRows(); index.assignRows([index.get('b1')], [1])")
    assert page.evaluate("[index.at(1).sidPath, index.at(0)]") == ["b1", None]
    assert page.evaluate("index.prediction(index.get('b1'))") is None
    page.evaluate(f"index.setScores(Float32Array.of({scores}), Uint8Array.of({levels}))")
    assert seen(page, order="for-you") == ["b1", "b2", "a9", "*site"]


def test_order_by_length_and_year_puts_unknown_ones_last(page: Page) -> None:
    build(page, "*none", "*long", "*short")
    page.evaluate("""() => {
      for (const [title, more] of Object.entries({
        "*none": { lengths: [], released: "" },
        "*long": { lengths: [90], released: "1988 A" },
        "*short": { lengths: [9], released: "1989 B" },
      })) Object.assign(index.get(title), more);
    }""")
    assert seen(page, order="length") == ["*short", "*long", "*none"]
    assert seen(page, order="length-reversed") == ["*long", "*short", "*none"]
    assert seen(page, order="year-reversed") == ["*short", "*long", "*none"]
    page.evaluate("index.get('*short').lengths = [99]")
    page.evaluate("index.forgetLengths()")
    assert seen(page, order="length") == ["*long", "*short", "*none"]


def test_listeners_copy_hides_the_tune_of_the_site(page: Page) -> None:
    build(page, "*demo")
    page.evaluate(
        """() => {
          const add = (sidPath, md5, folder, more) => index.add({
            sidPath, title: sidPath, author: "", released: "", startSong: 1, md5,
            locations: [{ folder, path: sidPath }], ...more,
          });
          for (const name of ["a", "b"]) add(`site ${name}`, name, "collection", { url: "/" });
          add("copy of b", "b", "mine");
        }"""
    )
    assert seen(page) == ["copy of b", "*demo", "site a"]
    assert seen(page, order="title") == ["*demo", "copy of b", "site a"]
    assert seen(page, folder="collection") == ["site a", "site b"]
    assert seen(page, folder="mine") == ["copy of b"]
    assert page.evaluate("index.get('site b').title") == "site b"
    page.evaluate("index.remove([index.get('copy of b')])")
    assert seen(page) == ["*demo", "site a", "site b"]


def test_analyses_are_merged_by_field_and_wiped(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { open } = await import("/static/js/tunes/database.js");
          const database = await open();
          await database.putAnalysis({ sidPath: "x", lengths: [2] });
          await database.putAnalysis({ sidPath: "x", features: [{ rms: 1 }] });
          const tunes = Array.from({ length: 2500 }, (_, i) => ({ sidPath: `t${i}`, title: "" }));
          await database.putTunes(tunes);
          await database.putContents([["t1", new ArrayBuffer(3)]]);
          await database.deleteTunes(["t1", "t2"]);
          let count = 0;
          for await (const rows of database.tunes()) count += rows.length;
          const analyses = [];
          for await (const rows of database.analyses()) analyses.push(...rows);
          const before = [analyses, count, await database.content("t1")];
          await database.wipe();
          let after = 0;
          for await (const rows of database.analyses()) after += rows.length;
          for await (const rows of database.tunes()) after += rows.length;
          database.close();
          return [before, after];
        }"""
    )
    assert found == [[[{"sidPath": "x", "lengths": [2], "features": [{"rms": 1}]}], 2498, None], 0]


def test_playlist_files_name_tunes_by_any_path(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const { readPlaylist, pathsOf } = await import("/static/js/tunes/playlist.js");
          const at = (sidPath, hvscPath, path) => ({ sidPath, hvscPath, locations: [{ folder: "f", path }] });
          const tunes = [
            at("a", "/MUSICIANS/H/Hubbard_Rob/Commando.sid", "C64Music/MUSICIANS/H/Hubbard_Rob/Commando.sid"),
            at("b", "", "games/Commando.sid"),
            { sidPath: "Demo/One.sid" },
          ];
          const [bom, back, end] = [0xFEFF, 92, 10].map((code) => String.fromCharCode(code));
          const lines = ["#EXTM3U", "#EXTINF:1,x", "/MUSICIANS/H/Hubbard_Rob/Commando.sid", "",
            ["C:", "music", "games", "commando.SID"].join(back), "Demo/One.sid?song=3",
            "other/Commando.sid", "Two.sid"];
          return [readPlaylist(bom + lines.join(end), tunes), pathsOf(tunes)];
        }"""
    )
    assert found == [
        {"tunes": ["a", "b", "Demo/One.sid"], "missing": ["other/Commando.sid", "Two.sid"]},
        "/MUSICIANS/H/Hubbard_Rob/Commando.sid\ngames/Commando.sid\nDemo/One.sid\n",
    ]


def test_filters_of_the_index(page: Page) -> None:
    build(page, "*a", "*b", "*c", "*d", "*e")
    page.evaluate("""() => {
      ["a", "b", "c", "d", "e"].forEach((name, at) => Object.assign(index.get(`*${name}`), {
        chip: at % 2 ? 6581 : 8580, released: `${1984 + at} X`, author: at ? "Ben Daglish" : "",
      }));
      const rows = ["*a", "*b", "*c", "*d", "*e"].map((path) => index.get(path));
      index.assignRows(rows, [0, 1, 2, 3, 4]);
      index.setScores(Float32Array.from([0, 1, 2, 3, 4].flatMap((at) => [1 + at, 3, 3, 3])),
                      Uint8Array.of(1, 1, 1, 1, 1));
    }""")
    assert seen(page, chip="6581") == ["*b", "*d"]
    assert seen(page, **{"from": "1986"}, to="1987") == ["*c", "*d"]
    assert seen(page, author="dagl BEN", chip="8580") == ["*c", "*e"]
    assert seen(page, feeling="driving") == ["*e"]
    assert seen(page, feeling="calm", author="ben") == []
    assert seen(page, feeling="dark") == [], "the model can't tell the mood"
    only = "index.view({ only: ['*d', 'gone', '*a'], order }).map(tune => tune.title)"
    assert page.evaluate(f"(order => {only})(undefined)") == ["*d", "*a"], "in its own order"
    assert page.evaluate(f"(order => {only})('title')") == ["*a", "*d"]


def test_database_of_version_1_is_upgraded_and_keeps_all(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const name = "version-1";
          await new Promise((resolve) => {
            const opening = indexedDB.open(name, 1);
            opening.onupgradeneeded = () => {
              const database = opening.result;
              const keyPath = "sidPath";
              for (const store of ["tunes", "analyses"]) database.createObjectStore(store, { keyPath });
              database.createObjectStore("folders", { keyPath: "id" });
              for (const store of ["contents", "notes"]) database.createObjectStore(store);
              opening.transaction.objectStore("tunes").put({ sidPath: "x", title: "X" });
              opening.transaction.objectStore("folders").put({ id: "f", name: "F" });
            };
            opening.onsuccess = () => { opening.result.close(); resolve(); };
          });
          const { open } = await import("/static/js/tunes/database.js");
          const database = await open(name);
          const tunes = [];
          for await (const rows of database.tunes()) tunes.push(...rows);
          await database.putPlaylist({ id: "p", name: "P", tunes: ["x"] });
          const before = [tunes, await database.folders(), await database.playlists()];
          await database.wipe();
          const after = await database.playlists();
          database.close();
          indexedDB.deleteDatabase(name);
          return [...before, after];
        }"""
    )
    assert found == [
        [{"sidPath": "x", "title": "X"}],
        [{"id": "f", "name": "F"}],
        [{"id": "p", "name": "P", "tunes": ["x"]}],
        [],
    ]
