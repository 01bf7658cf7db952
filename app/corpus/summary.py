"""The summary of a run, for the operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sidflow_feedback.analysis.analysis_file import Problem

MAX_FAILURES: Final = 20
"""Failures that are printed; the number of the others is printed, too."""

_REASONS = {
    Problem.SILENT: "begin with silence",
    Problem.BROKEN: "are in broken files",
    Problem.NEEDS_ROMS: "need the C64's ROMs (see SIDFLOW_ROMS)",
    Problem.STOPPED: "have a program that stops",
    Problem.OTHER: "failed for another reason",
    Problem.NOT_ANALYZED: "weren't analyzed",
}


@dataclass(slots=True)
class Summary:
    """What a run did.

    Attributes
    ----------
    files, songs
        In the folder.
    analyzed, known
        Songs analyzed now, and before.
    seconds
        Time that the analysis took.
    problems
        Number of songs without features, by reason.
    failures
        What went wrong with single files, as lines for the operator.
    written
        What was written, as lines for the operator.
    """

    files: int = 0
    songs: int = 0
    analyzed: int = 0
    known: int = 0
    seconds: float = 0.0
    problems: Counter[Problem] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    @property
    def songs_per_second(self) -> float:
        """How many songs were analyzed in a second."""
        return self.analyzed / self.seconds if self.seconds else 0.0

    def lines(self) -> Iterator[str]:
        """Return the summary as text."""
        yield (
            f"{self.files:,} files with {self.songs:,} different songs: {self.analyzed:,} analyzed now, "
            f"{self.known:,} known before."
        )
        if self.analyzed:
            yield f"{self.seconds:,.0f} s, {self.songs_per_second:.1f} songs a second."
        for problem, count in sorted(self.problems.items()):
            yield f"Without features: {count:,} songs {_REASONS[problem]}."
        yield from (f"Failed: {failure}" for failure in self.failures[:MAX_FAILURES])
        if len(self.failures) > MAX_FAILURES:
            yield f"Failed: {len(self.failures) - MAX_FAILURES:,} more"
        yield from (f"Written: {line}" for line in self.written)
