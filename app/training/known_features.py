"""Features that the server knows by itself: those of the demo tunes, and of its own collection.

They come from its own analysis. What uploads say of these tunes' sound is ignored, so nobody can move them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import md5, sha256
from typing import TYPE_CHECKING

from sidflow_feedback.analysis.analysis_file import AnalysisFile
from sidflow_feedback.errors import AnalysisFileError
from sidflow_feedback.vocabulary import FEATURE_NAMES

from ..server.collection.tree import ANALYSES, read_tree
from .errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..server.settings import Settings

Song = tuple[str, int]
"""Item id, and number of the song from 1."""

KnownFeatures = dict[Song, tuple[float, ...]]
"""Eight features of each song, in the order of `FEATURE_NAMES`."""


def known_features(settings: Settings) -> KnownFeatures:
    """Return the features of all songs that this server knows.

    Raises
    ------
    TrainingError
        If the collection, its analysis file, or the catalog can't be read.
    """
    try:
        found = dict(_of_catalog(settings.vendor / "tunes" / "catalog.json"))
        if settings.collection:
            found.update(_of_collection(settings.collection, settings.collection_analyses))
    except (OSError, ValueError, KeyError, TypeError, AnalysisFileError) as exc:
        raise TrainingError(f"The server's own features can't be read: {exc}") from exc
    return found


def _of_catalog(path: Path) -> Iterator[tuple[Song, tuple[float, ...]]]:
    if not path.exists():
        return
    for tune in json.loads(path.read_text("utf-8"))["tunes"]:
        for song, features in enumerate(tune["features"], 1):
            if features:
                yield (tune["sidPath"], song), _row(features)


def _of_collection(folder: Path, analyses: Path | None) -> Iterator[tuple[Song, tuple[float, ...]]]:
    """Yield the songs of a collection, by the path in it and by the hash that own files have."""
    tree = read_tree(folder, analyses)
    if ANALYSES not in tree.documents:
        return
    file = AnalysisFile.read(tree.documents[ANALYSES][0].read_bytes())
    for path in tree.tunes:
        data = (folder / path).read_bytes()
        ids = (path, f"sha256:{sha256(data).hexdigest()}")
        songs = file.songs_of(md5(data, usedforsecurity=False).digest())
        for song, analyzed in enumerate(songs, 1):
            if analyzed.features is not None:
                for item_id in ids:
                    yield (item_id, song), _row(analyzed.features)


def _row(features: Mapping[str, float]) -> tuple[float, ...]:
    return tuple(features[name] for name in FEATURE_NAMES)
