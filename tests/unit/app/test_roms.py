"""Reading the folder of the C64's ROMs."""

import json
from pathlib import Path

import pytest

from app import roms as module
from app.roms import KINDS, SIZES, RomError, Roms, read_roms

TABLE = json.loads((Path(__file__).parents[3] / "static/js/sid/known-roms.json").read_text())
IMAGES = {kind: bytes([number + 1]) * SIZES[kind] for number, kind in enumerate(KINDS)}


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test images be known dumps."""
    table = {module._md5(image): kind for kind, image in IMAGES.items()}
    monkeypatch.setattr(module, "_known", lambda: table)


def test_table_of_known_dumps_is_well_formed() -> None:
    assert {rom["kind"] for rom in TABLE.values()} == set(KINDS)
    assert all(len(digest) == 32 and rom["name"] for digest, rom in TABLE.items())


@pytest.mark.usefixtures("known")
def test_known_dumps_are_found_under_any_name(tmp_path: Path) -> None:
    for name, kind in (("a.bin", "kernal"), ("b", "basic"), ("c.rom", "characters")):
        (tmp_path / name).write_bytes(IMAGES[kind])
    (tmp_path / "readme.txt").write_text("not a ROM")
    assert read_roms(tmp_path) == Roms(IMAGES)


@pytest.mark.usefixtures("known")
def test_dump_with_both_roms_is_divided(tmp_path: Path) -> None:
    (tmp_path / "64c.bin").write_bytes(IMAGES["basic"] + IMAGES["kernal"])
    assert read_roms(tmp_path) == Roms({kind: IMAGES[kind] for kind in ("basic", "kernal")})


def test_name_says_what_an_unknown_dump_is(tmp_path: Path) -> None:
    (tmp_path / "KERNAL.rom").write_bytes(IMAGES["kernal"])
    (tmp_path / "unknown.rom").write_bytes(IMAGES["basic"])
    (tmp_path / "characters.bin").write_bytes(IMAGES["characters"])
    assert read_roms(tmp_path) == Roms({kind: IMAGES[kind] for kind in ("kernal", "characters")})


def test_name_does_not_make_up_for_a_wrong_size(tmp_path: Path) -> None:
    (tmp_path / "kernal.rom").write_bytes(IMAGES["characters"])
    with pytest.raises(RomError, match="holds no C64 ROM"):
        read_roms(tmp_path)


def test_two_roms_of_a_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kernal.bin").write_bytes(IMAGES["kernal"])
    (tmp_path / "kernal.rom").write_bytes(IMAGES["basic"])
    with pytest.raises(RomError, match="are both a kernal ROM"):
        read_roms(tmp_path)


def test_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RomError, match=r"can't be read .* KERNAL and BASIC have 8192 bytes"):
        read_roms(tmp_path / "missing")


def test_wrong_size_is_refused() -> None:
    with pytest.raises(RomError, match="A kernal ROM has 8192 bytes, not 4096"):
        Roms({"kernal": IMAGES["characters"]})
