"""The training set: one row for each song, made from the listener's ratings and actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from sidflow_feedback.analysis.features import vector
from sidflow_feedback.learning.judgments import Judgments
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.events import Event
    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import FloatArray, Milliseconds

_EVENTS_PER_STEP = 2
_ROWS_PER_STEP = 8

SongKey: TypeAlias = tuple[str, int]
"""Item id and song."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows to train on, newest first.

    Attributes
    ----------
    features
        Shape (n, 8), not scaled.
    labels, weights
        Of e, m, c, and p, shape (n, 4); weight 0 where there is no label.
    items
        The number of each row's item, shape (n,): several songs of one item are alike.
    skipped
        Number of labeled songs without known features, which were left out.
    """

    features: FloatArray
    labels: FloatArray
    weights: FloatArray
    items: NDArray[np.intp]
    skipped: int

    def __len__(self) -> int:
        return len(self.features)


class Collector:
    """Makes a dataset from events, in small steps. `Judgments` says which of a song's events count.

    Parameters
    ----------
    now
        Epoch milliseconds; decides the weight of old actions.
    """

    def __init__(self, *, now: Milliseconds) -> None:
        self._now = now
        self._songs: dict[SongKey, _Song] = {}

    def take(self, events: Iterable[Event]) -> Steps[None]:
        """Add events. If there are too many songs, those of the events that came first are kept."""
        for i, event in enumerate(events, 1):
            key = (event.track.item_id, event.track.song)
            self._songs.setdefault(key, _Song()).take(event, self._now)
            if i % _EVENTS_PER_STEP == 0:
                yield "events"

    def dataset(self, limit: int) -> Steps[Dataset]:
        """Return at most `limit` rows."""
        labeled = [(key, song) for key, song in self._songs.items() if song.judgments]
        known = [(key, song) for key, song in labeled if song.features is not None]
        yield "rows"
        return (yield from _dataset(known[:limit], self._now, skipped=len(labeled) - len(known)))


@dataclass(slots=True)
class _Song:
    features: FloatArray | None = None
    judgments: Judgments = field(default_factory=Judgments)

    def take(self, event: Event, now: Milliseconds) -> None:
        if self.features is None and event.track.features is not None:
            self.features = vector(event.track.features)
        self.judgments.take(event, now)


def _dataset(songs: Sequence[tuple[SongKey, _Song]], now: Milliseconds, *, skipped: int) -> Steps[Dataset]:
    features = np.zeros((len(songs), len(FEATURE_NAMES)))
    labeled = np.zeros((len(songs), len(DIMENSIONS), 2))
    items = np.zeros(len(songs), np.intp)
    numbers: dict[str, int] = {}
    for i, ((item_id, _), song) in enumerate(songs):
        features[i] = song.features
        items[i] = numbers.setdefault(item_id, len(numbers))
        labeled[i] = [song.judgments.label(name, now) for name in DIMENSIONS]
        if i % _ROWS_PER_STEP == 0:
            yield "rows"
    return Dataset(
        features=features, labels=labeled[:, :, 0], weights=labeled[:, :, 1], items=items, skipped=skipped
    )
