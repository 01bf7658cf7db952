"""The training runs of the past, kept in the store: a few numbers of each, none about a tune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sidflow_feedback.learning.trainer_types import Run
    from sidflow_feedback.store import FeedbackStore
    from sidflow_feedback.types import Record

NOTE: Final = "training-runs"

KEPT: Final = 200


async def remember(store: FeedbackStore, run: Run) -> None:
    """Add a run to those kept; beyond `KEPT` the oldest goes.

    Raises
    ------
    StoreError
        It can't be kept.
    """
    record = {
        "time": run.time,
        "samples": run.samples,
        "duration": run.duration,
        "errorBefore": run.error_before,
        "errorAfter": run.error_after,
        "learner": run.learner,
        "accepted": run.accepted,
    }
    await store.keep_note(NOTE, {"runs": [*await past_runs(store), record][-KEPT:]})


async def past_runs(store: FeedbackStore) -> list[Record]:
    """Return the runs that are kept, oldest first."""
    note = await store.note(NOTE)
    runs: list[Record] = (note or {}).get("runs", [])
    return runs
