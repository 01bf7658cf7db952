"""A site's collection: what is published of a folder, what stays out, and how it is served."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from app.server.application import create_app
from app.server.collection import watch
from app.server.collection.publisher import KNOWN, PUBLISHED, Publication, Publisher
from app.server.settings import Settings
from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong
from sidflow_feedback.vocabulary import EMBEDDING_VERSION
from tests.collection_tree import length_of, path_of, plant, tune
from tests.patience import wait_until

COUNT = 12


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path / "C64Music", COUNT)


@pytest.fixture
def publish(tree: Path, tmp_path: Path) -> Callable[[], Publication | None]:
    return Publisher(tree, None, tmp_path / "output").update


def published(publication: Publication | None, output: Path, kind: str) -> bytes:
    assert publication
    return (output / PUBLISHED / publication.files[kind]).read_bytes()


def catalog(publication: Publication | None, output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(published(publication, output, "catalog"))
    return found


def test_catalog_has_each_tune_with_its_lengths(
    publish: Callable[[], Publication | None], tmp_path: Path
) -> None:
    publication = publish()
    found = catalog(publication, tmp_path / "output")
    paths = [
        f"{folder}/{file}"
        for folder, file in zip(
            [f for f, n in zip(found["folders"], found["counts"], strict=True) for _ in range(n)],
            found["files"],
            strict=True,
        )
    ]
    assert publication
    assert set(paths) == publication.paths
    assert set(paths) == {path_of(number) for number in range(COUNT)} | {"MUSICIANS/Copy.sid"}
    at = paths.index(path_of(7))
    assert found["titles"][at] == "Tune number 7"
    assert found["authors"][found["author"][at]] == "Chris Hülsbeck"
    start = sum(found["timed"][:at])
    assert found["lengths"][start] == 1000 * length_of(7)
    md5 = published(publication, tmp_path / "output", "md5")
    assert md5[16 * at :][:16] == hashlib.md5(tune(7)).digest()
    assert publication.skipped == {"no tune that the emulator can play": 2}


def test_changes_are_published_and_nothing_is_read_twice(
    publish: Callable[[], Publication | None], tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish()
    assert publish() is None
    (tree / path_of(3)).unlink()
    (tree / "MUSICIANS" / "New.sid").write_bytes(tune(99))
    read: list[Path] = []
    original = os.open

    def opened(path: Any, *arguments: Any) -> int:
        read.append(Path(path))
        return original(path, *arguments)

    monkeypatch.setattr(os, "open", opened)
    second = publish()
    assert [path.name for path in read if path.suffix == ".sid"] == ["New.sid"]
    assert first
    assert second
    assert second.paths == first.paths - {path_of(3)} | {"MUSICIANS/New.sid"}
    assert first.files["catalog"] != second.files["catalog"]
    assert {path.name for path in (tmp_path / "output" / PUBLISHED).iterdir()} == set(second.files.values())


def test_damaged_notes_of_known_tunes_are_written_again(
    publish: Callable[[], Publication | None], tree: Path, tmp_path: Path
) -> None:
    first = publish()
    (tmp_path / "output" / KNOWN).write_text('{"version": 1, "tunes": 7}')
    again = Publisher(tree, None, tmp_path / "output").update()
    assert again == first


def test_what_could_lead_out_of_the_folder_is_left_out(
    publish: Callable[[], Publication | None], tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "Secret.sid").write_bytes(tune(200))
    (tree / "Link.sid").symlink_to(tmp_path / "Secret.sid")
    (tree / "loop").symlink_to(tree)
    (tree / ".hidden").mkdir()
    shutil.copy(tmp_path / "Secret.sid", tree / ".hidden" / "A.sid")
    shutil.copy(tmp_path / "Secret.sid", tree / ".B.sid")
    (Path(os.fsdecode(os.fsencode(tree) + b"/\xff.sid"))).write_bytes(tune(201))
    (tree / "line\nbreak.sid").write_bytes(tune(202))
    publication = publish()
    assert publication
    assert len(publication.paths) == COUNT + 1
    assert publication.skipped["link"] == 2
    assert publication.skipped["name that can't be sent"] == 2


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_folder_without_tunes_is_a_plain_problem(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "music"
    if state == "empty":
        folder.mkdir()
    publication = Publisher(folder, None, tmp_path / "output").update()
    assert publication
    assert not publication.files
    assert str(folder) in publication.problem


def test_damaged_analysis_file_is_left_out_with_the_reason(
    publish: Callable[[], Publication | None], tree: Path
) -> None:
    (tree / "x.sidan").write_bytes(b"nonsense")
    publication = publish()
    assert publication
    assert "analyses" not in publication.files
    assert any(reason.startswith("x.sidan can't be used.") for reason in publication.skipped)


@pytest.fixture
def client(serve: Any, settings: Settings, tree: Path) -> httpx.Client:
    song = AnalyzedSong(embedding=bytes(64))
    analyses = AnalysisFile.of(
        {hashlib.md5(tune(0)).digest(): [song]}, embedding_version=EMBEDDING_VERSION, hvsc_release="85"
    )
    (tree / "x.sidan").write_bytes(analyses.to_bytes())
    (tree / "Odd #1 ä.sid").write_bytes(tune(50))
    client: httpx.Client = serve(create_app(replace(settings, collection=tree)))
    return client


def info(client: httpx.Client, tunes: int = COUNT + 2) -> dict[str, Any]:
    """Return what the server says about its collection when it has so many tunes."""

    def found() -> dict[str, Any]:
        answer: dict[str, Any] = client.get("/api/collection").json()
        return answer

    wait_until(lambda: found()["tunes"] == tunes)
    return found()


def test_published_files_are_cached_forever_and_compressed(client: httpx.Client) -> None:
    found = info(client)
    assert (found["name"], found["stil"]) == ("C64Music", None)
    for kind in ("catalog", "md5", "analyses"):
        answer = client.get(found[kind], headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"
        head = client.head(found[kind], headers={"Accept-Encoding": "identity"})
        assert int(head.headers["content-length"]) == len(answer.content)
    tag = client.get("/api/collection").headers["etag"]
    assert client.get("/api/collection", headers={"If-None-Match": tag}).status_code == 304


def test_tunes_are_served_by_path(client: httpx.Client) -> None:
    info(client)
    address = f"/collection/tunes/{path_of(5)}"
    answer = client.get(address)
    assert answer.content == tune(5)
    assert client.get(address, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    part = client.get(address, headers={"Range": "bytes=1-4"})
    assert (part.status_code, part.content) == (206, tune(5)[1:5])
    assert client.get(f"/collection/tunes/{quote('Odd #1 ä.sid')}").content == tune(50)


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "%2e%2e/secret.txt",
        "MUSICIANS/%2e%2e/%2e%2e/secret.txt",
        "DOCUMENTS/README.txt",
        "DOCUMENTS/Songlengths.md5",
        "MUSICIANS/Broken.sid",
        "MUSICIANS/Huge.sid",
        "MUSICIANS",
        "",
        "x.sidan",
        "%00",
    ],
)
def test_nothing_else_of_the_folder_is_served(client: httpx.Client, path: str) -> None:
    info(client)
    answer = client.get(f"/collection/tunes/{path}")
    assert answer.status_code == 404
    assert "top secret" not in answer.text


def test_tune_that_has_become_a_link_is_not_followed_out(
    client: httpx.Client, tree: Path, tmp_path: Path
) -> None:
    info(client)
    path = tree / path_of(4)
    path.unlink()
    path.symlink_to(tmp_path / "secret.txt")
    assert client.get(f"/collection/tunes/{path_of(4)}").status_code == 404


def test_new_tune_appears_without_a_restart(client: httpx.Client, tree: Path) -> None:
    assert watch.INTERVAL < 60
    info(client)
    (tree / "New.sid").write_bytes(tune(77))
    info(client, COUNT + 3)
    assert client.get("/collection/tunes/New.sid").content == tune(77)


def test_server_without_a_collection_says_so(serve: Any, settings: Settings) -> None:
    client = serve(create_app(settings))
    assert client.get("/api/collection").json()["catalog"] is None
    assert client.get("/collection/tunes/a.sid").status_code == 404


def test_copies_are_small(publish: Callable[[], Publication | None], tmp_path: Path) -> None:
    data = published(publish(), tmp_path / "output", "catalog")
    copy = tmp_path / "output" / "compressed" / f"{hashlib.sha256(data).hexdigest()}.gz"
    assert gzip.decompress(copy.read_bytes()) == data
