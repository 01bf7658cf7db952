"""Retention: removes synced plays when they were seen to age, whatever the wall clock shows.

A clock that jumps ahead by 40 days must not cost the plays of the last 30. So age is counted in time that
passed while an engine ran, by the monotonic clock, and between two answers of our server, by its ``Date``:
only who shares has synced plays. A mark for each day of this age says which rows were there then.
"""

from __future__ import annotations

from typing import Final

from sidflow_feedback.clock import Clock
from sidflow_feedback.store import SYNCED_RETENTION, FeedbackStore
from sidflow_feedback.types import Milliseconds, Record

NOTE: Final = "retention"

DAY: Final[Milliseconds] = 24 * 3600 * 1000
"""Age between two marks."""

SAVE_INTERVAL: Final[Milliseconds] = 600_000
"""Age between two writes of the note. What wasn't saved doesn't count in the next engine."""


class Retention:
    """Counts the age of the rows, and removes what is older than `SYNCED_RETENTION`.

    Parameters
    ----------
    store
        Holds the rows, and a note with the age and the marks.
    clock
        Its wall-clock time is not used.
    """

    def __init__(self, store: FeedbackStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._counted = clock.now()
        self._heard: Milliseconds | None = None
        self._known = False
        self._age: Milliseconds = 0
        self._saved: Milliseconds = 0
        self._date: Milliseconds | None = None
        self._age_at_date: Milliseconds = 0
        self._marks: list[tuple[Milliseconds, int]] = []
        self._aged = 0

    def on_date(self, date: Milliseconds) -> None:
        """Take note of the server's time, in epoch milliseconds."""
        self._heard = date

    async def prune(self) -> int:
        """Remove what is old enough, and rows beyond the store's limit; return how many.

        Raises
        ------
        StoreError
            The store refused an operation; the next call tries again.
        """
        if not self._known:
            self._restore(await self._store.note(NOTE) or {})
        self._count()
        if not self._marks or self._age >= self._marks[-1][0] + DAY:
            await self._mark()
        elif self._age >= self._saved + SAVE_INTERVAL:
            await self._save()
        removed = await self._store.prune(aged=self._aged)
        self._aged = 0  # Until the next mark: looking for rows to remove costs more than there would be.
        return removed

    def _restore(self, record: Record) -> None:
        self._age = self._saved = float(record.get("age", 0))
        self._date = record.get("date")
        self._age_at_date = float(record.get("ageAtDate", 0))
        self._marks = [(float(age), int(position)) for age, position in record.get("marks", [])]
        self._known = True

    def _count(self) -> None:
        """Add to the age what has passed since the last call."""
        now = self._clock.now()
        self._age += now - self._counted
        self._counted = now
        date, self._heard = self._heard, None
        if date is None or (self._date is not None and date <= self._date):
            return
        if self._date is not None:
            self._age = max(self._age, self._age_at_date + date - self._date)
        self._date, self._age_at_date = date, self._age

    async def _mark(self) -> None:
        """Remember which rows there are now, and find those that were there `SYNCED_RETENTION` ago."""
        last = (await self._store.last_positions())["implicit"]
        marks = [*self._marks, (self._age, last)]
        old = [mark for mark in marks if mark[0] <= self._age - SYNCED_RETENTION]
        self._marks = old[-1:] + marks[len(old) :]
        self._aged = old[-1][1] if old else 0
        await self._save()

    async def _save(self) -> None:
        note: Record = {
            "age": self._age,
            "date": self._date,
            "ageAtDate": self._age_at_date,
            "marks": [list(mark) for mark in self._marks],
        }
        await self._store.keep_note(NOTE, note)
        self._saved = self._age
