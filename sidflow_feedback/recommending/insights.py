"""What the model has learned, as figures that can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

if TYPE_CHECKING:
    from sidflow_feedback.events import RatingEvent
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.types import FloatArray, Record

MAP_SONGS: Final = 1500
"""Songs on the map: more would hide one another."""

AVERAGED: Final = 128
"""Songs over which an effect is averaged."""

QUANTILES: Final = np.linspace(0.05, 0.95, 7)
"""Where an effect is looked at: beyond these a library has few songs, and the model guesses."""


def partial_dependence(
    predict: Callable[[FloatArray], FloatArray], rows: FloatArray, feature: int, values: FloatArray
) -> FloatArray:
    """Return the average prediction when one feature of all rows has a value, and all else stays.

    That is Friedman's partial dependence (2001, "Greedy function approximation", section 8.2). Where features
    go together in the library, some of the rows it averages over are songs that nobody has made.

    Parameters
    ----------
    predict
        Returns outputs, shape (n, outputs), for feature vectors, shape (n, features).
    rows
        Feature vectors, shape (n, features).
    feature
        Its column.
    values
        Shape (k,).

    Returns
    -------
    array
        Shape (k, outputs).
    """
    changed = np.repeat(rows[None], len(values), axis=0)
    changed[:, :, feature] = values[:, None]
    outputs = predict(changed.reshape(-1, rows.shape[1]))
    averages: FloatArray = outputs.reshape(len(values), len(rows), -1).mean(axis=1)
    return averages


def effects(model: Model, features: NDArray[np.float32]) -> list[Record]:
    """Return what each feature does to the predictions for a library, shape (songs, 8), NaN for unknown ones.

    For each ``feature`` its ``values`` at `QUANTILES`, and the ``outputs`` there: e, m, c and p.
    """
    rows = _known(features)
    if not len(rows):
        return []
    grids, sample = np.quantile(rows, QUANTILES, axis=0), _spread(rows, AVERAGED)
    return [
        {
            "feature": name,
            "values": grids[:, i].tolist(),
            "outputs": partial_dependence(model.predict_many, sample, i, grids[:, i]).tolist(),
        }
        for i, name in enumerate(FEATURE_NAMES)
    ]


def taste_map(model: Model, features: NDArray[np.float32]) -> dict[str, list[float]]:
    """Return the predicted e, m, c and p of at most `MAP_SONGS` songs, spread over the library."""
    rows = _spread(_known(features), MAP_SONGS)
    predicted = np.round(model.predict_many(rows), 2) if len(rows) else np.empty((0, len(DIMENSIONS)))
    return {name: predicted[:, i].tolist() for i, name in enumerate(DIMENSIONS)}


def latest_ratings(ratings: Iterable[RatingEvent]) -> list[Record]:
    """Return what was said last of each song, given newest first: ``sidPath``, ``song`` and ``ratings``."""
    songs: dict[tuple[str, int], dict[str, Any]] = {}
    for event in ratings:
        latest = songs.setdefault((event.track.item_id, event.track.song), {})
        for name, value in event.ratings.items():
            latest.setdefault(name, value)
    return [{"sidPath": path, "song": song, "ratings": said} for (path, song), said in songs.items()]


def _known(features: NDArray[np.float32]) -> FloatArray:
    known: FloatArray = features[~np.isnan(features[:, 0])].astype(np.float64)
    return known


def _spread(rows: FloatArray, limit: int) -> FloatArray:
    """Return at most `limit` rows, evenly spread."""
    if len(rows) <= limit:
        return rows
    return rows[np.linspace(0, len(rows) - 1, limit).astype(np.intp)]
