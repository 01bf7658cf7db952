"""What the model has learned, as data for charts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from sidflow_feedback.events import RatingEvent
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.recommending.stations import Places
    from sidflow_feedback.types import Dimension, Effect, FloatArray, RatedSong, TasteMap

T = TypeVar("T", bound=np.generic)

MAP_TUNES: Final = 1500
"""Maximum number of tunes on the map: more would hide one another."""

AVERAGED: Final = 128
"""Maximum number of songs over which an effect is averaged."""

QUANTILES: Final = np.linspace(0.05, 0.95, 7)
"""Values of a feature at which an effect is computed. Beyond them, a library has few songs, so the model
guesses."""


def partial_dependence(
    predict: Callable[[FloatArray], FloatArray], rows: FloatArray, feature: int, values: FloatArray
) -> FloatArray:
    """Return the average prediction when one feature of all rows is set to a value.

    This is Friedman's partial dependence (2001, "Greedy function approximation", section 8.2). If features
    are correlated, some of the rows in the average are unrealistic songs.

    Parameters
    ----------
    predict
        Returns outputs, shape (n, outputs), for feature vectors, shape (n, features).
    rows
        Feature vectors, shape (n, features).
    feature
        Column of the feature.
    values
        Values to set it to, shape (k,).

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


def effects(model: Model, features: NDArray[np.float32]) -> list[Effect]:
    """Return how the predictions depend on each feature, at its `QUANTILES`.

    Parameters
    ----------
    features
        Of all songs of the library, shape (songs, 8); NaN where unknown.
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


def taste_map(places: Places, preferences: NDArray[np.float32], rows: NDArray[np.intp]) -> TasteMap:
    """Return at most `MAP_TUNES` tunes, spread over the library.

    Parameters
    ----------
    places, preferences
        Of each tune; NaN where unknown.
    rows
        Of the first song of each tune, shape (tunes,).
    """
    chosen = _spread(np.flatnonzero(~np.isnan(preferences)), MAP_TUNES)
    columns = (places.energy, places.mood, preferences)
    energy, mood, expected = (np.round(column[chosen].astype(np.float64), 2).tolist() for column in columns)
    return {
        "rows": rows[chosen].tolist(),
        "e": energy,
        "m": mood,
        "p": expected,
        "bySound": places.by_sound,
    }


def latest_ratings(ratings: Iterable[RatingEvent]) -> list[RatedSong]:
    """Return the latest rating of each dimension for each song; `ratings` are newest first."""
    songs: dict[tuple[str, int], dict[Dimension, int]] = {}
    for event in ratings:
        latest = songs.setdefault((event.track.item_id, event.track.song), {})
        for name, value in event.ratings.items():
            latest.setdefault(name, value)
    return [
        {"sidPath": item_id, "song": song, "ratings": latest} for (item_id, song), latest in songs.items()
    ]


def _known(features: NDArray[np.float32]) -> FloatArray:
    known: FloatArray = features[~np.isnan(features[:, 0])].astype(np.float64)
    return known


def _spread(rows: NDArray[T], limit: int) -> NDArray[T]:
    """Return at most `limit` rows, evenly spread."""
    if len(rows) <= limit:
        return rows
    return rows[np.linspace(0, len(rows) - 1, limit).astype(np.intp)]
