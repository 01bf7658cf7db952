"""Similar songs, from a real LanceDB table and without one."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app import song_table
from app.corpus.music import Music, Tune
from app.server.application import create_app
from app.server.settings import Settings
from app.song_table import SongTable, SongTableError
from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong, Problem
from sidflow_feedback.analysis.embedding import project
from sidflow_feedback.vocabulary import EMBEDDING_WIDTH, FEATURE_NAMES

from .answers import error
from .conftest import Serve

ADDRESS = "/api/tunes/similar"
TUNES = 40
FEATURES = {name: number / 4 for number, name in enumerate(FEATURE_NAMES)}

needs_lancedb = pytest.mark.skipif(not find_spec("lancedb"), reason="the extra `lance` is not installed")


def md5_of(number: int) -> bytes:
    return number.to_bytes(16)


def embeddings(seed: int = 1) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the embedding of the two songs of each tune, shape (2 * tunes, width)."""
    return np.random.default_rng(seed).integers(1, 256, (2 * TUNES, EMBEDDING_WIDTH), np.uint8)


def write(folder: Path, codes: np.ndarray[Any, np.dtype[np.uint8]], **options: int) -> None:
    """Write a table of tunes with two songs each, and one whose sound nobody knows."""
    from app.corpus.song_rows import song_rows

    songs = [AnalyzedSong(FEATURES, length=12.5, embedding=code.tobytes()) for code in codes]
    analyses = {md5_of(i): songs[2 * i : 2 * i + 2] for i in range(TUNES)}
    analyses[md5_of(TUNES)] = [AnalyzedSong(problem=Problem.SILENT)]
    tunes = [Tune(f"A/It's {i}.sid", md5_of(i), 2, f"Title {i}", "Author", "1985") for i in range(TUNES + 1)]
    SongTable.write(folder, song_rows(Music(folder, tunes), AnalysisFile.of(analyses)), **options)


@pytest.fixture
def client(serve: Serve, settings: Settings, tmp_path: Path) -> httpx.Client:
    write(tmp_path / "lance", embeddings())
    return serve(create_app(replace(settings, lance=tmp_path / "lance")))


def nearest(song: int, weighting: Any) -> list[tuple[str, int]]:
    """Return MD5 and number of the songs most similar to one, the best of each file: the table's peer."""
    vectors = project(embeddings(), weighting)
    order = np.argsort(-(vectors @ vectors[song]))
    files: dict[int, int] = {}
    for index in order.tolist():
        if index // 2 != song // 2:
            files.setdefault(index // 2, index % 2 + 1)
    return [(md5_of(file).hex(), number) for file, number in files.items()]


@needs_lancedb
@pytest.mark.parametrize("weighting", ["all", "sound"])
def test_songs_are_those_of_a_full_comparison(client: httpx.Client, weighting: str) -> None:
    query: dict[str, Any] = {"md5": md5_of(3).hex(), "song": 2, "limit": 5, "weighting": weighting}
    songs = client.get(ADDRESS, params=query).raise_for_status().json()["songs"]
    assert [(song["md5"], song["song"]) for song in songs] == nearest(7, weighting)[:5]
    similarities = [song["similarity"] for song in songs]
    assert similarities == sorted(similarities, reverse=True)
    vectors = project(embeddings(), "all" if weighting == "all" else "sound")
    best = int(songs[0]["md5"], 16) * 2 + songs[0]["song"] - 1
    assert similarities[0] == pytest.approx(vectors[best] @ vectors[7], abs=1e-5)


@needs_lancedb
def test_song_is_described(client: httpx.Client) -> None:
    (song,) = client.get(ADDRESS, params={"md5": md5_of(0).hex(), "limit": 1}).json()["songs"]
    number = int(song["md5"], 16)
    assert song["path"] == f"A/It's {number}.sid"
    assert (song["title"], song["author"], song["released"]) == (f"Title {number}", "Author", "1985")
    assert song["length"] == 12.5
    assert song["features"] == pytest.approx(FEATURES, abs=1e-3)


@needs_lancedb
def test_path_names_a_song_too(client: httpx.Client) -> None:
    by_path = client.get(ADDRESS, params={"path": "A/It's 3.sid", "song": 2})
    by_md5 = client.get(ADDRESS, params={"md5": md5_of(3).hex(), "song": 2})
    assert by_path.json() == by_md5.json()
    assert len(by_path.json()["songs"]) == 20


@needs_lancedb
@pytest.mark.parametrize(
    "query",
    [
        {"md5": "0" * 31 + "f" * 1, "song": 3},
        {"md5": "f" * 32},
        {"md5": f"{TUNES:032x}"},
        {"path": "' OR path != '"},
        {"path": "A/It's 3.sid' OR 'a' = 'a"},
        {"path": "A/\x00\u2028🎵.sid"},
    ],
)
def test_song_that_is_not_there(client: httpx.Client, query: dict[str, Any]) -> None:
    assert "Ask for another" in error(client.get(ADDRESS, params=query), 404, "unknown_song")["message"]


@needs_lancedb
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"md5": "abc"}, "query.md5"),
        ({"md5": "A" * 32}, "query.md5"),
        ({"path": ""}, "query.path"),
        ({"path": "x" * 1001}, "query.path"),
        ({"path": "x", "song": 0}, "query.song"),
        ({"path": "x", "song": 257}, "query.song"),
        ({"path": "x", "song": "1 OR 1"}, "query.song"),
        ({"path": "x", "limit": 0}, "query.limit"),
        ({"path": "x", "limit": 101}, "query.limit"),
        ({"path": "x", "weighting": "path"}, "query.weighting"),
    ],
)
def test_invalid_parameters(client: httpx.Client, query: dict[str, Any], field: str) -> None:
    assert error(client.get(ADDRESS, params=query), 422, "invalid_field")["field"] == field


@needs_lancedb
@pytest.mark.parametrize("query", [{}, {"md5": "0" * 32, "path": "A/One.sid"}])
def test_file_must_be_named_once(client: httpx.Client, query: dict[str, Any]) -> None:
    assert "md5 or its path" in error(client.get(ADDRESS, params=query), 400, "invalid_request")["message"]


@needs_lancedb
def test_new_table_is_used_at_once(client: httpx.Client, tmp_path: Path) -> None:
    query: dict[str, Any] = {"md5": md5_of(3).hex(), "limit": 5}
    before = client.get(ADDRESS, params=query).json()
    write(tmp_path / "lance", embeddings(seed=2))
    assert client.get(ADDRESS, params=query).json() != before


@needs_lancedb
def test_large_table_has_an_index(tmp_path: Path) -> None:
    write(tmp_path, embeddings(), index_from=2 * TUNES)
    table = SongTable.open(tmp_path)
    row = table.song(2, md5=md5_of(3).hex())
    assert row
    found = {(song["md5"], song["song"]) for song in table.similar(row, "all", 5)}
    assert len(found & set(nearest(7, "all")[:5])) >= 4
    indices = song_table.load_lancedb().connect(tmp_path).open_table(song_table.NAME).list_indices()
    assert {index.index_type for index in indices} >= {"IvfHnswSq", "BTree"}


def test_rate_is_limited(serve: Serve, settings: Settings) -> None:
    client = serve(create_app(replace(settings, rate_limit=0.001, rate_burst=1)))
    assert client.get(ADDRESS, params={"path": "x"}).status_code == 404
    error(client.get(ADDRESS, params={"path": "x"}), 429, "too_many_requests")


def test_server_without_a_table_says_so(serve: Serve, settings: Settings, tmp_path: Path) -> None:
    without = serve(create_app(settings)).get(ADDRESS, params={"path": "x"})
    assert "SIDFLOW_LANCE" in error(without, 404, "no_song_table")["message"]
    missing = serve(create_app(replace(settings, lance=tmp_path / "none"))).get(ADDRESS, params={"path": "x"})
    assert "analyze --lance" in error(missing, 404, "no_song_table")["message"]
    assert str(tmp_path) not in missing.text
    assert not (tmp_path / "none").exists()


def test_server_without_lancedb_says_so(
    serve: Serve, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lancedb", None)
    client = serve(create_app(replace(settings, lance=tmp_path)))
    message = error(client.get(ADDRESS, params={"path": "x"}), 404, "no_song_table")["message"]
    assert "pip install 'sidflow-app[lance]'" in message
    with pytest.raises(SongTableError, match="LanceDB is not installed"):
        song_table.load_lancedb()
