"""The short form of `make bench-fidelity`: 60 real tunes, or the demo tunes where there are no real ones."""

import shutil
from pathlib import Path

import pytest

from app.composer.assembler import assemble
from tests.bench.fidelity import figures_of, measure
from tests.bench.fidelity_render import Result
from tests.bench.fidelity_tunes import find_tunes
from tests.bench.harness import Figures
from tests.wasm import programs
from tests.wasm.programs import on_chips, rsid
from tests.wasm.psid import psid

TUNES, SECONDS = 60, 4
"""Of four seconds, 3.5 are compared: distances are a little larger than those of 15 s."""

ALIKE = 0.9
"""A tune in twenty differs by the constant part of the 8580's voices alone, which is newer in our reSIDfp."""

needs_native = pytest.mark.skipif(
    not shutil.which("sidplayfp"), reason="the native player sidplayfp is not installed"
)


@needs_native
def test_sample_of_tunes_sounds_as_in_the_native_player(tmp_path: Path) -> None:
    figures = measure(sample=TUNES, seconds=SECONDS, workers=1, cache=str(tmp_path))
    assert figures["refused"] == 0
    assert figures["alike"] >= ALIKE, figures


@needs_native
def test_second_run_needs_no_new_render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tune.sid").write_bytes(rsid(programs.RASTER))

    def compared() -> Figures:
        return measure(folder=str(tmp_path), seconds=3, workers=1, cache=str(tmp_path / "kept"))

    first = compared()
    assert (first["compared"], first["rsid_under_2db"]) == (1, 1)
    monkeypatch.setattr("tests.bench.fidelity.compare_tune", None)
    assert compared() == first


def test_refused_tune_does_not_sound_alike() -> None:
    results = [
        Result("a", "PSID", "compared", spectrum=0.9, level=3),
        Result("b", "PSID", "compared", spectrum=1.1),
        Result("c", "RSID", "compared", spectrum=1.1),
        Result("d", "RSID", "refused", "needs ROM"),
        Result("e", "RSID", "native failed"),
        Result("f", "RSID", "native silent"),
    ]
    figures = figures_of(results)
    shares = figures["psid_under_1db"], figures["rsid_under_2db"], figures["alike"]
    assert shares == (0.5, 0.5, 0.5)
    assert (figures["compared"], figures["refused"]) == (3, 1)
    assert (figures["native_failed"], figures["native_silent"]) == (1, 1)


def test_selections(tmp_path: Path) -> None:
    program = assemble("* = $1000\n rts").code
    files = {
        "one": psid(program),
        "own/no_play": psid(program, play=0),
        "own/rsid": rsid(programs.RASTER),
        "many": psid(program, songs=32),
        "two": on_chips(0xD400, 0xD420, chips=(6581, 6581)),
    }
    for name, data in files.items():
        file = tmp_path / f"{name}.sid"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
    (tmp_path / "empty.sid").write_bytes(b"")
    expected = {
        "all": {"one", "own/no_play", "own/rsid", "many", "two"},
        "psid": {"one", "own/no_play", "many", "two"},
        "rsid": {"own/rsid"},
        "many-sids": {"two"},
        "many-songs": {"many"},
        "own-interrupt": {"own/no_play"},
    }
    for selection, names in expected.items():
        assert {tune.name for tune in find_tunes(tmp_path, selection)} == {f"{name}.sid" for name in names}
    assert find_tunes(tmp_path, sample=3, seed=1) == find_tunes(tmp_path, seed=1)[:3]
    assert find_tunes(tmp_path, seed=1) != find_tunes(tmp_path, seed=2)
