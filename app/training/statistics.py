"""What is known of each tune: sums that add up, and stay small however many events there are.

The rules know uploads, not listeners. In each dimension, all events of an upload on one tune weigh together
at most as much as one rating, and all events of an upload at most as much as `UPLOAD_CAP`. A tune counts
only when enough different uploads have it; to tell, and for the tune's features, `SAMPLE` of its uploads
are kept, chosen by a hash that nobody can foresee.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.types import FloatArray

    from .response import Evidence

    Keys = NDArray[np.uint64]

SAMPLE: Final = 15
"""Uploads kept of each tune: the median of their features stands as long as less than half are made up."""

UPLOAD_CAP: Final = 5.0
"""Ratings' worth that an upload can move in each dimension, however full it is: some hours of listening."""

MAX_TUNES: Final = 250_000
"""Four times the largest collection. If more turn up they are made up; those with the least weight go."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Sums over some events.

    Attributes
    ----------
    events
        How many there were.
    tunes
        Keys of the tunes, growing, shape (t,).
    pulls, weights
        Sums of the evidence on each tune (see `Evidence`), shape (t, 4).
    sample_tunes, sample_uploads, sample_features
        Of each tune those uploads with the lowest keys, at most `SAMPLE`: keys of tune and upload, shape
        (s,), and the features that came with them, shape (s, 8), NaN for none.
    """

    events: int
    tunes: Keys
    pulls: FloatArray
    weights: FloatArray
    sample_tunes: Keys
    sample_uploads: Keys
    sample_features: FloatArray

    def upload_counts(self) -> NDArray[np.intp]:
        """Return how many different uploads each tune has had, shape (t,); `SAMPLE` means that or more."""
        counts: NDArray[np.intp] = np.bincount(self._sample_places(), minlength=len(self.tunes))
        return counts

    def features(self) -> FloatArray:
        """Return the median of the sampled features of each tune, shape (t, 8); NaN where there are none."""
        slots = np.full((len(self.tunes), SAMPLE, self.sample_features.shape[1]), np.nan)
        slots[self._sample_places(), _ranks(self.sample_tunes)] = self.sample_features
        return _medians(slots)

    def _sample_places(self) -> NDArray[np.intp]:
        return np.searchsorted(self.tunes, self.sample_tunes)


def summarize(tunes: Keys, uploads: Keys, features: FloatArray, evidence: Evidence) -> Statistics:
    """Return the statistics of events; all arrays have one row for each.

    Parameters
    ----------
    tunes, uploads
        Keys, shape (n,).
    features
        Shape (n, 8), NaN in rows without.
    evidence
        What the events say.
    """
    order = np.lexsort((np.isnan(features[:, 0]), uploads, tunes))
    tunes, uploads, features = tunes[order], uploads[order], features[order]
    starts = _starts(tunes, uploads)
    pulls, weights, masses = (np.add.reduceat(values[order], starts) for values in evidence)
    tunes, uploads, features = tunes[starts], uploads[starts], features[starts]
    cap = _cap(masses, uploads)
    of_tunes = _starts(tunes)
    kept = _ranks(tunes) < SAMPLE
    return Statistics(
        events=len(order),
        tunes=tunes[of_tunes],
        pulls=np.add.reduceat(pulls * cap, of_tunes),
        weights=np.add.reduceat(weights * cap, of_tunes),
        sample_tunes=tunes[kept],
        sample_uploads=uploads[kept],
        sample_features=features[kept],
    )


def _cap(masses: FloatArray, uploads: Keys) -> FloatArray:
    """Return by how much evidence is scaled down, given the masses of each upload on each tune."""
    on_tune = 1 / np.maximum(masses, 1)
    names, places = np.unique(uploads, return_inverse=True)
    totals = np.zeros((len(names), masses.shape[1]))
    np.add.at(totals, places, masses * on_tune)
    of_upload: FloatArray = 1 / np.maximum(totals / UPLOAD_CAP, 1)
    return on_tune * of_upload[places]


def merge(parts: Sequence[Statistics]) -> Statistics:
    """Return the statistics of all events of the parts; the order of the parts decides on roundings only."""
    tunes, places = np.unique(np.concatenate([part.tunes for part in parts]), return_inverse=True)
    sums = np.zeros((2, len(tunes), parts[0].pulls.shape[1]))
    for total, name in zip(sums, ("pulls", "weights"), strict=True):
        np.add.at(total, places, np.concatenate([getattr(part, name) for part in parts]))
    kept = np.sort(np.argsort(-sums[1].sum(axis=1), kind="stable")[:MAX_TUNES])
    events = sum(part.events for part in parts)
    return Statistics(events, tunes[kept], sums[0, kept], sums[1, kept], *_sampled(parts, tunes[kept]))


def _sampled(parts: Sequence[Statistics], known: Keys) -> tuple[Keys, Keys, FloatArray]:
    """Return the sample of the known tunes: each upload once, at most `SAMPLE` of each tune."""
    tunes = np.concatenate([part.sample_tunes for part in parts])
    uploads = np.concatenate([part.sample_uploads for part in parts])
    features = np.concatenate([part.sample_features for part in parts])
    order = np.lexsort((np.isnan(features[:, 0]), uploads, tunes))
    order = order[_starts(tunes[order], uploads[order])]
    order = order[np.isin(tunes[order], known)]
    order = order[_ranks(tunes[order]) < SAMPLE]
    return tunes[order], uploads[order], features[order]


def _starts(*columns: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return where runs of equal rows begin."""
    changes = np.zeros(len(columns[0]), np.bool_)
    changes[:1] = True
    for column in columns:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def _ranks(column: NDArray[np.generic]) -> NDArray[np.intp]:
    """Return each row's place in its run of equal values."""
    starts = _starts(column)
    lengths = np.diff(np.append(starts, len(column)))
    return np.arange(len(column)) - np.repeat(starts, lengths)


def _medians(slots: FloatArray) -> FloatArray:
    """Return the medians over axis 1, ignoring NaN; NaN where there is nothing else."""
    ordered = np.sort(slots, axis=1)  # NaN last
    counts = (~np.isnan(ordered[:, :, :1])).sum(axis=1, keepdims=True)
    middle = np.maximum(counts - 1, 0) // 2  # of an even number the lower: never a value that nobody sent
    found: FloatArray = np.take_along_axis(ordered, middle, axis=1)[:, 0]
    return found
