"""The catalog in the repository is what the composer, the emulator, and the features give now."""

from __future__ import annotations

from typing import Any

import pytest

from app.composer import compose_library
from app.composer.catalog import catalog_entry, read_catalog
from app.paths import paths

EMULATOR = paths().vendor / "sid" / "sid.wasm"
pytestmark = pytest.mark.skipif(not EMULATOR.is_file(), reason="set-up has not run: there is no emulator")


def test_entries_match_the_rendered_tunes(catalog_sample: int) -> None:
    tunes = compose_library()
    catalog = read_catalog()
    assert len(catalog) == len(tunes)
    for tune in tunes[:: max(1, len(tunes) // catalog_sample)][:catalog_sample]:
        found = catalog_entry(tune, EMULATOR)
        kept = catalog[found["sha256"]]
        assert _without_features(found) == _without_features(kept)
        for song, known in zip(found["features"], kept["features"], strict=True):
            # Rounding can move the rolloff of a frame by a bin.
            assert song == pytest.approx(known, rel=1e-4)


def _without_features(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "features"}
