"""What may leave the listener's machine: `AnonymizedDelta`, and nothing else.

A delta is a rating or an action, and the item. It has nothing that the server doesn't use, because whatever
changes slowly, such as the version of the listener's model, would link uploads: no session, no time, no
device, no version, and no file name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.events import Event, ImplicitEvent, RatingEvent
from sidflow_feedback.sync.delta_rules import delta_problem
from sidflow_feedback.types import Action, Dimension, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymizedDelta:
    """One event as it is sent, with no other fields than these. On the wire `item_id` is ``sidPath``.

    Exactly one of `ratings` and `action` is not None; with `epsilon` they are perturbed, see
    `randomized_response.py`.
    """

    uuid: str
    item_id: str
    song: int
    ratings: Mapping[Dimension, int] | None
    action: Action | None
    features: Mapping[str, float] | None
    epsilon: float | None = None

    @classmethod
    def from_event(cls, event: Event) -> AnonymizedDelta:
        """Return the part of an event that may be sent.

        Raises
        ------
        InvalidRecordError
            The id of its item may not leave the machine, or a server would refuse it, see `delta_rules`.
        """
        track = event.track
        delta = cls(
            uuid=event.uuid,
            item_id=track.item_id,
            song=track.song,
            ratings=dict(event.ratings) if isinstance(event, RatingEvent) else None,
            action=event.action if isinstance(event, ImplicitEvent) else None,
            features=track.features,
        )
        found = delta_problem(delta.to_record())
        if found is not None:
            name, problem = found
            raise InvalidRecordError(name, f"{problem}: the event stays on this machine")
        return delta

    def to_record(self) -> Record:
        """Return the delta as a JSON object."""
        record: Record = {
            "uuid": self.uuid,
            "sidPath": self.item_id,
            "song": self.song,
            "features": None if self.features is None else dict(self.features),
        }
        if self.epsilon is not None:
            record["epsilon"] = self.epsilon
        if self.ratings is not None:
            return record | {"ratings": dict(self.ratings)}
        return record | {"action": self.action}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymizedBatch:
    """Deltas that travel together. A retry sends the same batch id and the same uuids.

    On the wire they are ordered by their uuids. These are random, so the order doesn't say what came first.
    """

    deltas: Sequence[AnonymizedDelta]
    batch_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def uuids(self) -> list[str]:
        """The uuids of its events."""
        return [delta.uuid for delta in self.deltas]

    def to_json(self) -> str:
        """Return the request body."""
        deltas = sorted(self.deltas, key=lambda delta: delta.uuid)
        return json.dumps(
            {
                "batchId": self.batch_id,
                "ratings": [delta.to_record() for delta in deltas if delta.action is None],
                "implicit": [delta.to_record() for delta in deltas if delta.action is not None],
            },
            allow_nan=False,
        )
