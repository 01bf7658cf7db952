import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.composer import DemoTune, compose_library
from app.emulator import SidError
from app.paths import places
from app.setup.progress import StepProgress
from app.setup.tunes import Listener, make_tunes
from sidflow_feedback.analysis.features import FEATURE_NAMES

ENGINE = places().vendor / "sid" / "sid.wasm"
pytestmark = pytest.mark.skipif(not ENGINE.is_file(), reason="set-up has not run: no SID engine here")


@pytest.fixture(scope="module")
def library() -> list[DemoTune]:
    """Return two tunes, the second with several songs, that are over soon."""
    tunes = compose_library()
    chosen = (tunes[0], next(tune for tune in tunes if len(tune.lengths) > 1))
    return [replace(tune, lengths=tuple(2.0 for _ in tune.lengths)) for tune in chosen]


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    return Listener(ENGINE, tmp_path / "heard")


def test_the_catalogue_describes_every_song(
    library: list[DemoTune], listener: Listener, tmp_path: Path, progress: StepProgress
) -> None:
    written = make_tunes(library, tmp_path / "tunes", listener, progress)
    assert [path.name for path in written] == [*(tune.file_name for tune in library), "catalogue.json"]
    entries = json.loads(written[-1].read_text("utf-8"))["tunes"]
    for tune, entry in zip(library, entries, strict=True):
        assert (tmp_path / "tunes" / entry["url"].rpartition("/")[2]).read_bytes() == tune.data
        assert entry["sidPath"] == f"Demo/{tune.file_name}"
        assert (entry["title"], entry["songs"]) == (tune.title, len(tune.lengths))
        assert entry["clock"] in ("PAL", "NTSC")
        assert entry["chip"] in (6581, 8580)
        assert len(entry["features"]) == len(tune.lengths)
        assert all(tuple(song) == FEATURE_NAMES and song["rms"] > 0 for song in entry["features"])


def test_what_was_heard_is_not_heard_again(
    library: list[DemoTune], listener: Listener, tmp_path: Path, progress: StepProgress
) -> None:
    make_tunes(library[:1], tmp_path / "tunes", listener, progress)
    (kept,) = listener.memory.iterdir()
    heard = json.loads(kept.read_text("utf-8"))
    kept.write_text(json.dumps({**heard, "released": "kept"}))
    *_, catalogue = make_tunes(library, tmp_path / "tunes", listener, progress)
    assert json.loads(catalogue.read_text("utf-8"))["tunes"][0]["released"] == "kept"
    assert len(list(listener.memory.iterdir())) == sum(len(tune.lengths) for tune in library)


def test_a_changed_tune_is_heard_anew(
    library: list[DemoTune], listener: Listener, tmp_path: Path, progress: StepProgress
) -> None:
    make_tunes(library[:1], tmp_path / "tunes", listener, progress)
    longer = replace(library[0], lengths=(3.0,))
    *_, catalogue = make_tunes([longer], tmp_path / "tunes", listener, progress)
    (entry,) = json.loads(catalogue.read_text("utf-8"))["tunes"]
    assert entry["lengths"] == [3.0]
    assert entry["features"][0]["duration"] == 3.0


def test_a_tune_that_cannot_be_heard_stops_before_the_catalogue(
    library: list[DemoTune], listener: Listener, tmp_path: Path, progress: StepProgress
) -> None:
    broken = replace(library[0], data=library[0].data[:40])
    with pytest.raises(SidError):
        make_tunes([broken], tmp_path / "tunes", listener, progress)
    assert not (tmp_path / "tunes" / "catalogue.json").exists()
