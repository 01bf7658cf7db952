"""Errors that several parts of the application share."""

from pathlib import Path


class SetupError(Exception):
    """Set-up, a start, or an export can't go on; the message says what happened, why, and what to do."""


class ChecksumError(SetupError):
    """A file's SHA-256 is not the one that the lock names.

    Parameters
    ----------
    file
        The file, or its name inside an archive.
    expected, found
        SHA-256 in hexadecimal.
    """

    def __init__(self, file: Path | str, expected: str, found: str) -> None:
        super().__init__(
            f"Wrong checksum, so the file was not used.\n  file      {file}\n  expected  {expected}\n"
            f"  found     {found}\nThe file was changed or damaged on its way, or the lock is out of date. "
            "Run set-up again. If it stops here again, do not trust the source."
        )
        self.file, self.expected, self.found = file, expected, found
