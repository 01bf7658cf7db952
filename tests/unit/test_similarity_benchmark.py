"""The protocol of `make bench-similarity`, on songs whose neighbors are known."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from sidflow_feedback.analysis.embedding import DIMENSIONS, columns, project, ranks
from tests.bench.similarity import Part, figures_of, hash_of, nearest
from tests.bench.similarity_routines import INSTRUCTIONS, fingerprint, length_of
from tests.bench.similarity_songs import Song
from tests.bench.similarity_tables import TUNES_PER_COMPOSER, choose, fit, write

COMPOSERS, TUNES = 24, 12


def songs(spread: float = 0.3) -> list[Song]:
    """Return songs whose dimensions tell their composer, and whose features tell nothing."""
    random = np.random.default_rng(3)
    found = []
    for composer in range(COMPOSERS):
        center = random.normal(size=len(DIMENSIONS))
        for tune in range(TUNES):
            dimensions = center + spread * random.normal(size=len(DIMENSIONS))
            features = tuple(random.normal(size=8).tolist())
            name = f"MUSICIANS/C/Composer_{composer:02}/Tune_{tune}.sid"
            found.append(Song(name, tuple(dimensions.tolist()), features, f"routine {composer // 2}"))
    return found


def test_the_best_and_the_worst_order() -> None:
    part = Part(
        [Song(f"MUSICIANS/A/{name}.sid", (0.0,), (0.0,), "") for name in ("X/1", "X/2", "Y/1", "Y/2")]
    )
    close = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    far = np.array([[1, 0], [-1, 0], [1, 0], [-1, 0]], np.float32)
    assert part.ndcg(close) == 1
    # The only hit comes last of three.
    assert part.ndcg(far) == pytest.approx(np.mean([1 / np.log2(3), 1 / np.log2(4)]), abs=0.15)


def test_seeds_without_another_song_of_their_composer_do_not_count() -> None:
    part = Part([Song(f"MUSICIANS/A/{name}.sid", (0.0,), (0.0,), "") for name in ("X/1", "X/2", "Y/1")])
    assert part.ndcg(np.array([[1, 0], [1, 0], [0, 1]], np.float32)) == 1


def test_a_song_is_not_its_own_neighbor() -> None:
    vectors = np.random.default_rng(0).normal(size=(700, 4)).astype(np.float32)
    found = nearest(vectors, np.arange(700))
    assert found.shape == (700, 10)
    assert not (found == np.arange(700)[:, None]).any()


def test_composers_of_hvsc_and_of_other_folders() -> None:
    names = {
        "C64Music/MUSICIANS/H/Hubbard_Rob/Worktunes/Nemesis.sid": "MUSICIANS/H/Hubbard_Rob",
        "GAMES/A-F/Arkanoid.sid": "GAMES/A-F/Arkanoid.sid",
        "mine/one.sid": "mine",
    }
    assert {name: Song(name, (), (), "").composer for name in names} == names


def test_figures() -> None:
    figures = figures_of([*songs(), Song("MUSICIANS/Z/None/Silent.sid", (), (), "")])
    assert figures["composers"] == COMPOSERS // 2
    assert figures["left_out"] == 1
    assert figures["ndcg_chance"] < 0.3
    assert 0 <= figures["ndcg_features"] < 0.3
    assert figures["same_routine_chance"] <= 1
    assert {"ndcg_embedding", "ndcg_both", "ndcg_cold", "ndcg_sound", "same_routine"} <= figures.keys()


def test_tables_bring_songs_of_a_composer_together(tmp_path: Path) -> None:
    tables = fit(songs())
    fresh = songs(spread=0.4)
    values = np.array([song.dimensions for song in fresh])
    part = Part(fresh)
    assert part.ndcg(project(ranks(values, tables.quantiles), "all", tables)) > 0.9
    assert part.ndcg(project(ranks(values, tables.quantiles), "sound", tables)) > 0.8
    assert tables.maps["sound"].shape[0] == len(columns("sound"))
    write(tables, tmp_path / "tables.npz")
    with np.load(tmp_path / "tables.npz") as file:
        assert sorted(file) == ["all", "quantiles", "sound"]
        assert np.isfinite(file["all"]).all()


def test_tables_are_made_without_the_reported_composers() -> None:
    names = [f"MUSICIANS/A/{letter * 3}/{tune}.sid" for letter in "abcdefgh" for tune in range(40)]
    excluded = {"MUSICIANS/A/aaa", "MUSICIANS/A/bbb"}
    chosen = [Song(name, (), (), "").composer for name in choose(names, excluded)]
    assert chosen
    assert not excluded & set(chosen)
    assert all(hash_of(composer) < 0.5 for composer in chosen)
    assert {chosen.count(composer) for composer in chosen} == {TUNES_PER_COMPOSER}


def test_new_composers_have_few_tunes_in_the_pool() -> None:
    part = Part(songs()).with_new_composers()
    counts = np.bincount(part.labels)
    assert sorted(set(counts.tolist())) == [3, TUNES]
    assert len(part.of_new_composers()) == 3 * COMPOSERS // 2


def tune(code: bytes, load: int, play: int, magic: bytes = b"PSID") -> bytes:
    header = struct.pack(">4sHHHHH", magic, 2, 0x7C, load, load, play)
    return header.ljust(0x7C, b"\0") + code


def test_a_moved_routine_has_the_same_fingerprint() -> None:
    # LDA absolute, STA absolute, and the address is another after a move.
    here = bytes([0xAD, 0x00, 0x20, 0x8D, 0x18, 0xD4]) * INSTRUCTIONS
    there = bytes([0xAD, 0x00, 0x30, 0x8D, 0x18, 0xD4]) * INSTRUCTIONS
    other = bytes([0xAD, 0x00, 0x20, 0x8E, 0x18, 0xD4]) * INSTRUCTIONS
    moved = tune(bytes([0x4C, 0x03, 0x30]) + there, 0x3000, 0x3000)
    assert fingerprint(tune(here, 0x1000, 0x1000)) == fingerprint(tune(there, 0x2000, 0x2000))
    assert fingerprint(tune(here, 0x1000, 0x1000)) != fingerprint(tune(other, 0x1000, 0x1000))
    assert fingerprint(moved) == fingerprint(tune(bytes([0x4C, 0x03, 0x10]) + here, 0x1000, 0x1000))


def test_what_has_no_routine_has_no_fingerprint() -> None:
    assert fingerprint(b"") == fingerprint(tune(b"\xea" * 5, 0x1000, 0x1000)) == ""
    assert fingerprint(tune(b"\xea" * 99, 0x1000, 0x0500)) == ""


def test_lengths_of_instructions() -> None:
    lengths = {
        0x00: 1,
        0x20: 3,
        0x60: 1,
        0xA9: 2,
        0xA2: 2,
        0xAD: 3,
        0xBD: 3,
        0xB9: 3,
        0x85: 2,
        0x91: 2,
        0xD0: 2,
    }
    assert {opcode: length_of(opcode) for opcode in lengths} == lengths
    assert [length_of(opcode) for opcode in (0x0A, 0x18, 0xE8, 0x9A, 0x4C, 0x6C, 0x99, 0x9E)] == [
        1,
        1,
        1,
        1,
        3,
        3,
        3,
        3,
    ]
