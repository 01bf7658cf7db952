"""STIL.txt, Songlengths.md5, zips, and the names of the HVSC, each tested separately in a real browser."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient
from tests.wasm.psid import LOAD, psid

STIL = """\
#  Comments of the file begin with a hash.

### A composer ###############################################################

/MUSICIANS/A/Author/
COMMENT: About the
         whole folder.

/MUSICIANS/A/Author/One.sid
COMMENT: First of all.
   NAME: The One
  TITLE: Für Elise [from an album] (0:30-1:15)
 ARTIST: Ludwig van Beethoven
COMMENT: Only
         the beginning.
  TITLE: <?>
 ARTIST: Somebody

/MUSICIANS/A/Author/Several.sid
COMMENT: Three songs.
(#2)
   NAME: Second
 AUTHOR: Another Author
(#3)
 ARTIST: A Composer (1:02)
"""
PATH = "/MUSICIANS/A/Author/"
NOTHING = {"name": "", "author": "", "comment": "", "covers": []}

PARSE_STIL = """async ([bytes, paths]) => {
  const { decodeStil, Stil } = await import("/static/js/tunes/stil.js");
  const stil = new Stil(decodeStil(Uint8Array.from(bytes).buffer));
  return { size: stil.size, words: paths.map((path) => stil.words(path)),
    folder: stil.folderComment("/MUSICIANS/A/Author"), entries: paths.map((path) => {
      const entry = stil.entry(path);
      return entry && { file: entry.file, songs: Object.fromEntries(entry.songs) };
    }) };
}"""
DATA_MD5 = """async (bytes) =>
  (await import("/static/js/tunes/data-md5.js")).dataMd5(Uint8Array.from(bytes).buffer)"""

USE = """async ([kind, text, tunes]) => {
  const { Documents } = await import("/static/js/tunes/documents.js");
  const { BestEffortDatabase } = await import("/static/js/tunes/best-effort-database.js");
  const { TuneIndex } = await import("/static/js/tunes/tune-index.js");
  const database = new BestEffortDatabase((problem) => { throw new Error(problem); });
  const index = new TuneIndex((tune) => documents.stil?.words(tune.hvscPath) ?? "");
  const bytes = Object.fromEntries(tunes.map(({ sidPath, bytes }) => [sidPath, bytes]));
  const bytesOf = async ({ sidPath }) => Uint8Array.from(bytes[sidPath]).buffer;
  const documents = new Documents(database, index, bytesOf);
  for (const tune of tunes) {
    const locations = [{ folder: "f", path: "x.sid" }];
    index.add({ title: "Title", author: "Author", released: "", lengths: [], locations, ...tune });
  }
  const { size, changed } = await documents.use(kind, new File([text], "document"));
  const again = new Documents(database, index, async () => undefined);
  await again.load();
  await database.write((tables) => tables.wipe());
  const count = (text) => index.view({ text }).length;
  return { size, changed: changed.map(({ sidPath }) => sidPath), stored: again.stil?.size ?? null,
    lengths: Object.fromEntries([...index.values()].map(({ sidPath, lengths }) => [sidPath, lengths])),
    paths: Object.fromEntries([...index.values()].map(({ sidPath, hvscPath }) => [sidPath, hvscPath])),
    found: [count("beethoven folder"), count("beethoven author/one")] };
}"""

OPEN_ZIP = """async ([name, bytes]) => {
  const { Archive } = await import("/static/js/tunes/archive.js");
  try {
    const archive = await Archive.open(new File([Uint8Array.from(bytes)], name));
    const files = [];
    for await (const { path, open } of archive.entries()) {
      const file = await open();
      const read = file.arrayBuffer().then((bytes) => [...new Uint8Array(bytes)]);
      files.push([path, file.size, await read.catch((error) => error.message)]);
    }
    return { name: archive.name, files };
  } catch (error) {
    return error.message;
  }
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """One page for all tests; each test sets up its own state."""
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_stil_tells_titles_covers_and_comments_of_each_song(page: Page, encoding: str) -> None:
    paths = [PATH + name for name in ("One.sid", "several.SID", "None.sid")]
    found = page.evaluate(PARSE_STIL, [list(STIL.replace("\n", "\r\n").encode(encoding)), paths])
    assert found["size"] == 3
    assert found["folder"] == "About the whole folder."
    one, several, none = found["entries"]
    covers = [
        {
            "title": "Für Elise [from an album]",
            "artist": "Ludwig van Beethoven",
            "time": "0:30-1:15",
            "comment": "Only the beginning.",
        },
        {"title": "", "artist": "Somebody", "time": "", "comment": ""},
    ]
    assert one["file"] == {"name": "The One", "author": "", "comment": "First of all.", "covers": covers}
    assert several["file"] == {**NOTHING, "comment": "Three songs."}
    third = {"title": "", "artist": "A Composer", "time": "1:02", "comment": ""}
    assert several["songs"] == {
        "2": {**NOTHING, "name": "Second", "author": "Another Author"},
        "3": {**NOTHING, "covers": [third]},
    }
    assert none is None
    assert found["words"][1] == "Three songs. Second Another Author A Composer (1:02)"


def data_hash(file: bytes, songs: int, speeds: list[int], *, init: int = LOAD, ntsc: bool = False) -> str:
    """Return the hash of lists before HVSC #68, as Songlengths.faq describes it."""
    data = file[0x7C:] + struct.pack("<3H", init, LOAD, songs) + bytes(speeds)
    return hashlib.md5(data + (b"\x02" if ntsc else b"")).hexdigest()


def test_hash_of_old_lists(page: Page) -> None:
    cases = [
        (psid(b"\x60\x61"), (1, [0])),
        (psid(b"\x60", songs=3, speed=0b101), (3, [60, 0, 60])),
        (psid(b"\x60", songs=34, speed=1 << 31), (34, [0] * 31 + [60] * 3)),
    ]
    for file, arguments in cases:
        assert page.evaluate(DATA_MD5, list(file)) == data_hash(file, *arguments)
    ntsc = psid(b"\x60", flags=0x18, init=0)
    assert page.evaluate(DATA_MD5, list(ntsc)) == data_hash(ntsc, 1, [0], ntsc=True)
    loaded = psid(b"\x00\x10\x60", load=0, init=0)
    expected = hashlib.md5(b"\x60" + struct.pack("<3H", LOAD, LOAD, 1) + b"\0").hexdigest()
    assert page.evaluate(DATA_MD5, list(loaded)) == expected
    rsid = psid(b"\x00\x10\x60", magic=b"RSID", load=0, play=0)
    expected = hashlib.md5(b"\x60" + struct.pack("<3H", LOAD, 0, 1) + bytes([60])).hexdigest()
    assert page.evaluate(DATA_MD5, list(rsid)) == expected
    assert page.evaluate(DATA_MD5, [0x50] * 20) == ""


def tune(name: str, file: bytes, path: str = "") -> dict[str, Any]:
    return {"sidPath": name, "md5": hashlib.md5(file).hexdigest(), "hvscPath": path, "bytes": list(file)}


def test_lengths_are_found_by_file_by_data_and_by_path(page: Page) -> None:
    files = {name: psid(b"\x60", title=name.encode()) for name in ("file", "data", "path", "none")}
    files["data"] = psid(b"\x60\x01")
    old = data_hash(files["data"], 1, [0])
    lines = [
        "[Database]",
        f"; {PATH}File.sid",
        hashlib.md5(files["file"]).hexdigest() + "=1:00 0:02",
        f"{old}=2:00(G)",
        f"; {PATH}Path.sid",
        "0" * 32 + "=3:00",
    ]
    paths = {"path": PATH + "path.sid", "none": PATH + "None.sid"}
    tunes = [tune(name, file, paths.get(name, "")) for name, file in files.items()]
    found = page.evaluate(USE, ["songlengths", "\n".join(lines), tunes])
    assert found["lengths"] == {"file": [60, 2], "data": [120], "path": [180], "none": []}
    assert found["paths"] == {**paths, "file": f"{PATH}File.sid", "data": ""}
    assert (found["size"], found["changed"]) == (3, ["file", "data", "path"])
    lines[3] = f"{old}=2:00.5"
    found = page.evaluate(USE, ["songlengths", "\n".join(lines), tunes])
    assert found["lengths"]["data"] == [], "a list with milliseconds has hashes of files"


def test_stil_is_searched_and_kept(page: Page) -> None:
    tunes = [tune("one", psid(b"\x60"), f"{PATH}One.sid"), tune("other", psid(b"\x61"), f"{PATH}Other.sid")]
    found = page.evaluate(USE, ["stil", STIL, tunes])
    assert (found["size"], found["stored"], found["found"]) == (3, 3, [0, 1])


def test_names_of_the_hvsc(page: Page) -> None:
    found = page.evaluate(
        """async ([paths, authors, years]) => {
          const hvsc = await import("/static/js/tunes/hvsc.js");
          return [paths.map(hvsc.hvscPath), authors.map(hvsc.composersOf), years.map(hvsc.yearOf)];
        }""",
        [
            ["C64Music/MUSICIANS/A/B/C.sid", "MUSICIANS/x.sid", "Music/x.sid", "a/Demos/GAMES/x.sid"],
            ["Rob Hübbard (Ro&b), A/B. C <?>", "<?>", "Rob Hubbard?"],
            [
                "1985 Elite",
                "198? Elite",
                "1985-87 Elite",
                "Elite",
                "19?? A",
                "20??",
                "(c) 1987 B",
                "1900 C",
                "19850",
            ],
        ],
    )
    names = [{"name": "Rob Hübbard (Ro&b)", "key": "rob hubbard"}, {"name": "A", "key": "a"}]
    assert found == [
        ["/MUSICIANS/A/B/C.sid", "/MUSICIANS/x.sid", "", "/Demos/GAMES/x.sid"],
        [[*names, {"name": "B. C", "key": "b. c"}], [], [{"name": "Rob Hubbard", "key": "rob hubbard"}]],
        ["1985", "", "1985", "", "", "", "1987", "", ""],
    ]


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return target.getvalue()


def open_zip(page: Page, data: bytes, name: str = "Music.zip") -> Any:
    return page.evaluate(OPEN_ZIP, [name, list(data)])


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_zip_gives_its_tunes_and_documents(page: Page, method: int) -> None:
    files = [(f"C64Music/MUSICIANS/A/{number}.sid", bytes([number] * 5000)) for number in range(40)]
    more = [("C64Music/DOCUMENTS/STIL.txt", b"STIL"), ("readme.txt", b"Read me.")]
    found = open_zip(page, zipped(*files, *more, method=method), "HVSC.ZIP")
    assert found["name"] == "HVSC"
    assert found["files"] == [[path, len(data), list(data)] for path, data in [*files, more[0]]]


@pytest.mark.parametrize("path", ["../x.sid", "a/../../x.sid", "/x.sid", "C:\\x.sid", "a\\..\\x.sid"])
def test_zip_whose_paths_lead_out_of_it_is_refused(page: Page, path: str) -> None:
    message = open_zip(page, zipped(("fine.sid", b"1"), (path, b"2")))
    assert (
        message
        == f"Music.zip is not safe: the path of its file {path} leads out of the zip. Nothing was added."
    )


def test_zip_bombs_are_refused(page: Page) -> None:
    message = open_zip(page, zipped(("x.sid", bytes(2**27 + 1))))
    assert message.startswith("Music.zip is not safe: unpacked, it would be ")
    lying = bytearray(zipped(("x.sid", bytes(2**20))))
    central = lying.index(b"PK\x01\x02")
    lying[central + 24 : central + 28] = struct.pack("<I", 1000)
    [[_, size, problem]] = open_zip(page, bytes(lying))["files"]
    assert size == 1000
    assert problem.startswith("The file in the zip is damaged")


def test_damaged_encrypted_and_nested_zips_say_what_they_are(page: Page) -> None:
    whole = zipped(("x.sid", bytes(range(256))))
    assert "can't be read as a zip" in open_zip(page, whole[:-30])
    assert "can't be read as a zip" in open_zip(page, b"")
    locked = bytearray(whole)
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    [[_, _, problem]] = open_zip(page, bytes(locked))["files"]
    assert problem == "The file needs a password. Unpack it, and add the folder instead."
    message = open_zip(page, zipped(("C64Music.zip", whole)))
    assert message == "Music.zip holds no tunes, but another zip. Unpack it, and add the folder instead."


def test_spans_and_decades_are_released_in_their_years(page: Page) -> None:
    found = page.evaluate(
        """async (questions) => {
          const { isReleased } = await import("/static/js/tunes/hvsc.js");
          return questions.map(([released, from, to]) => isReleased(released, from, to));
        }""",
        [
            *(["1985 A", 1985, 1985], ["1985 A", 1986, 9999], ["1987-88 A", 1988, 1990]),
            *(["1987-88 A", 1989, 1990], ["1999-00 A", 2000, 2000], ["1988-1991", 1990, 1990]),
            *(["198? A", 1980, 1989], ["198? A", 1985, 1989], ["19?? A", 0, 9999], ["A", 0, 9999]),
        ],
    )
    assert found == [True, False, True, False, True, True, True, False, False, False]
