"""A made-up listener: tunes with features, and ratings that depend on them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from sidflow_feedback.events import ImplicitEvent, RatingEvent, TrackContext
from sidflow_feedback.idle import finish
from sidflow_feedback.learning.dataset import Collector, Dataset
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.types import Action, Dimension, FloatArray
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

START = 1_790_000_000_000
"""Epoch milliseconds at which the clock stands at 0."""


def base_model(version: str = "global-1", seed: int = 0, network: Network | None = None) -> Model:
    scaler = FeatureScaler((0.0,) * 8, (1.0,) * 8)
    return Model(version, version, scaler, network or Network.random(seed))


def tune(number: int, *, features: bool = True) -> TrackContext:
    values = np.random.default_rng(number).standard_normal(8).tolist()
    known = dict(zip(FEATURE_NAMES, values, strict=True)) if features else None
    return TrackContext(item_id=f"Demo/Tune_{number}.sid", features=known)


def opinion(track: TrackContext) -> dict[Dimension, int]:
    """Return the e, m and c that this listener gives: they like what is loud, bright and short."""
    assert track.features is not None
    x = track.features
    scores = x["energy"] + x["rms"], x["spectralCentroid"] - x["duration"], x["bpm"] - x["confidence"]
    return {name: int(np.clip(round(3 + s), 1, 5)) for name, s in zip(DIMENSIONS, scores, strict=False)}


def rating(
    number: int,
    ratings: dict[Dimension, int] | None = None,
    *,
    at: float = START,
    features: bool = True,
) -> RatingEvent:
    given = ratings or opinion(tune(number))
    track = tune(number, features=features)
    return RatingEvent(uuid=str(uuid.uuid4()), timestamp=int(at), track=track, ratings=given)


def action(
    number: int, name: Action, *, at: float = START, features: bool = True, **changes: Any
) -> ImplicitEvent:
    track = replace(tune(number, features=features), **changes)
    return ImplicitEvent(uuid=str(uuid.uuid4()), timestamp=int(at), track=track, action=name)


def collected(
    ratings: Iterable[RatingEvent],
    implicit: Iterable[ImplicitEvent] = (),
    *,
    now: float = START,
    limit: int = 512,
) -> Dataset:
    """Return the dataset of events, given newest first."""
    collector = Collector(now=now)
    finish(collector.take(ratings))
    finish(collector.take(implicit))
    return finish(collector.dataset(limit))


def matrix(numbers: Iterable[int]) -> FloatArray:
    """Return the feature vectors of tunes, shape (n, 8)."""
    return np.array([list((tune(number).features or {}).values()) for number in numbers])
