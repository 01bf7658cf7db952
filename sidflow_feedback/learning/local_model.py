"""The listener's model: the global model, or what was last learned from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.snapshot import local_number, snapshot_from_record, snapshot_to_record

if TYPE_CHECKING:
    from sidflow_feedback.idle.slots import Slots
    from sidflow_feedback.learning.model import Model
    from sidflow_feedback.learning.snapshot import Snapshot
    from sidflow_feedback.store import FeedbackStore, Positions


class LocalModel:
    """The model to predict with, and the snapshot that it comes from.

    Parameters
    ----------
    store
        Keeps the snapshots.
    base
        The global model.

    Attributes
    ----------
    base
        The global model; the next run starts from it if it is newer than that of the snapshot.
    snapshot
        The last snapshot; None as long as nothing has been learned.
    """

    def __init__(self, store: FeedbackStore, base: Model) -> None:
        self.base = base
        self.snapshot: Snapshot | None = None
        self._store = store
        self._last_number = 0

    @property
    def current(self) -> Model:
        """The model to predict with."""
        return self.base if self.snapshot is None else self.snapshot.model

    @property
    def is_outdated(self) -> bool:
        """Whether the current model was learned from a global model other than `base`."""
        return self.snapshot is not None and self.snapshot.model.base_version != self.base.version

    async def restore(self) -> list[str]:
        """Load the newest intact snapshot; return the reason for each snapshot that was refused.

        Raises
        ------
        StoreError
            The snapshots can't be read.
        """
        refusals = []
        self.snapshot = None
        for record in reversed(await self._store.snapshots()):
            self._last_number = max(self._last_number, local_number(record.get("version")))
            try:
                self.snapshot = snapshot_from_record(record)
            except InvalidRecordError as exc:
                refusals.append(f"Snapshot {record.get('version')} was refused ({exc}).")
        return refusals

    def next_version(self) -> str:
        """Return the version for the next snapshot."""
        return f"local-{self._last_number + 1}"

    async def save(self, snapshot: Snapshot, slots: Slots, *, learned: Positions | None = None) -> None:
        """Store a snapshot with the next version and use its model; serialize it in idle slots.

        Parameters
        ----------
        learned
            See `FeedbackStore.save_snapshot`.

        Raises
        ------
        StoreError
            The snapshot can't be stored. Then it is not used either.
        """
        record = await slots.run(snapshot_to_record(snapshot))
        with slots.charged():
            await self._store.save_snapshot(record, learned=learned)
        self._last_number += 1
        self.snapshot = snapshot
