"""What the model trains on: one row for each tune, made of the listener's ratings and actions."""

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
"""Preference that an action implies, and its weight; a rating weighs 1. A tune's start says nothing."""

FORGIVEN: Final = ("skip", "skip_early")
"""Implies nothing when what was heard before counts as a listen: 4 minutes of a long tune are no refusal."""

HALF_LIFE_DAYS: Final = 30.0
"""After this time an implied preference weighs half: moods pass, ratings stay."""

HELD_OUT_SHARE: Final = 0.2
MIN_HELD_OUT: Final = 2

_DAY: Final[Milliseconds] = 86_400_000
_EVENTS_PER_STEP = 2
_ROWS_PER_STEP = 8

TuneKey: TypeAlias = tuple[str, int]
"""Item id and song."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Rows to train on and rows held out, newest first.

    Attributes
    ----------
    features
        Shape (n, 8), not scaled.
    labels, weights
        Of e, m, c and p, shape (n, 4); weight 0 where there is no label.
    held_out
        Which rows only measure the error, shape (n,).
    rated
        Tunes among the rows that were rated.
    skipped
        Tunes with a label that were left out, because their features are not known.
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
    """Makes a dataset of events, in small steps.

    The latest rating of each dimension counts. A rated preference wins over implied ones; these are averaged
    by weight, and weigh at most as much as a rating.

    Parameters
    ----------
    now
        Epoch milliseconds, for the half-life.
    """

    def __init__(self, *, now: Milliseconds) -> None:
        self._now = now
        self._tunes: dict[TuneKey, _Tune] = {}

    def take(self, events: Iterable[Event]) -> Steps[None]:
        """Take events, newest first, older than those of their kind that were taken before; ratings first."""
        for i, event in enumerate(events, 1):
            key = (event.track.item_id, event.track.song)
            self._tunes.setdefault(key, _Tune(key)).take(event, self._now)
            if i % _EVENTS_PER_STEP == 0:
                yield "events"

    def dataset(self, limit: int) -> Steps[Dataset]:
        """Return at most `limit` rows, those of rated tunes first."""
        labeled = [tune for tune in self._tunes.values() if tune.ratings or tune.weight]
        known = [tune for tune in labeled if tune.features is not None]
        known.sort(key=lambda tune: not tune.ratings)
        yield "rows"
        return (yield from _dataset(known[:limit], skipped=len(labeled) - len(known)))


@dataclass(slots=True)
class _Tune:
    key: TuneKey
    features: FloatArray | None = None
    ratings: dict[Dimension, int] = field(default_factory=dict)
    weight: float = 0.0
    weighted: float = 0.0

    def take(self, event: Event, now: Milliseconds) -> None:
        """Add an event that is older than those taken before."""
        if self.features is None and event.track.features is not None:
            self.features = vector(event.track.features)
        if isinstance(event, RatingEvent):
            self.ratings = {**event.ratings, **self.ratings}
        elif event.action in IMPLIED_PREFERENCES and not _forgiven(event):
            preference, weight = IMPLIED_PREFERENCES[event.action]
            weight *= 0.5 ** (max(0.0, now - event.timestamp) / _DAY / HALF_LIFE_DAYS)
            self.weight += weight
            self.weighted += weight * preference

    def label(self, dimension: Dimension) -> tuple[float, float]:
        """Return label and weight."""
        if dimension in self.ratings:
            return float(self.ratings[dimension]), 1.0
        if dimension == "p" and self.weight:
            return self.weighted / self.weight, min(1.0, self.weight)
        return 0.0, 0.0


def _forgiven(event: ImplicitEvent) -> bool:
    return event.action in FORGIVEN and is_listen(event.track.listened_seconds or 0.0, event.track.length)


def _dataset(tunes: Sequence[_Tune], *, skipped: int) -> Steps[Dataset]:
    features = np.zeros((len(tunes), len(FEATURE_NAMES)))
    labeled = np.zeros((len(tunes), len(DIMENSIONS), 2))
    ranks = np.full(len(tunes), np.inf)
    for i, tune in enumerate(tunes):
        features[i] = tune.features
        labeled[i] = [tune.label(name) for name in DIMENSIONS]
        if tune.ratings:
            ranks[i] = _rank(tune)
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
    """Choose a fifth of the rated tunes, at least two, by a hash of their names; others rank infinite.

    So a tune that was held out stays so in later runs: otherwise the model would be tested on what an earlier
    run has taught it. Only the two of the lowest hashes may later change over to training.
    """
    bound = np.sort(ranks)[:MIN_HELD_OUT].max(initial=0.0)
    chosen: NDArray[np.bool_] = np.isfinite(ranks) & (ranks <= max(bound, HELD_OUT_SHARE))
    return chosen


def _rank(tune: _Tune) -> float:
    item_id, song = tune.key
    # No checksum: those of names that differ in one digit lie close together.
    name = f"{item_id}#{song}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(name, digest_size=4).digest()) / 2**32
