"""Days that an operator names."""

from dataclasses import dataclass
from datetime import date
from typing import Self

from .errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class DayRange:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the range of ``2026-02-03..2026-02-05``, or of a single day.

        Raises
        ------
        ConfigurationError
            If the text is anything else.
        """
        first, dots, last = text.partition("..")
        try:
            found = cls(date.fromisoformat(first), date.fromisoformat(last if dots else first))
        except ValueError as error:
            raise ConfigurationError(
                f"--without-days or SIDFLOW_WITHOUT_DAYS must be like 2026-02-03..2026-02-05, not {text!r} "
                f"({error}). Correct it."
            ) from error
        if found.last < found.first:
            raise ConfigurationError(f"The days {text} end before they begin. Exchange the two dates.")
        return found

    def __str__(self) -> str:
        """Return what `parse` reads."""
        return f"{self.first}..{self.last}"

    def __contains__(self, day: date) -> bool:
        """Return whether a day is one of these."""
        return self.first <= day <= self.last
