"""`sidflow-feedback train-global`: trains a global model, and publishes it if it beats the current one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

from .errors import TrainingError
from .fit import fit, held_out_error, select_tunes
from .gold import GoldSet, read_gold
from .known_features import known_features
from .partitions import collect, keys
from .publish import REPLACED, Publication
from .salt import sampling_salt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.types import FloatArray

    from ..server.day_range import DayRange
    from ..server.settings import Settings
    from .fit import Tunes
    from .known_features import KnownFeatures
    from .statistics import Keys

MIN_UPLOADS: Final = 5
"""Different uploads that a tune must occur in, so that no single one determines what is learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of a training run.

    Attributes
    ----------
    seed
        The same seed and events give the same model on the same installation.
    min_uploads
        Different uploads that a tune must occur in.
    without_days
        Days whose uploads are left out, besides those of the settings.
    scheduler
        Address of a Dask scheduler. None: threads of this process.
    workers
        Number of threads. None: one per core.
    """

    seed: int = 0
    min_uploads: int = MIN_UPLOADS
    without_days: tuple[DayRange, ...] = ()
    scheduler: str | None = None
    workers: int | None = None


def train_global(settings: Settings, options: Options) -> dict[str, Any]:
    """Train a model, publish it if it is better than the current one, and return the result.

    Raises
    ------
    TrainingError
        If there are too few events, the current model is invalid, or no other can be written. Nothing is
        changed then.
    ConfigurationError
        If the database can't be opened.
    """
    publication = Publication(settings.model_path, settings.first_model)
    current, _ = publication.current()
    publication.ensure_writable()  # Now rather than after minutes of training.
    salt = sampling_salt(settings.model_path.parent, options.seed)
    known = known_features(settings)
    gold = read_gold(settings.gold, known) if settings.gold else None
    without = (*settings.without_days, *options.without_days)
    statistics = collect(
        settings.database_url,
        salt=salt,
        without=without,
        scheduler=options.scheduler,
        workers=options.workers,
    )
    if statistics is None:
        raise TrainingError("No events have been shared yet. Try again when listeners have shared some.")
    tunes = select_tunes(statistics, options.min_uploads, _sounds(statistics.tunes, known, salt))
    candidate = fit(tunes, current, options.seed)
    errors = _errors(current, candidate, tunes, gold)
    metrics = {"events": statistics.events, **_counts(tunes), **errors}
    if published := _is_better(errors):
        metadata = _metadata(metrics, options, without, current.version)
        publication.publish(model_to_manifest(candidate, metadata))
    version = candidate.version if published else current.version
    return {"published": published, "version": version, **metrics}


def roll_back(settings: Settings) -> dict[str, Any]:
    """Publish the version again that the current one replaced.

    Raises
    ------
    TrainingError
        If there is none.
    """
    publication = Publication(settings.model_path, settings.first_model)
    publication.ensure_writable()
    version = publication.roll_back()
    return {"published": True, "version": version}


def _sounds(tunes: Keys, known: KnownFeatures, salt: bytes) -> FloatArray:
    """Return the features of the tunes that the server knows; NaN for the others."""
    sounds = np.full((len(tunes), len(FEATURE_NAMES)), np.nan)
    if known:
        found = keys(list(known), salt)
        _, rows, columns = np.intersect1d(tunes, found, return_indices=True)
        sounds[rows] = np.array(list(known.values()))[columns]
    return sounds


def _errors(current: Model, candidate: Model, tunes: Tunes, gold: GoldSet | None) -> dict[str, float]:
    errors = {"errorBefore": held_out_error(current, tunes), "errorAfter": held_out_error(candidate, tunes)}
    if gold:
        errors |= {"goldBefore": gold.error(current), "goldAfter": gold.error(candidate)}
    return errors


def _is_better(errors: dict[str, float]) -> bool:
    """Return whether a model is better for listeners, and no worse on the gold set."""
    on_gold = errors.get("goldAfter", 0.0) <= errors.get("goldBefore", 0.0)
    return errors["errorAfter"] < errors["errorBefore"] and on_gold


def _counts(tunes: Tunes) -> dict[str, Any]:
    return {"tunes": len(tunes.features), "heldOut": int(tunes.held_out.sum())}


def _metadata(
    metrics: dict[str, Any], options: Options, without: Sequence[DayRange], replaced: str
) -> dict[str, Any]:
    chosen: dict[str, Any] = {"seed": options.seed, "minUploads": options.min_uploads}
    if without:
        chosen["withoutDays"] = [str(days) for days in without]
    return {
        "origin": "events that listeners have shared",
        REPLACED: replaced,
        "outputs": list(DIMENSIONS),
        "range": [1, 5],
        "metrics": metrics,
        "options": chosen,
    }
