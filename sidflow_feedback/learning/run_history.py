"""The history of training runs, kept in the store. It has a few numbers for each run, none about a tune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sidflow_feedback.learning.trainer_types import Run

if TYPE_CHECKING:
    from sidflow_feedback.store import FeedbackStore
    from sidflow_feedback.types import RunRecord

NOTE: Final = "training-runs"

MAX_RUNS: Final = 200
"""Runs that are kept; the oldest is removed first."""


async def remember(store: FeedbackStore, run: Run) -> None:
    """Add a run to the history.

    Raises
    ------
    StoreError
        The history can't be read or stored.
    """
    record: RunRecord = {
        "time": run.time,
        "samples": run.samples,
        "skipped": run.skipped,
        "duration": run.duration,
        "error": run.error,
        "meanError": run.mean_error,
        "tells": run.tells,
        "learner": run.learner,
    }
    await store.keep_note(NOTE, {"runs": [*await past_runs(store), record][-MAX_RUNS:]})


async def past_runs(store: FeedbackStore) -> list[RunRecord]:
    """Return the runs in the history as JSON objects, oldest first."""
    note = await store.note(NOTE)
    runs: list[RunRecord] = (note or {}).get("runs", [])
    return runs


async def last_run(store: FeedbackStore) -> Run | None:
    """Return the newest run in the history, None if there was none."""
    runs = await past_runs(store)
    if not runs:
        return None
    record = runs[-1]
    return Run(
        time=record["time"],
        samples=record["samples"],
        skipped=record.get("skipped", 0),  # Earlier releases did not keep it.
        duration=record["duration"],
        error=record["error"],
        mean_error=record["meanError"],
        tells=record["tells"],
        learner=record["learner"],
    )
