"""`sidflow-app train-global`: the next global model, published if it is better than the present one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.vocabulary import DIMENSIONS

from .errors import TrainingError
from .fit import error, fit, tunes_of
from .partitions import collect
from .publish import REPLACED, Publication

if TYPE_CHECKING:
    from ..server.settings import Settings
    from .fit import Tunes

LEAST_UPLOADS: Final = 5
"""Different uploads that a tune must have had: no single one decides what is learned of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to train.

    Attributes
    ----------
    seed
        The same seed and events give the same model.
    least_uploads
        Different uploads that a tune must have had.
    scheduler
        Address of a Dask scheduler, None for threads of this process.
    workers
        How many threads, None for one each core.
    """

    seed: int = 0
    least_uploads: int = LEAST_UPLOADS
    scheduler: str | None = None
    workers: int | None = None


def train_global(settings: Settings, options: Options) -> dict[str, Any]:
    """Train, compare, and publish if the new model is better; return what came of it.

    Raises
    ------
    TrainingError
        If too little has been shared, or the present model can't be read; then nothing is changed.
    ConfigurationError
        If the database can't be opened.
    """
    publication = Publication(settings.model_path, settings.first_model)
    present, _ = publication.present()
    statistics = collect(
        settings.database_url, seed=options.seed, scheduler=options.scheduler, workers=options.workers
    )
    if statistics is None:
        raise TrainingError("Nothing has been shared yet, so there is nothing to learn from.")
    tunes = tunes_of(statistics, options.least_uploads)
    candidate = fit(tunes, present, options.seed)
    before, after = error(present, tunes), error(candidate, tunes)
    metrics = {"events": statistics.events, **_counts(tunes), "errorBefore": before, "errorAfter": after}
    if published := after < before:
        publication.publish(model_to_manifest(candidate, _metadata(metrics, options, present.version)))
    version = candidate.version if published else present.version
    return {"published": published, "version": version, **metrics}


def roll_back(settings: Settings) -> dict[str, Any]:
    """Publish the version again that the present one has replaced.

    Raises
    ------
    TrainingError
        If there is none.
    """
    version = Publication(settings.model_path, settings.first_model).roll_back()
    return {"published": True, "version": version}


def _counts(tunes: Tunes) -> dict[str, Any]:
    return {"tunes": len(tunes.features), "heldOut": int(tunes.held_out.sum())}


def _metadata(metrics: dict[str, Any], options: Options, replaced: str) -> dict[str, Any]:
    return {
        "origin": "what listeners have shared",
        REPLACED: replaced,
        "outputs": list(DIMENSIONS),
        "range": [1, 5],
        "metrics": metrics,
        "options": {"seed": options.seed, "leastUploads": options.least_uploads},
    }
