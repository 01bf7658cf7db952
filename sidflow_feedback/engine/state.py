"""The engine's state as pages receive it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidflow_feedback.types import Counts, LastRun, SyncState, TrainingState

if TYPE_CHECKING:
    from sidflow_feedback.learning.trainer_types import Run, TrainerState
    from sidflow_feedback.store import StoreCounts
    from sidflow_feedback.sync import client


def counts_payload(counts: StoreCounts) -> Counts:
    """Return the counts of events in JSON."""
    books = counts.books
    return {
        "ratings": counts.ratings,
        "implicit": counts.implicit,
        "books": {
            "recorded": books.recorded,
            "stored": counts.stored,
            "undone": books.undone,
            "refused": books.refused,
            "pruned": books.pruned,
        },
    }


def training_payload(state: TrainerState) -> TrainingState:
    """Return the trainer's state in JSON."""
    return {
        "phase": state.phase,
        "message": state.message,
        "lastRun": None if state.last_run is None else _run_payload(state.last_run),
        "runs": state.runs,
        "baseVersion": state.base_version,
        "localVersion": state.local_version,
        "localBaseVersion": state.local_base_version,
        "cpuShare": state.cpu_share,
    }


def sync_payload(state: client.SyncState) -> SyncState:
    """Return the sync client's state in JSON."""
    return {
        "enabled": state.enabled,
        "running": state.running,
        "lastTime": state.last_time,
        "lastError": state.last_error,
        "lastRatings": state.last_ratings,
        "lastPlays": state.last_plays,
        "nextTime": state.next_time,
        "tries": state.tries,
        "sent": state.sent,
        "clockError": state.clock_error,
        "epsilon": state.epsilon,
        "spent": state.spent,
        "budget": state.budget,
    }


def _run_payload(run: Run) -> LastRun:
    return {
        "time": run.time,
        "samples": run.samples,
        "skipped": run.skipped,
        "duration": run.duration,
        "error": run.error,
        "meanError": run.mean_error,
        "tells": run.tells,
        "learner": run.learner,
    }
