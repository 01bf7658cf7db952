"""The rows of the table of songs: what a run has found out about the music of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from sidflow_feedback.analysis.embedding import project
from sidflow_feedback.vocabulary import EMBEDDING_WIDTH, FEATURE_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sidflow_feedback.analysis.analysis_file import AnalysisFile

    from .music import Music

_TEXTS: Final = ("path", "title", "author", "released")


def song_rows(music: Music, file: AnalysisFile) -> pa.Table:
    """Return a row for each song of the folder that has features and an embedding."""
    songs = [
        (tune, number, song.features, song.length, song.embedding)
        for tune in music.tunes
        for number, song in enumerate(file.songs_of(tune.md5), 1)
        if song.features is not None and song.embedding is not None
    ]
    features = [[values[name] for name in FEATURE_NAMES] for _, _, values, _, _ in songs]
    codes = np.frombuffer(b"".join(code for *_, code in songs), np.uint8).reshape(-1, EMBEDDING_WIDTH)
    return pa.table(
        {
            **{name: pa.array([getattr(tune, name) for tune, *_ in songs], pa.utf8()) for name in _TEXTS},
            "md5": pa.array([tune.md5.hex() for tune, *_ in songs], pa.utf8()),
            "song": pa.array([number for _, number, *_ in songs], pa.int16()),
            "length": pa.array([length for _, _, _, length, _ in songs], pa.float32()),
            "features": _vectors(np.array(features, np.float32).reshape(-1, len(FEATURE_NAMES))),
            "all": _vectors(project(codes, "all")),
            "sound": _vectors(project(codes, "sound")),
        }
    )


def _vectors(values: NDArray[np.float32]) -> pa.FixedSizeListArray:
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
