"""The page reads analysis files and similarity bundles as Python does, and refuses the same ones."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from sidflow_feedback.analysis.analysis_file import AnalysisFile
from sidflow_feedback.analysis.sidcorr import SimilarityBundle
from sidflow_feedback.vocabulary import ANALYSIS_VERSION, EMBEDDING_VERSION, EMBEDDING_WIDTH, FEATURE_NAMES
from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient
from tests.unit.analysis.test_analysis_file import md5, some

BOTH = """
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
"""
READ = (
    "async ([text, hash, songs]) => {"
    + BOTH
    + """
  const { AnalysisFile } = await import("/static/js/tunes/analysis-file.js");
  try {
    const file = await AnalysisFile.read(bytes(text));
    const number = file.find(hash);
    if (number < 0) return [];
    return Array.from({ length: file.songsOf(number) }, (_, song) => ({
      features: file.features(number, song), length: file.length(number, song),
      problem: file.problem(number, song), embedding: [...(file.embedding(number, song) ?? [])],
    }));
  } catch (error) { return error.constructor.name + ": " + error.message; }
}"""
)
COMPARE = (
    "async ([text, manifest, paths]) => {"
    + BOTH
    + """
  const { SimilarityBundle } = await import("/static/js/tunes/sidcorr.js");
  try {
    const bundle = await SimilarityBundle.read(bytes(text), manifest);
    const { weights, shape } = bundle.space.space;
    return { weights, shape, codes: paths.map(([hvscPath, song]) => bundle.code({ hvscPath }, song)) };
  } catch (error) { return error.constructor.name + ": " + error.message; }
}"""
)
FEED = (
    "async ([texts, version, file, md5]) => {"
    + BOTH
    + """
  const { Analyses } = await import("/static/js/tunes/analyses.js");
  const { AnalysisFile } = await import("/static/js/tunes/analysis-file.js");
  const { EngineFeed } = await import("/static/js/tunes/engine-feed.js");
  const tune = { sidPath: "x", md5, songs: 3, startSong: 1, author: "", lengths: [],
    version, embeddings: texts, features: [], problems: [] };
  const analyses = new Analyses();
  if (file) analyses.use(await AnalysisFile.read(bytes(file)), [tune]);
  const feed = new EngineFeed(analyses);
  feed.add(tune);
  const { columns } = feed.take(10) ?? {};
  return columns ? { codes: [...columns.codes], known: [...columns.hasCode], space: feed.space.space } : null;
}"""
)

OFFER = (
    "async ([file, bundle]) => {"
    + BOTH
    + """
  const { BestEffortDatabase } = await import("/static/js/tunes/best-effort-database.js");
  const { Documents } = await import("/static/js/tunes/documents.js");
  const database = new BestEffortDatabase((problem) => { throw new Error(problem); });
  const used = [];
  const note = (kind) => () => used.push(kind);
  const users = { analyses: note("analyses"), similarity: note("similarity") };
  const documents = new Documents(database, null, null, users);
  if (bundle) await documents.use("similarity", new Blob([bytes(bundle)]));
  await documents.offer(bytes(file), undefined);
  await database.write((tables) => tables.wipe());
  return used;
}"""
)


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


def read(page: Page, data: bytes, name: str = "three") -> Any:
    return page.evaluate(READ, [base64.b64encode(data).decode(), md5(name).hex(), 0])


def written() -> AnalysisFile:
    found = some()
    return type(found)(**{**vars(found), "embedding_version": EMBEDDING_VERSION})


def test_page_reads_what_python_writes(page: Page) -> None:
    file = written()
    for name in ("one", "three", "unknown", "endless"):
        for theirs, ours in zip(read(page, file.to_bytes(), name), file.songs_of(md5(name)), strict=True):
            assert (theirs["features"] is None) == (ours.features is None)
            if ours.features:
                for feature in FEATURE_NAMES:
                    assert theirs["features"][feature] == pytest.approx(ours.features[feature], rel=1e-6)
            assert theirs["length"] == ours.length
            assert bytes(theirs["embedding"]) == (ours.embedding or b"")
    assert read(page, file.to_bytes(), "another") == []
    assert read(page, file.to_bytes(), "unknown")[0]["problem"] == "It needs the C64's ROMs."


def test_page_refuses_other_versions_and_widths_with_the_reason(page: Page) -> None:
    good = vars(written())
    for change, problem in (
        ({"analysis_version": 1}, "version 1 of the analysis"),
        ({"embedding_version": 99}, "version 99 of the embeddings"),
        ({"embeddings": good["embeddings"][:, :5]}, "embeddings have 5 bytes"),
        ({"songs": good["songs"] + 1}, "contradicts itself"),
    ):
        told = read(page, AnalysisFile(**{**good, **change}).to_bytes())
        assert problem in told
        assert told.endswith((" get a newer file.", " Get another one.")), "it says what to do"


def test_page_refuses_damaged_files(page: Page) -> None:
    data, chance = written().to_bytes(), random.Random(3)
    for _ in range(60):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        assert read(page, bytes(changed)).startswith("Error: ")
        assert read(page, data[: chance.randrange(len(data))]).startswith("Error: ")


def test_engine_gets_embeddings_of_this_browser_and_of_the_file(page: Page) -> None:
    own = random.Random(1).randbytes(EMBEDDING_WIDTH)
    texts = [None, base64.b64encode(own).decode(), None]
    nothing, digest = bytes(EMBEDDING_WIDTH), md5("three").hex()
    found = page.evaluate(FEED, [texts, ANALYSIS_VERSION, None, digest])
    assert found == {"codes": [*nothing, *own, *nothing], "known": [0, 1, 0], "space": None}
    assert page.evaluate(FEED, [texts, ANALYSIS_VERSION - 1, None, digest]) is None
    file = base64.b64encode(written().to_bytes()).decode()
    theirs = [song.embedding or nothing for song in written().songs_of(md5("three"))]
    assert len(theirs) == 3
    found = page.evaluate(FEED, [texts, ANALYSIS_VERSION, file, digest])
    assert bytes(found["codes"]) == theirs[0] + own + theirs[2]


def bundle() -> tuple[SimilarityBundle, list[tuple[str, int]]]:
    songs = [(f"MUSICIANS/A/Tune_{number:03}.sid", song) for number in range(300) for song in (1, 2)]
    vectors = np.random.default_rng(1).random((600, 6)) + 0.01
    return SimilarityBundle.of(songs, vectors, np.arange(1.0, 7)), songs


def compared(page: Page, data: bytes, manifest: object, paths: list[tuple[str, int]] | None = None) -> Any:
    return page.evaluate(COMPARE, [base64.b64encode(data).decode(), manifest, paths or []])


def test_page_finds_the_codes_of_a_bundle_by_path_and_song(page: Page) -> None:
    found, songs = bundle()
    data, manifest = found.to_files("x.sidcorr")
    paths = [(f"/{path}", song - 1) for path, song in songs]
    theirs = compared(
        page, data, json.loads(manifest), [*paths, ("/MUSICIANS/none.sid", 0), (paths[0][0], 2)]
    )
    assert (theirs["weights"], theirs["shape"]) == ([1, 2, 3, 4, 5, 6], [6, 256, 1])
    assert theirs["codes"] == [*found.codes.tolist(), None, None]
    unweighted = compared(page, gzip.compress(data), {})
    assert unweighted["weights"] == [1] * 6


def test_bundle_of_the_listener_outlives_an_analysis_file_of_the_site(page: Page) -> None:
    file = base64.b64encode(written().to_bytes()).decode()
    data = base64.b64encode(bundle()[0].to_files("x.sidcorr")[0]).decode()
    assert page.evaluate(OFFER, [file, data]) == ["similarity", "analyses", "similarity"]
    assert page.evaluate(OFFER, [file, None]) == ["analyses"]


def test_page_refuses_hostile_bundles(page: Page) -> None:
    found, _ = bundle()
    data, chance = found.to_files("x.sidcorr")[0], random.Random(4)
    assert "describes" in compared(page, data, {"file_checksums": {"bundle_sha256": "0"}})
    for end in (0, 1, 31, 200, len(data) - 1, len(data) - 40, len(data) - 72):
        assert compared(page, data[:end], {}).startswith("Error: ")
    structure = [*range(40), *range(len(data) - 80, len(data))]
    for _ in range(60):
        changed = bytearray(data)
        changed[chance.choice(structure)] = chance.choice((0, 1, 7, 255))
        answer = compared(page, bytes(changed), {})
        assert not isinstance(answer, str) or answer.startswith("Error: ")
