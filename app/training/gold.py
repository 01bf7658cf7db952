"""The gold set: ratings by people whom the operator trusts, which no upload can touch."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.vocabulary import DIMENSIONS, MAX_RATING, MIN_RATING

from .errors import TrainingError

if TYPE_CHECKING:
    from pathlib import Path

    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.types import FloatArray

    from .known_features import KnownFeatures

MIN_SONGS: Final = 20
"""With fewer songs, the error is chance."""

_NAMES: Final = ", ".join(("path", "song", *DIMENSIONS))


@dataclass(frozen=True, slots=True, eq=False)
class GoldSet:
    """Songs that the server knows: their features, shape (n, 8), and ratings, shape (n, 4), NaN for none."""

    features: FloatArray
    ratings: FloatArray

    def error(self, model: Model) -> float:
        """Return a model's root mean square error, in ratings."""
        errors = model.predict_many(self.features) - self.ratings
        return float(np.sqrt(np.nanmean(errors**2)))


def read_gold(path: Path, known: KnownFeatures) -> GoldSet:
    """Read a CSV file with the columns path, song, e, m, c, and p; an empty rating is none.

    Parameters
    ----------
    path
        The file.
    known
        The features of all songs that the server knows.

    Raises
    ------
    TrainingError
        If it can't be read, or a row is wrong or names a song that the server doesn't know.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        songs = [(row["path"], int(row["song"])) for row in rows]
        ratings = np.array([[float(row[name] or "nan") for name in DIMENSIONS] for row in rows], np.float64)
        features = np.array([known[song] for song in songs], np.float64)
    except KeyError as exc:
        raise _problem(path, f"it lacks a column, or the server doesn't know the song {exc}") from exc
    except (OSError, ValueError, TypeError) as exc:
        raise _problem(path, str(exc)) from exc
    if len(rows) < MIN_SONGS:
        raise _problem(path, f"it has {len(rows)} songs, and needs {MIN_SONGS}")
    if ((ratings < MIN_RATING) | (ratings > MAX_RATING)).any() or np.isnan(ratings).all():
        raise _problem(path, f"ratings must be from {MIN_RATING} to {MAX_RATING}")
    return GoldSet(features, ratings)


def _problem(path: Path, reason: str) -> TrainingError:
    return TrainingError(f"The gold set {path} can't be used: {reason}. It has the columns {_NAMES}.")
