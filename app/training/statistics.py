"""Statistics of each tune: sums that can be merged, with a size independent of the number of events.

Weights are limited per upload, since listeners are anonymous. In each dimension, all events of an upload for
one tune together weigh at most as much as one rating, and all events of an upload at most as much as
`UPLOAD_CAP`. A tune counts only if it occurs in enough different uploads. To count them, and for the tune's
features, `SAMPLE` of its uploads are kept, chosen by a hash with a secret salt. Uploads without weight, such
as plays, don't count. What comes from one network, or on one day, is limited as well (`days.py`).
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
"""Uploads kept per tune. The median of their features is right unless half of them are made up."""

UPLOAD_CAP: Final = 5.0
"""Maximum weight of an upload in each dimension, in ratings: some hours of listening."""

MAX_TUNES: Final = 250_000
"""Four times the largest collection. More must be made up, so those with the least weight are dropped."""


_SUMS: Final = ("pulls", "weights", "settled_pulls", "settled_weights")


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Statistics of a set of events.

    Attributes
    ----------
    events
        Number of events.
    tunes
        Keys of the tunes, ascending, shape (t,).
    pulls, weights
        Sums of the evidence for each tune (see `Evidence`), shape (t, 4).
    settled_pulls, settled_weights
        Those of the uploads that judge a new model.
    sample_tunes, sample_uploads, sample_features
        For each tune, the uploads with the lowest keys, at most `SAMPLE`: keys of tune and upload, shape
        (s,), and the uploaded features, shape (s, 8), NaN for none.
    """

    events: int
    tunes: Keys
    pulls: FloatArray
    weights: FloatArray
    settled_pulls: FloatArray
    settled_weights: FloatArray
    sample_tunes: Keys
    sample_uploads: Keys
    sample_features: FloatArray

    def upload_counts(self) -> NDArray[np.intp]:
        """Return the number of different uploads of each tune, up to `SAMPLE`, shape (t,)."""
        counts: NDArray[np.intp] = np.bincount(self._sample_indices(), minlength=len(self.tunes))
        return counts

    def features(self) -> FloatArray:
        """Return the median of each tune's sampled features, shape (t, 8); NaN for none."""
        slots = np.full((len(self.tunes), SAMPLE, self.sample_features.shape[1]), np.nan)
        slots[self._sample_indices(), _ranks(self.sample_tunes)] = self.sample_features
        return _medians(slots)

    def _sample_indices(self) -> NDArray[np.intp]:
        return np.searchsorted(self.tunes, self.sample_tunes)


def summarize(
    tunes: Keys,
    uploads: Keys,
    features: FloatArray,
    evidence: Evidence,
    shares: FloatArray,
    settled: NDArray[np.bool_],
) -> Statistics:
    """Return the statistics of events. All arrays have one row per event.

    Parameters
    ----------
    tunes, uploads
        Keys, shape (n,).
    features
        Shape (n, 8), NaN in rows without features.
    evidence
        Evidence of the events.
    shares
        What of its weight counts, the same for all events of an upload, shape (n,).
    settled
        Whether it judges a new model, shape (n,).
    """
    order = np.lexsort((np.isnan(features[:, 0]), uploads, tunes))
    tunes, uploads, features = tunes[order], uploads[order], features[order]
    starts = _starts(tunes, uploads)
    pulls, weights, masses = (np.add.reduceat(values[order], starts) for values in evidence)
    tunes, uploads, features = tunes[starts], uploads[starts], features[starts]
    cap = _cap(masses, uploads) * shares[order][starts, None]
    judges = settled[order][starts, None]
    of_tunes = _starts(tunes)
    counts = masses.any(axis=1)
    kept = np.flatnonzero(counts)[_ranks(tunes[counts]) < SAMPLE]
    return Statistics(
        events=len(order),
        tunes=tunes[of_tunes],
        pulls=np.add.reduceat(pulls * cap, of_tunes),
        weights=np.add.reduceat(weights * cap, of_tunes),
        settled_pulls=np.add.reduceat(pulls * cap * judges, of_tunes),
        settled_weights=np.add.reduceat(weights * cap * judges, of_tunes),
        sample_tunes=tunes[kept],
        sample_uploads=uploads[kept],
        sample_features=features[kept],
    )


def _cap(masses: FloatArray, uploads: Keys) -> FloatArray:
    """Return the factors that limit the evidence, given the masses of each upload for each tune."""
    on_tune = 1 / np.maximum(masses, 1)
    names, indices = np.unique(uploads, return_inverse=True)
    totals = np.zeros((len(names), masses.shape[1]))
    np.add.at(totals, indices, masses * on_tune)
    of_upload: FloatArray = 1 / np.maximum(totals / UPLOAD_CAP, 1)
    return on_tune * of_upload[indices]


def merge(parts: Sequence[Statistics]) -> Statistics:
    """Merge statistics. The order of the parts affects rounding only."""
    tunes, indices = np.unique(np.concatenate([part.tunes for part in parts]), return_inverse=True)
    sums = np.zeros((len(_SUMS), len(tunes), parts[0].pulls.shape[1]))
    for total, name in zip(sums, _SUMS, strict=True):
        np.add.at(total, indices, np.concatenate([getattr(part, name) for part in parts]))
    kept = np.sort(np.argsort(-sums[1].sum(axis=1), kind="stable")[:MAX_TUNES])
    events = sum(part.events for part in parts)
    pulls, weights, settled_pulls, settled_weights = sums[:, kept]
    evidence = (pulls, weights, settled_pulls, settled_weights)
    return Statistics(events, tunes[kept], *evidence, *_sampled(parts, tunes[kept]))


def _sampled(parts: Sequence[Statistics], known: Keys) -> tuple[Keys, Keys, FloatArray]:
    """Return the sample for the known tunes: each upload once, at most `SAMPLE` per tune."""
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
    """Return each row's position in its run of equal values."""
    starts = _starts(column)
    lengths = np.diff(np.append(starts, len(column)))
    return np.arange(len(column)) - np.repeat(starts, lengths)


def _medians(slots: FloatArray) -> FloatArray:
    """Return the medians over axis 1, ignoring NaN; NaN if all values are NaN."""
    ordered = np.sort(slots, axis=1)  # NaN last
    counts = (~np.isnan(ordered[:, :, :1])).sum(axis=1, keepdims=True)
    # The lower middle value of an even number, so that the median is a value that was sent.
    middle = np.maximum(counts - 1, 0) // 2
    found: FloatArray = np.take_along_axis(ordered, middle, axis=1)[:, 0]
    return found
