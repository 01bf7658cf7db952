"""Tunes that were skipped because they can't be played."""

MAX_SKIPS = 100
"""Tunes in a row that may fail before play stops: so many say that something else is wrong."""

NOTHING_PLAYS = "Play has stopped because no tune that follows can be played. Choose another one. The last: "


class Skips:
    """Counts the tunes in a row that can't be played.

    Attributes
    ----------
    note
        Which tunes were skipped and why, in words; empty if none were.
    """

    def __init__(self) -> None:
        self._count = 0
        self.note = ""

    @property
    def are_too_many(self) -> bool:
        """Whether no further tune should be tried."""
        return self._count >= MAX_SKIPS

    def add(self, title: str, problem: str) -> None:
        """Count a tune that can't be played for this reason."""
        self._count += 1
        name = "“" + (title or "A tune") + "”"
        if self._count == 1:
            self.note = "Skipped " + name + ", which can't be played. " + problem
        else:
            self.note = f"Skipped {self._count} tunes that can't be played. The last, {name}: {problem}"

    def clear(self) -> None:
        """Forget them: a tune plays, or the listener has chosen one."""
        self._count, self.note = 0, ""
