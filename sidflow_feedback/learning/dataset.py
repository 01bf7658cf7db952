"""The training set: one row for each song, made from the listener's ratings and actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from sidflow_feedback.analysis.features import vector
from sidflow_feedback.events import RatingEvent
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES, is_listen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.events import Event, ImplicitEvent
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import Action, Dimension, FloatArray, Milliseconds

IMPLIED_PREFERENCES: Final[Mapping[Action, tuple[float, float]]] = {
    "like": (5.0, 0.8),
    "replay": (4.5, 0.4),
    "play_complete": (4.0, 0.2),
    "skip_late": (3.0, 0.1),
    "skip": (2.0, 0.2),
    "skip_early": (1.5, 0.3),
    "dislike": (1.0, 0.8),
}
"""Preference that an action implies, and its weight. A rating has weight 1, and a play implies nothing."""

IGNORED_AFTER_LISTEN: Final = ("skip", "skip_early")
"""Actions that imply nothing once the song counts as listened to: leaving a long song after 4 minutes isn't a
rejection."""

HALF_LIFE_DAYS: Final = 30.0
"""Time after which an implied preference has half its weight. Ratings keep theirs."""

HELD_OUT_SHARE: Final = 0.2
MIN_HELD_OUT: Final = 2

_DAY: Final[Milliseconds] = 86_400_000
_EVENTS_PER_STEP = 2
_ROWS_PER_STEP = 8

SongKey: TypeAlias = tuple[str, int]
"""Item id and song."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows to train on and held-out rows, newest first.

    Attributes
    ----------
    features
        Shape (n, 8), not scaled.
    labels, weights
        Of e, m, c, and p, shape (n, 4); weight 0 where there is no label.
    held_out
        Whether each row only measures the error, shape (n,).
    rated
        Number of rated songs.
    skipped
        Number of labeled songs without known features, which were left out.
    """

    features: FloatArray
    labels: FloatArray
    weights: FloatArray
    held_out: NDArray[np.bool_]
    rated: int
    skipped: int

    def __len__(self) -> int:
        return len(self.features)


class Collector:
    """Makes a dataset from events, in small steps.

    The latest rating of each dimension counts. A rated preference overrides implied ones. These are averaged
    by weight, and their total weight is at most that of a rating.

    Parameters
    ----------
    now
        Epoch milliseconds; decides the weight of old actions.
    """

    def __init__(self, *, now: Milliseconds) -> None:
        self._now = now
        self._songs: dict[SongKey, _Song] = {}

    def take(self, events: Iterable[Event]) -> Steps[None]:
        """Add events: ratings first, each kind newest first, and later calls with older ones."""
        for i, event in enumerate(events, 1):
            key = (event.track.item_id, event.track.song)
            self._songs.setdefault(key, _Song(key)).take(event, self._now)
            if i % _EVENTS_PER_STEP == 0:
                yield "events"

    def dataset(self, limit: int) -> Steps[Dataset]:
        """Return at most `limit` rows, those of rated songs first."""
        labeled = [song for song in self._songs.values() if song.ratings or song.weight]
        known = [song for song in labeled if song.features is not None]
        known.sort(key=lambda song: not song.ratings)
        yield "rows"
        return (yield from _dataset(known[:limit], skipped=len(labeled) - len(known)))


@dataclass(slots=True)
class _Song:
    key: SongKey
    features: FloatArray | None = None
    ratings: dict[Dimension, int] = field(default_factory=dict)
    weight: float = 0.0
    weighted: float = 0.0

    def take(self, event: Event, now: Milliseconds) -> None:
        """Add an event that is older than those added before."""
        if self.features is None and event.track.features is not None:
            self.features = vector(event.track.features)
        if isinstance(event, RatingEvent):
            self.ratings = {**event.ratings, **self.ratings}
        elif event.action in IMPLIED_PREFERENCES and not _is_ignored(event):
            preference, weight = IMPLIED_PREFERENCES[event.action]
            weight *= 0.5 ** (max(0.0, now - event.timestamp) / _DAY / HALF_LIFE_DAYS)
            self.weight += weight
            self.weighted += weight * preference

    def label(self, dimension: Dimension) -> tuple[float, float]:
        """Return the label and its weight."""
        if dimension in self.ratings:
            return float(self.ratings[dimension]), 1.0
        if dimension == "p" and self.weight:
            return self.weighted / self.weight, min(1.0, self.weight)
        return 0.0, 0.0


def _is_ignored(event: ImplicitEvent) -> bool:
    listened = is_listen(event.track.listened_seconds or 0.0, event.track.length)
    return listened and event.action in IGNORED_AFTER_LISTEN


def _dataset(songs: Sequence[_Song], *, skipped: int) -> Steps[Dataset]:
    features = np.zeros((len(songs), len(FEATURE_NAMES)))
    labeled = np.zeros((len(songs), len(DIMENSIONS), 2))
    ranks = np.full(len(songs), np.inf)
    for i, song in enumerate(songs):
        features[i] = song.features
        labeled[i] = [song.label(name) for name in DIMENSIONS]
        if song.ratings:
            ranks[i] = _rank(song)
        if i % _ROWS_PER_STEP == 0:
            yield "rows"
    yield "choose"
    return Dataset(
        features=features,
        labels=labeled[:, :, 0],
        weights=labeled[:, :, 1],
        held_out=_held_out(ranks),
        rated=int(np.isfinite(ranks).sum()),
        skipped=skipped,
    )


def _held_out(ranks: FloatArray) -> NDArray[np.bool_]:
    """Choose a fifth of the rated songs, at least two, by the hash of their names. Other songs rank infinite.

    A song that was held out stays so in later runs. Otherwise, the model would be tested on what it has
    learned in an earlier run. Only the two songs with the lowest hashes may move to training later.
    """
    bound = np.sort(ranks)[:MIN_HELD_OUT].max(initial=0.0)
    chosen: NDArray[np.bool_] = np.isfinite(ranks) & (ranks <= max(bound, HELD_OUT_SHARE))
    return chosen


def _rank(song: _Song) -> float:
    item_id, number = song.key
    # Not a checksum: names that differ in one digit have similar ones.
    name = f"{item_id}#{number}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=4).digest()) / 2**32
