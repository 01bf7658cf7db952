"""Types of the JSON values that the tunes worker sends. The page itself does not load this module."""

from __future__ import annotations

from typing import Required, TypedDict

from sidflow_feedback.types import Features


class TuneRecord(TypedDict, total=False):
    """A tune in JSON, as the catalog and the tunes worker write it."""

    sidPath: Required[str]
    url: str
    own: bool
    folders: list[str]
    title: str
    author: str
    released: str
    songs: int
    startSong: int
    lengths: list[float | None]
    lengthSource: str
    features: list[Features | None]
    problems: list[str | None]
    version: int
    row: int | None
    predictions: list[list[float] | None]
    sureness: list[int]


class Predictions(TypedDict):
    """What the engine knows of a tune: the row of its song 1, and predictions and sureness of each song."""

    row: int | None
    predictions: list[list[float] | None]
    sureness: list[int]


class ViewCounts(TypedDict):
    """Number of tunes in the list, and of all tunes."""

    count: int
    all: int


class FullAnalysisState(TypedDict):
    """How far the analysis of all tunes is; see ``static/js/tunes/full-analysis.js``."""

    running: bool
    analyzed: int
    perSecond: float
    skipped: int
    problem: str


class AnalysisCounts(TypedDict):
    """Number of tunes that were analyzed, of those that can't be, and of all tunes."""

    analyzed: int
    failed: int
    all: int
