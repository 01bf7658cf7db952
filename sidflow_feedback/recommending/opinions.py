"""What the listener's latest judgments say of items."""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Final

from sidflow_feedback.events import RatingEvent
from sidflow_feedback.learning.judgments import OPINIONS
from sidflow_feedback.store import MAX_IMPLICIT
from sidflow_feedback.vocabulary import NEUTRAL_RATING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sidflow_feedback.events import Event
    from sidflow_feedback.store import Cursor, FeedbackStore
    from sidflow_feedback.types import Milliseconds

BATCH: Final = 500
"""Ratings read at a time."""


class Opinion(Enum):
    """What a listener's latest judgment says of an item."""

    BAD = -1
    NEUTRAL = 0
    GOOD = 1


class Opinions:
    """The latest judgment of preference of each item, however old it is. Read when it is first asked for.

    Parameters
    ----------
    store
        Has the listener's ratings and actions.
    """

    def __init__(self, store: FeedbackStore) -> None:
        self._store = store
        self._latest: dict[str, tuple[Milliseconds, Opinion]] | None = None

    def notify(self, events: Iterable[Event]) -> None:
        """Take note of events that were stored."""
        if self._latest is not None:
            _note(self._latest, events)

    def reset(self) -> None:
        """Read the judgments again, because events were deleted or imported."""
        self._latest = None

    async def judged(self) -> Collection[str]:
        """Return the ids of items that the listener has an opinion of.

        Raises
        ------
        StoreError
            The judgments can't be read.
        """
        return (await self._read()).keys()

    async def having(self, opinion: Opinion) -> list[str]:
        """Return the ids of items of which the listener has this opinion.

        Raises
        ------
        StoreError
            The judgments can't be read.
        """
        return [item_id for item_id, (_, latest) in (await self._read()).items() if latest == opinion]

    async def _read(self) -> dict[str, tuple[Milliseconds, Opinion]]:
        if self._latest is None:
            latest: dict[str, tuple[Milliseconds, Opinion]] = {}
            self._latest = latest  # Must come first: events may arrive meanwhile.
            await self._read_into(latest)
        return self._latest

    async def _read_into(self, latest: dict[str, tuple[Milliseconds, Opinion]]) -> None:
        """Read all likes and dislikes, and the ratings since the first dislike that holds."""
        _note(latest, await self._store.newest("implicit", limit=MAX_IMPLICIT, actions=OPINIONS))
        oldest = min((time for time, last in latest.values() if last == Opinion.BAD), default=math.inf)
        cursor: Cursor | None = None
        more = oldest < math.inf
        while more:
            batch = await self._store.newest("rating", limit=BATCH, before=cursor)
            _note(latest, batch)
            cursor = batch.last
            more = cursor is not None and cursor[0] >= oldest


def _note(latest: dict[str, tuple[Milliseconds, Opinion]], events: Iterable[Event]) -> None:
    """Note the time of each item's latest judgment of preference, and what it was.

    A rating of preference takes a dislike back, unless it is below the neutral one.
    """
    for event in events:
        if isinstance(event, RatingEvent):
            preference = event.ratings.get("p", 0)
            if preference < NEUTRAL_RATING:
                continue
            opinion = Opinion.GOOD if preference > NEUTRAL_RATING else Opinion.NEUTRAL
        elif event.action in OPINIONS:
            opinion = Opinion.BAD if event.action == "dislike" else Opinion.GOOD
        else:
            continue
        item_id = event.track.item_id
        if item_id not in latest or event.timestamp >= latest[item_id][0]:
            latest[item_id] = event.timestamp, opinion
