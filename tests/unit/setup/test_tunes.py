import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from app.composer import compose_library
from app.errors import SetupError
from app.setup.tunes import make_tunes
from sidflow_feedback.vocabulary import FEATURE_NAMES


def test_catalog_has_every_song(tmp_path: Path) -> None:
    library = compose_library()
    written = make_tunes(library, tmp_path)
    assert [path.name for path in written] == [*(tune.file_name for tune in library), "catalog.json"]
    entries = json.loads(written[-1].read_text("utf-8"))["tunes"]
    for tune, entry in zip(library, entries, strict=True):
        assert (tmp_path / entry["url"]).read_bytes() == tune.data
        assert entry["sha256"] == sha256(tune.data).hexdigest()
        assert entry["sidPath"] == f"Demo/{tune.file_name}"
        assert (entry["title"], entry["lengths"]) == (tune.title, list(tune.lengths))
        assert entry["clock"] in ("PAL", "NTSC")
        assert entry["chip"] in (6581, 8580)
        assert [song["duration"] for song in entry["features"]] == entry["lengths"]
        assert all(tuple(song) == FEATURE_NAMES and song["rms"] > 0 for song in entry["features"])


def test_changed_tune_stops_set_up_before_the_catalog(tmp_path: Path) -> None:
    tune = compose_library()[0]
    with pytest.raises(SetupError, match=r"python -m app\.composer\.catalog"):
        make_tunes([replace(tune, data=tune.data + b"\0")], tmp_path)
    assert not list(tmp_path.iterdir())
