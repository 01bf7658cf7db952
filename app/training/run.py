"""`sidflow-feedback train-global`: trains a global model, and publishes it if it beats the current one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.vocabulary import DIMENSIONS

from .errors import TrainingError
from .fit import fit, held_out_error, select_tunes
from .partitions import collect
from .publish import REPLACED, Publication
from .salt import sampling_salt

if TYPE_CHECKING:
    from ..server.settings import Settings
    from .fit import Tunes

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
    scheduler
        Address of a Dask scheduler. None: threads of this process.
    workers
        Number of threads. None: one per core.
    """

    seed: int = 0
    min_uploads: int = MIN_UPLOADS
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
    statistics = collect(
        settings.database_url, salt=salt, scheduler=options.scheduler, workers=options.workers
    )
    if statistics is None:
        raise TrainingError("No events have been shared yet. Try again when listeners have shared some.")
    tunes = select_tunes(statistics, options.min_uploads)
    candidate = fit(tunes, current, options.seed)
    before, after = held_out_error(current, tunes), held_out_error(candidate, tunes)
    metrics = {"events": statistics.events, **_counts(tunes), "errorBefore": before, "errorAfter": after}
    if published := after < before:
        publication.publish(model_to_manifest(candidate, _metadata(metrics, options, current.version)))
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


def _counts(tunes: Tunes) -> dict[str, Any]:
    return {"tunes": len(tunes.features), "heldOut": int(tunes.held_out.sum())}


def _metadata(metrics: dict[str, Any], options: Options, replaced: str) -> dict[str, Any]:
    return {
        "origin": "events that listeners have shared",
        REPLACED: replaced,
        "outputs": list(DIMENSIONS),
        "range": [1, 5],
        "metrics": metrics,
        "options": {"seed": options.seed, "minUploads": options.min_uploads},
    }
