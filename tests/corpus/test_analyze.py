"""The command `analyze`, with the real emulator in real processes."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.corpus import run
from app.emulator import SidEmulator
from app.song_table import SongTable
from sidflow_feedback.analysis.analysis_file import AnalysisFile, AnalyzedSong, Problem
from sidflow_feedback.analysis.embedding import embed
from sidflow_feedback.analysis.trace import Trace
from sidflow_feedback.vocabulary import EMBEDDING_VERSION, EMBEDDING_WIDTH
from tests.corpus.test_workers import dask
from tests.corpus.tunes import hostile_folder, hvsc, silent, stopping, tune
from tests.patience import PATIENCE, wait_until
from tests.wasm.roms import ROMS, basic_tune

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "result.sidan"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return hvsc(tmp_path / "C64Music")


def analyze(folder: Path, out: Path, *options: str) -> AnalysisFile:
    assert main(["analyze", str(folder), "--out", str(out), *options]) == 0
    return AnalysisFile.read(out.read_bytes())


def songs_of(file: AnalysisFile, data: bytes) -> list[AnalyzedSong]:
    return file.songs_of(hashlib.md5(data).digest())


def counts(capsys: Capture) -> tuple[int, int]:
    """Return how many songs were analyzed now, and how many were known before."""
    match = re.search(r"([\d,]+) analyzed now, ([\d,]+) known before", capsys.readouterr().err)
    assert match
    return int(match[1]), int(match[2])


def test_all_songs_of_a_folder_are_known(folder: Path, out: Path, capsys: Capture) -> None:
    file = analyze(folder, out)
    assert counts(capsys) == (6, 0)
    assert len(file.md5) == 5  # one of the six files is there twice
    assert file.hvsc_release == "74"
    assert file.embedding_version == EMBEDDING_VERSION
    first, second = songs_of(file, tune(10, songs=2))
    assert first.features
    assert second.features
    assert first.features["spectralCentroid"] != second.features["spectralCentroid"]
    assert first.embedding
    assert len(first.embedding) == EMBEDDING_WIDTH
    problems = {data: songs_of(file, data)[0].problem for data in (silent(), stopping())}
    assert problems == {silent(): Problem.SILENT, stopping(): Problem.STOPPED}
    assert songs_of(file, b"PSID, but no more")[0].problem == Problem.BROKEN
    assert sorted(path.name for path in out.parent.iterdir()) == ["C64Music", "result.sidan"]


def test_embedding_is_that_of_the_library(folder: Path, out: Path) -> None:
    emulator = SidEmulator()
    emulator.load(tune(30))
    emulator.analyze()
    emulator.skip(30 * 44100)
    expected = embed(Trace.from_bytes(emulator.take_trace())) * 255
    found = songs_of(analyze(folder, out), tune(30))[0].embedding
    assert found
    assert list(found) == pytest.approx(expected, abs=0.51)


def test_only_what_is_new_or_changed_is_analyzed(folder: Path, out: Path, capsys: Capture) -> None:
    before = analyze(folder, out)
    capsys.readouterr()
    again = analyze(folder, out)
    assert again.features == pytest.approx(before.features, rel=1e-3, abs=1e-3, nan_ok=True)
    assert again.embeddings.tobytes() == before.embeddings.tobytes()
    assert counts(capsys) == (0, 6)
    (folder / "MUSICIANS/A/One.sid").write_bytes(tune(50))
    (folder / "new.mus").write_bytes(tune(60))
    file = analyze(folder, out)
    assert counts(capsys) == (2, 4)
    assert songs_of(file, tune(60))[0].features
    assert songs_of(file, tune(10, songs=2)), "what other folders have stays known"


@pytest.mark.parametrize("version", ["ANALYSIS_VERSION", "EMBEDDING_VERSION"])
def test_results_of_other_versions_are_computed_again(
    version: str, folder: Path, out: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze(folder, out)
    capsys.readouterr()
    monkeypatch.setattr(run, version, getattr(run, version) + 1)
    analyze(folder, out)
    assert counts(capsys) == (6, 0)


def test_song_lengths_count_without_another_analysis(folder: Path, out: Path, capsys: Capture) -> None:
    analyze(folder, out)
    capsys.readouterr()
    md5 = hashlib.md5(tune(10, songs=2)).hexdigest()
    (folder / "DOCUMENTS/Songlengths.md5").write_text(f"[Database]\n{md5}=1:40.5 2:00\n")
    songs = songs_of(analyze(folder, out), tune(10, songs=2))
    assert counts(capsys) == (0, 6)
    durations = [song.features and song.features["duration"] for song in songs]
    assert durations == pytest.approx([100.5, 120.0], abs=0.01)


def test_hostile_files_cost_themselves_only(tmp_path: Path, out: Path, capsys: Capture) -> None:
    count = 12
    file = analyze(hostile_folder(tmp_path / "hostile", count), out)
    assert len(file.md5) == count + 1
    assert Problem.NOT_ANALYZED not in {song.problem for song in songs_of(file, tune())}
    assert songs_of(file, tune())[0].features
    assert "Failed" not in capsys.readouterr().err


def test_files_that_cannot_be_read_are_named(folder: Path, out: Path, capsys: Capture) -> None:
    (folder / "large.sid").write_bytes(bytes(200_000))
    (folder / "gone.sid").symlink_to(folder / "nothing")
    assert len(analyze(folder, out).md5) == 5
    printed = capsys.readouterr().err
    assert "Failed: large.sid: it has more than 128 KB, which is too large for a tune" in printed
    assert "Failed: gone.sid: No such file" in printed


def started(folder: Path, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app", "analyze", str(folder), "--out", str(out), "--workers", "1"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def children(pid: int) -> Iterator[int]:
    for part in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, part.read_text().split())


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_stopped_run_goes_on_where_it_was(
    end: signal.Signals, tmp_path: Path, out: Path, capsys: Capture
) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    songs = 64
    (folder / "long.sid").write_bytes(tune(songs=songs))
    kept = out.with_name(f"{out.name}.journal-wal")
    with started(folder, out) as process:
        wait_until(lambda: kept.exists() and kept.stat().st_size > 20_000)
        workers = list(children(process.pid))
        os.kill(process.pid, end)
        assert process.wait(PATIENCE) == (130 if end == signal.SIGINT else -signal.SIGKILL)
    assert workers
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    assert not out.exists()
    file = analyze(folder, out)
    analyzed, known = counts(capsys)
    assert analyzed + known == songs
    assert known >= 16
    assert all(song.features for song in songs_of(file, tune(songs=songs)))


def test_cluster_finds_the_same(folder: Path, out: Path, tmp_path: Path) -> None:
    with dask() as address:
        file = analyze(folder, out, "--scheduler", address)
    assert file.to_bytes() == analyze(folder, tmp_path / "other.sidan").to_bytes()


def test_release_by_hand(folder: Path, out: Path) -> None:
    assert analyze(folder, out, "--release", "85").hvsc_release == "85"


def test_table_of_songs_has_the_songs_that_can_be_compared(folder: Path, out: Path, tmp_path: Path) -> None:
    pytest.importorskip("lancedb", reason="the extra `lance` is not installed")
    analyze(folder, out, "--lance", str(tmp_path / "lance"))
    table = SongTable.open(tmp_path / "lance")
    row = table.song(2, path="MUSICIANS/A/One.sid")
    assert row
    assert row["md5"] == hashlib.md5(tune(10, songs=2)).hexdigest()
    assert (row["title"], row["author"], row["released"]) == ("Tune 10", "Author", "1985 Maker")
    (other,) = table.similar(row, "all", 5)
    assert other["md5"] == hashlib.md5(tune(30)).hexdigest()
    assert table.song(1, path="MUSICIANS/B/Silent.sid") is None


def test_songs_that_need_roms_are_tried_again_with_roms(
    tmp_path: Path, out: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, roms = tmp_path / "basic", tmp_path / "roms"
    folder.mkdir()
    roms.mkdir()
    (folder / "basic.sid").write_bytes(basic_tune())
    (song, _) = songs_of(analyze(folder, out), basic_tune())
    assert song.problem == Problem.NEEDS_ROMS
    for kind, image in ROMS.images.items():
        (roms / f"{kind}.bin").write_bytes(image)
    monkeypatch.setenv("SIDFLOW_ROMS", str(roms))
    capsys.readouterr()
    (song, _) = songs_of(analyze(folder, out), basic_tune())
    assert counts(capsys) == (2, 0)
    assert song.features


def fails(capsys: Capture, *arguments: object) -> str:
    assert main(["analyze", *map(str, arguments)]) == 1
    return capsys.readouterr().err


def test_errors_say_what_to_do(folder: Path, out: Path, tmp_path: Path, capsys: Capture) -> None:
    assert "Name the folder that has your .sid files" in fails(capsys, tmp_path / "none")
    shutil.rmtree(folder / "MUSICIANS")
    assert "There are no .sid or .mus files" in fails(capsys, folder, "--out", out)
    hvsc(tmp_path / "other")
    assert "Choose another file with --out" in fails(capsys, tmp_path / "other", "--out", tmp_path)
    out.write_text("my diary")
    assert "This is no analysis file" in fails(capsys, tmp_path / "other", "--out", out)
    assert out.read_text() == "my diary"
    out.unlink()
    message = fails(capsys, tmp_path / "other", "--out", out, "--scheduler", "tcp://127.0.0.1:1")
    assert "No Dask scheduler responds" in message
