"""Records what the listener does, on the page. Imports on MicroPython too."""

import json

from sidflow_feedback.vocabulary import EVENT_VERSION

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from sidflow_feedback.types import Action, Dimension, Track

    class Outbox(Protocol):
        """The part of ``sidflow_feedback/page/outbox.js`` that the recorder needs."""

        def append(self, uuid: str, json: str) -> str:
            """Keep an event; return ``saved``, ``unsaved`` (lasts as long as the page) or ``full``."""


MAX_RATINGS = 100
"""Ratings that can be undone one after the other."""


class Recorder:
    """Makes events and puts them into the outbox. Never waits, and never raises into the player.

    Parameters
    ----------
    outbox
        Write-ahead log: once ``append(uuid, json)`` has returned ``saved``, a crash of the page can't lose
        the event.
    make_uuid, now
        Return a new UUID, and the time in epoch milliseconds. Don't pass JavaScript's `Date.now`: MicroPython
        cuts its integers to 32 bits.
    session_id
        Identifies this page load. It stays on this machine.
    on_problem
        Called with a message when an event couldn't be recorded.

    Attributes
    ----------
    incognito
        If true, nothing is recorded. A track with a true ``private`` is never recorded.
    model_version
        Version of the model whose predictions the page shows; None while there are none.
    pipeline
        The player in use, as in `TrackContext`.
    ratings
        The UUIDs of the latest ratings on this page, newest last.
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
        self.ratings: list[str] = []

    def action(
        self,
        action: "Action",
        track: "Track",
        position: float | None = None,
        listened_seconds: float | None = None,
    ) -> str | None:
        """Record an action, such as a like or a skip.

        Parameters
        ----------
        action
            One of `vocabulary.ACTIONS`.
        track
            A dict with ``item_id``, and where they are known ``song``, ``features``, ``length`` (seconds),
            and ``length_source``.
        position, listened_seconds
            The player's position, and the audible seconds of this listen; None if unknown.

        Returns
        -------
        str or None
            UUID of the event; None if it wasn't recorded.
        """
        return self._record({"kind": "implicit", "action": action}, track, position, listened_seconds)

    def rating(
        self,
        ratings: "dict[Dimension, int]",
        track: "Track",
        position: float | None = None,
        listened_seconds: float | None = None,
    ) -> str | None:
        """Record a rating: 1 to 5 for at least one of e, m, c, and p. The rest is as for `action`."""
        uuid = self._record({"kind": "rating", "ratings": ratings}, track, position, listened_seconds)
        if uuid is not None:
            self.ratings = self.ratings[1 - MAX_RATINGS :] + [uuid]  # noqa: RUF005  MicroPython can't unpack here.
        return uuid

    def _record(
        self,
        event: "dict[str, Any]",
        track: "Track",
        position: float | None,
        listened_seconds: float | None,
    ) -> str | None:
        try:
            if self.incognito or track.get("private"):
                return None
            uuid = self._make_uuid()
            event["v"] = EVENT_VERSION
            event["uuid"] = uuid
            event["timestamp"] = int(self._now())
            event["sidPath"] = track["item_id"]
            event["song"] = track.get("song", 1)
            event["sessionId"] = self._session_id
            event["pipeline"] = self.pipeline
            event["modelVersion"] = self.model_version
            event["features"] = track.get("features")
            event["position"] = position
            event["listenedSeconds"] = listened_seconds
            event["length"] = track.get("length")
            event["lengthSource"] = track.get("length_source")
            if self._outbox.append(uuid, json.dumps(event)) == "full":
                raise RuntimeError(
                    "too many events wait for a database that doesn't accept them. Reload the page."
                )
        except Exception as exc:  # A failure to record must never stop the player.
            self._on_problem("This wasn't recorded: " + str(exc))
            return None
        return uuid
