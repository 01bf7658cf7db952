"""The queue: items by predicted preference, with a given share of surprises among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Numbers = NDArray[np.intp]
"""Items by their number, from 0."""

MIN_SPREAD: Final = 0.05
"""Difference between the best and the worst item, in ratings, below which the predictions count as equal."""

EQUAL_DEVIATION: Final = 0.5
"""Deviation of a prediction, in ratings, if the model doesn't know how sure it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """All items, best first.

    Attributes
    ----------
    order
        Shape (n,). Equal items are in the order of their numbers; those of unknown preference come last.
    known
        Number of items with a preference.
    preferences, deviations
        Of each item, shape (n,): the prediction, and how far it may be off.
    """

    order: Numbers
    known: int
    preferences: NDArray[np.floating]
    deviations: NDArray[np.floating]

    @classmethod
    def of(cls, preferences: NDArray[np.floating], deviations: NDArray[np.floating] | None = None) -> Ranking:
        """Rank by predicted preferences, shape (n,), NaN where unknown.

        If all predictions are about equal, the model knows no preferences, and the ranking has none.
        """
        if deviations is None:
            deviations = np.full(len(preferences), EQUAL_DEVIATION)
        given = preferences[~np.isnan(preferences)]
        if not given.size or given.max() - given.min() < MIN_SPREAD:
            return cls(np.arange(len(preferences)), 0, preferences, deviations)
        return cls(descending(preferences), len(given), preferences, deviations)


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """All items, next first, and whether each is a surprise; both of shape (n,)."""

    order: Numbers
    surprises: NDArray[np.bool_]


def queue(
    ranking: Ranking,
    identities: NDArray[np.uint32],
    *,
    recent: Sequence[int] = (),
    disliked: Sequence[int] = (),
    exploration: int = 0,
    offset: int = 0,
    seed: int = 0,
) -> Queue:
    """Order the items for listening.

    Items that were not played recently come first, best first, with surprises among them. Then come those of
    unknown preference, then those played recently, longest ago first, and finally those disliked.

    A surprise is an item of the better half that may be better than predicted: the one that is best by
    preferences drawn from what the model believes (Thompson sampling, Chapelle and Li 2011). Of each 100
    positions, `exploration` are surprises, evenly spread. Which items they are, and in which order, depends
    only on the seed, the items, and the model. So the queue stays the same while it is played and gets
    shorter.

    Parameters
    ----------
    identities
        A constant number for each item, shape (n,).
    recent
        Items played recently, latest first. At most half of all items count, so that some are left.
    disliked
        Items whose last judgment was a dislike.
    exploration
        Percentage of surprises, 0 to 50.
    offset
        Number of items that were taken from the queue before.
    """
    count = len(ranking.order)
    last = np.array(sorted(set(disliked)), np.intp)
    fresh = np.ones(count, np.bool_)
    fresh[last] = False
    again = np.asarray(recent[: count // 2], np.intp)[::-1]
    again = again[fresh[again]]
    fresh[again] = False
    known, unknown = ranking.order[: ranking.known], ranking.order[ranking.known :]
    mixed, surprises = _mixed(known, fresh, _drawn(ranking, fresh, identities, seed), exploration, offset)
    order = np.concatenate([mixed, unknown[fresh[unknown]], again, last])
    return Queue(order, np.concatenate([surprises, np.zeros(count - len(mixed), np.bool_)]))


def _mixed(
    known: Numbers, fresh: NDArray[np.bool_], drawn: Numbers, exploration: int, offset: int
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return the fresh items with surprises among them, and whether each is one."""
    ranked = known[fresh[known]]
    due = (offset % 100 + np.arange(len(ranked) + 1)) * exploration // 100
    positions = np.flatnonzero(np.diff(due))[: len(drawn)]
    surprises = np.zeros(len(ranked), np.bool_)
    surprises[positions] = True
    order = np.empty_like(ranked)
    order[surprises] = drawn[: len(positions)]
    others = fresh.copy()
    others[order[surprises]] = False
    order[~surprises] = ranked[others[ranked]]
    return order, surprises


def _drawn(ranking: Ranking, fresh: NDArray[np.bool_], identities: NDArray[np.uint32], seed: int) -> Numbers:
    """Return the fresh items of the better half, best first by preferences drawn at random."""
    better = ranking.order[: (ranking.known + 1) // 2]
    better = better[fresh[better]]
    chances = _normal_numbers(_hashes(identities[better], seed))
    drawn = ranking.preferences[better] + ranking.deviations[better] * chances
    return better[descending(drawn)]


def _normal_numbers(hashes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return about normally distributed numbers: the standardized sum of the four quarters of each hash."""
    quarters = [(hashes >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48)]
    total = np.sum([quarter.astype(np.float64) for quarter in quarters], axis=0) / 65535.0
    numbers: NDArray[np.float64] = (total - 2.0) * np.sqrt(3.0)
    return numbers


def _hashes(identities: NDArray[np.uint32], seed: int) -> NDArray[np.uint64]:
    """Return a pseudorandom number for each item (the finalizer of SplitMix64, Steele 2014)."""
    mixed = identities.astype(np.uint64) + np.uint64(seed % 2**32 << 32)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashes: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return hashes


def descending(values: NDArray[np.floating]) -> Numbers:
    """Return the numbers of the values, the largest first, equal ones in their order, NaN last."""
    return _sorted(_descending(values))


def shuffled(identities: NDArray[np.uint32], seed: int) -> Numbers:
    """Return the items in a random order that depends on nothing but identities and seed."""
    return _sorted(_hashes(identities, seed))


def _descending(values: NDArray[np.floating]) -> NDArray[np.uint32]:
    """Return keys whose ascending order is the descending one of the values, with NaN last."""
    bits = (0 - values.astype(np.float32)).view(np.uint32)
    keys = np.where(bits >> 31, ~bits, bits | np.uint32(1 << 31))
    keys[np.isnan(values)] = np.iinfo(np.uint32).max
    return keys


def _sorted(keys: NDArray[np.unsignedinteger]) -> Numbers:
    """Return the stable ascending order of the keys.

    This is radix sort: numpy has it for 16 bits only, and sorts those 30 times as fast as 32.
    """
    digits = keys.astype(keys.dtype.newbyteorder("<")).view("<u2").reshape(len(keys), keys.itemsize // 2)
    order = np.argsort(digits[:, 0], kind="stable")
    for digit in digits.T[1:]:
        order = order[np.argsort(digit[order], kind="stable")]
    return order
