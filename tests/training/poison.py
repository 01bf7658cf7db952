"""Attacks on the model by uploads: each yields the events of `uploads` uploads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from app.server.schema import Features
from sidflow_feedback.vocabulary import DIMENSIONS, MIN_EPSILON

if TYPE_CHECKING:
    from tests.training.crowd import Crowd, Row

Attack = Callable[["Crowd", int, int], Iterator["Row"]]


def opposite(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Rate every tune as far from the average rating as possible."""
    rng = np.random.default_rng(7)
    for number in range(uploads):
        for i, tune in enumerate(rng.integers(0, len(crowd.truth), size).tolist()):
            response = zip(DIMENSIONS, np.where(crowd.truth[tune] > 3, 1, 5).tolist(), strict=True)
            yield crowd.row(tune, _batch(number), i, dict(response))


def praise(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Rate every tune 5."""
    rng = np.random.default_rng(7)
    for number in range(uploads):
        for i, tune in enumerate(rng.integers(0, len(crowd.truth), size).tolist()):
            yield crowd.row(tune, _batch(number), i, dict.fromkeys(DIMENSIONS, 5))


def one_style(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Praise the tenth of the tunes that sounds most like one of them."""
    distances = np.linalg.norm((crowd.features - crowd.features[0]) / crowd.features.std(axis=0), axis=1)
    near = np.argsort(distances)[: len(distances) // 10]
    for number in range(uploads):
        for i, tune in enumerate(np.resize(near, size).tolist()):
            yield crowd.row(tune, _batch(number), i, dict.fromkeys(DIMENSIONS, 5))


def same_tune(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Praise one tune over and over."""
    for number in range(uploads):
        for i in range(size):
            yield crowd.row(0, _batch(number), i, dict.fromkeys(DIMENSIONS, 5))


def absurd_features(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Report features that no sound has."""
    odd = dict(zip(Features.model_fields, (1e308, -1e308, 1e300, 0.0, -1e9, 1e200, 1e99, -1.0), strict=True))
    for row in opposite(crowd, uploads, size):
        yield row | odd


def swapped_features(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Report the features of other tunes."""
    for row in opposite(crowd, uploads, size):
        other = crowd.features[hash(row["sid_path"]) % len(crowd.features)]
        yield row | dict(zip(Features.model_fields, other.tolist(), strict=True))


def made_up_tunes(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Invent tunes that sound like real ones, each in just enough uploads, and praise them."""
    for number, rows in enumerate(_in_fives(uploads)):
        for batch in rows:
            for i in range(size):
                row = crowd.row(
                    (number * size + i) % len(crowd.truth), _batch(batch), i, dict.fromkeys(DIMENSIONS, 5)
                )
                yield row | {"sid_path": f"MADE/UP/{number}-{i}.sid"}


def lies_about_epsilon(crowd: Crowd, uploads: int, size: int) -> Iterator[Row]:
    """Claim that extreme ratings were perturbed, so that the correction amplifies them."""
    for row in opposite(crowd, uploads, size):
        yield row | {"epsilon": MIN_EPSILON}


def _in_fives(uploads: int) -> Iterator[range]:
    return (range(start, min(start + 5, uploads)) for start in range(0, uploads, 5))


def _batch(number: int) -> str:
    return f"ffffffff-0000-4000-8000-{number:012x}"


ATTACKS: Final[tuple[Attack, ...]] = (
    *(opposite, praise, one_style, same_tune),
    *(absurd_features, swapped_features, made_up_tunes, lies_about_epsilon),
)
