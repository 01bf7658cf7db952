"""Which tune comes next: by predicted preference, with a stated share of surprises among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Tunes = NDArray[np.intp]
"""Tunes by their number, from 0."""

LEAST_SPREAD: Final = 0.05
"""In ratings, from the best to the worst tune: less would be shown as nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """All tunes, best first.

    Attributes
    ----------
    order
        Shape (n,). Equals are in the order of their numbers; those of unknown preference are last.
    known
        How many have a preference.
    """

    order: Tunes
    known: int

    @classmethod
    def of(cls, preferences: NDArray[np.floating]) -> Ranking:
        """Rank by predicted preferences, shape (n,), NaN for an unknown one.

        Where they all but equal one another, the model knows no preference, and none is made up of them.
        """
        given = preferences[~np.isnan(preferences)]
        if not given.size or given.max() - given.min() < LEAST_SPREAD:
            return cls(np.arange(len(preferences)), 0)
        return cls(np.argsort(-preferences, kind="stable"), len(given))


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """All tunes, next first, and which of them are surprises; both of shape (n,)."""

    order: Tunes
    surprises: NDArray[np.bool_]


def queue(
    ranking: Ranking,
    identities: NDArray[np.uint32],
    *,
    heard: Sequence[int] = (),
    disliked: Sequence[int] = (),
    exploration: int = 0,
    place: int = 0,
    seed: int = 0,
) -> Queue:
    """Order the tunes for listening.

    First the tunes that were not heard lately, best first, with surprises among them; then those of unknown
    preference; then those heard lately, longest ago first; at the end those disliked.

    A surprise is a tune of the worse half, which would not be heard otherwise, and about which the model may
    be wrong (epsilon-greedy exploration, Sutton and Barto 2018, 2.4). Of each 100 places `exploration` are
    surprises, evenly spread. Which tunes, in which order, depends on the seed and the tune alone: so what
    comes next stays the same while the queue is played and grows shorter.

    Parameters
    ----------
    identities
        A number that stays with a tune, shape (n,).
    heard
        Tunes heard lately, latest first. Half of all tunes count at most, so that some are left.
    disliked
        Tunes whose last judgment was a dislike.
    exploration
        Per cent, 0 to 50.
    place
        How many tunes were taken from the queue before.
    """
    count = len(ranking.order)
    late = np.unique(np.asarray(disliked, np.intp))
    back = _without(np.asarray(heard[: count // 2], np.intp)[::-1], late)
    fresh = np.ones(count, np.bool_)
    fresh[late] = fresh[back] = False
    known, unknown = ranking.order[: ranking.known], ranking.order[ranking.known :]
    mixed, surprises = _mixed(known, fresh, _drawn(known, fresh, identities, seed), exploration, place)
    order = np.concatenate([mixed, unknown[fresh[unknown]], back, late])
    return Queue(order, np.concatenate([surprises, np.zeros(count - len(mixed), np.bool_)]))


def _mixed(
    known: Tunes, fresh: NDArray[np.bool_], drawn: Tunes, exploration: int, place: int
) -> tuple[Tunes, NDArray[np.bool_]]:
    """Return fresh tunes with those drawn in the places of surprises, and which places these are."""
    ranked = known[fresh[known]]
    parts = (place % 100 + np.arange(len(ranked) + 1)) * exploration // 100
    places = np.flatnonzero(np.diff(parts))[: len(drawn)]
    surprises = np.zeros(len(ranked), np.bool_)
    surprises[places] = True
    order = np.empty_like(ranked)
    order[surprises] = drawn[: len(places)]
    order[~surprises] = _without(ranked, drawn[: len(places)])
    return order, surprises


def _drawn(known: Tunes, fresh: NDArray[np.bool_], identities: NDArray[np.uint32], seed: int) -> Tunes:
    """Return the fresh tunes of the worse half in an order drawn by lot."""
    worse = known[(len(known) + 1) // 2 :]
    worse = worse[fresh[worse]]
    return worse[np.argsort(_lots(identities[worse], seed), kind="stable")]


def _lots(identities: NDArray[np.uint32], seed: int) -> NDArray[np.uint64]:
    """Return a number for each tune that looks like chance (the finaliser of SplitMix64, Steele 2014)."""
    mixed = identities.astype(np.uint64) + np.uint64(seed % 2**32 << 32)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    lots: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return lots


def _without(tunes: Tunes, others: Tunes) -> Tunes:
    return tunes[~np.isin(tunes, others)]
