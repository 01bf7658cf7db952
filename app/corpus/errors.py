"""Errors of the analysis of a folder."""


class CorpusError(Exception):
    """A folder can't be analyzed, or the result can't be written. The message says what to do."""
