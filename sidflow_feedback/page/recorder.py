"""Records what the listener does, on the page. Imports on MicroPython too."""

import json

from sidflow_feedback.vocabulary import EVENT_VERSION

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    Track = dict[str, Any]

    class Outbox(Protocol):
        """What the recorder needs of ``sidflow_feedback/page/outbox.js``."""

        def append(self, uuid: str, json: str) -> str:
            """Keep an event; return ``saved``, ``unsaved`` (lasts as long as the page) or ``full``."""


TRACK_FIELDS = ("sidPath", "song", "features", "length", "lengthSource")


class Recorder:
    """Makes events and puts them into the outbox; never waits, never raises into the player.

    Parameters
    ----------
    outbox
        Write-ahead log: ``append(uuid, json)`` returns when the event is safe, or says that it is not.
    make_uuid, now
        A fresh uuid, and the time in epoch milliseconds. Not JavaScript's `Date.now`: MicroPython cuts its
        whole numbers to 32 bits.
    session_id
        Names this page load; it stays on this machine.
    on_problem
        Called with a message when an event could not be kept.

    Attributes
    ----------
    incognito
        Whether nothing is recorded. A track with a true ``private`` never is, whatever this says.
    """

    def __init__(
        self,
        outbox: "Outbox",
        make_uuid: "Callable[[], str]",
        now: "Callable[[], float]",
        session_id: str,
        on_problem: "Callable[[str], None]",
    ) -> None:
        self._outbox = outbox
        self._make_uuid = make_uuid
        self._now = now
        self._session_id = session_id
        self._on_problem = on_problem
        self.incognito = False
        self.model_version: str | None = None
        self.pipeline: str | None = None

    def action(
        self, action: str, track: "Track", position: float | None = None, heard: float | None = None
    ) -> str | None:
        """Record an implicit event; return its uuid, None when it could not be kept.

        `position` and `heard` are seconds: where the player is, and how much was audible; None if not known.
        """
        return self._record({"kind": "implicit", "action": action}, track, position, heard)

    def rating(
        self,
        ratings: dict[str, int],
        track: "Track",
        position: float | None = None,
        heard: float | None = None,
    ) -> str | None:
        """Record a rating: 1 to 5 for some of e, m, c and p; as `action` otherwise."""
        return self._record({"kind": "rating", "ratings": ratings}, track, position, heard)

    def _record(
        self, event: "dict[str, Any]", track: "Track", position: float | None, heard: float | None
    ) -> str | None:
        try:
            if self.incognito or track.get("private"):
                return None
            event["position"], event["heard"] = position, heard
            identity = self._make_uuid()
            event["v"] = EVENT_VERSION
            event["uuid"] = identity
            event["timestamp"] = int(self._now())
            event["sessionId"] = self._session_id
            event["pipeline"] = self.pipeline
            event["modelVersion"] = self.model_version
            for field in TRACK_FIELDS:
                event[field] = track.get(field, 1 if field == "song" else None)
            if self._outbox.append(identity, json.dumps(event)) == "full":
                raise RuntimeError("too much waits for a database that does not take it. Reload the page.")
        except Exception as exc:  # The player must never die of feedback.
            self._on_problem("This was not recorded: " + str(exc))
            return None
        return identity
