"""The first global model: a rule of thumb for how a tune feels, until listeners share ratings.

It contains no listener's data. Fine-tuning starts from it rather than from random weights.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sidflow_feedback.analysis.features import vector
from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.learning.learner import Learner
from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.vocabulary import FEATURE_NAMES, MAX_RATING, NEUTRAL_RATING

from ..errors import SetupError
from ..files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from sidflow_feedback.types import FloatArray

RULES: Final[dict[str, dict[str, float]]] = {
    "e": {"energy": 1.0},
    "m": {},
    "c": {},
    "p": {},
}
"""Weights of the scaled features. Where nothing is known, the rule is neutral: what people hear as energy
correlates 0.65 with the feature `energy` alone, and no rule tried for mood correlates above 0.2."""

_STEEPNESS = 0.2
"""Half of the ratings that one deviation of a feature adds: 0.4, as much as people's average rating does."""

_COPIES, _JITTER = 16, 0.4
_ITERATIONS, _LEARNING_RATE, _SEED = 3000, 3e-3, 64


def write_first_model(catalog: Path, output: Path) -> None:
    """Fit the first global model to the rules on the catalog's features, and write its manifest.

    The same catalog gives the same file.

    Parameters
    ----------
    catalog
        The demo library's ``catalog.json``.
    output
        The manifest to write. It is replaced atomically.

    Raises
    ------
    SetupError
        The catalog can't be read, or has fewer than two songs.
    """
    features = _read_features(catalog)
    scaler = FeatureScaler.fit(features)
    network = _fit(scaler.scale(features))
    version = f"global-0-{hashlib.sha256(network.parameters.tobytes()).hexdigest()[:12]}"
    manifest = model_to_manifest(Model(version, version, scaler, network), _metadata(len(features)))
    write_bytes(output, (json.dumps(manifest, indent=1) + "\n").encode())


def rule_of_thumb(scaled: FloatArray) -> FloatArray:
    """Return e, m, c and p from 1 to 5, shape (n, 4), for scaled features, shape (n, 8)."""
    weights = np.array([[rule.get(name, 0.0) for rule in RULES.values()] for name in FEATURE_NAMES])
    lengths = np.linalg.norm(weights, axis=0)
    weights /= np.where(lengths == 0, 1, lengths)
    ratings: FloatArray = NEUTRAL_RATING + (MAX_RATING - NEUTRAL_RATING) * np.tanh(
        _STEEPNESS * (scaled @ weights)
    )
    return ratings


def _read_features(catalog: Path) -> FloatArray:
    try:
        tunes = json.loads(catalog.read_text("utf-8"))["tunes"]
        features = np.array([vector(song) for tune in tunes for song in tune["features"]])
    except (OSError, ValueError, KeyError, TypeError, FeedbackError) as exc:
        raise SetupError(
            f"The first model can't be made: the catalog of demo tunes can't be read ({exc}). "
            "Delete it and run set-up again."
        ) from exc
    if len(features) < 2:
        raise SetupError(
            "The first model can't be made: the catalog has fewer than two songs. Run set-up again."
        )
    return features


def _fit(scaled: FloatArray) -> Network:
    """Learn the rules at the tunes and around them, since listeners' own tunes sound different."""
    rng = np.random.default_rng(_SEED)
    inputs = np.repeat(scaled, _COPIES, axis=0)
    inputs[len(scaled) :] += rng.normal(0, _JITTER, inputs[len(scaled) :].shape)
    labels = rule_of_thumb(inputs)
    learner = Learner(Network.random(_SEED), learning_rate=_LEARNING_RATE, seed=_SEED)
    for _ in learner.learn_many(inputs, labels, np.ones_like(labels), _ITERATIONS):
        pass
    return learner.network


def _metadata(songs: int) -> dict[str, Any]:
    return {
        "origin": "a rule of thumb, no listener's data",
        "rules": RULES,
        "songs": songs,
        "outputs": list(RULES),
        "range": [1, 5],
    }
