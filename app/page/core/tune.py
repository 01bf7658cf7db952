"""A tune as the page knows it, and the one of its songs that is loaded."""

from sidflow_feedback.vocabulary import ANALYSIS_VERSION, LengthSource

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Final

    from app.page.core.payloads import Predictions, TuneRecord
    from sidflow_feedback.player import TuneHeader
    from sidflow_feedback.types import Features
    from sidflow_feedback.types import Track as TrackRecord

DEFAULT_LENGTH = 180.0
"""Seconds that a tune of unknown length is played."""


class Tune:
    """A tune; one object for each `sid_path` as long as the page lives. Only its own methods change it.

    Parameters
    ----------
    record
        The tune in JSON.

    Attributes
    ----------
    sid_path
        Identifies the tune: its path in the catalog, or the hash of the listener's own file.
    url
        Address of a catalog tune's file, relative to the catalog; empty for an own tune.
    own
        Whether the tune is the listener's own.
    folders
        The ids of the folders that an own tune is in.
    title, author, released
        Texts of the header.
    songs, start_song
        Number of songs, and the one that the file starts with, from 1. The start song stands for the tune: it
        is what a click plays, what the list shows, and what the queue ranks.
    lengths
        Seconds of each song, None where unknown; may be shorter than `songs`.
    length_source
        ``catalog``, ``songlengths``, ``measured``, or ``default``.
    features, problems
        For each song that was analyzed: its features, or the reason why it has none; else None.
    version
        Version of the analysis that they are from; None if there was none, or for a catalog tune.
    row
        The engine's number of the tune's song 1; None while the engine does not know the tune.
    predictions, sureness
        For each song: the predicted energy, mood, complexity, and preference, None where unknown; and how
        sure each of them is, two bits each. Empty while there are none.
    """

    def __init__(self, record: "TuneRecord") -> None:
        self.sid_path: Final = record["sidPath"]
        self.url: Final = record.get("url", "")
        self.own: Final = record.get("own", False)
        self.folders: list[str] = []
        self.title = self.author = self.released = ""
        self.songs = self.start_song = 1
        self.lengths: list[float | None] = []
        self.length_source: str = LengthSource.DEFAULT
        self.features: list[Features | None] = []
        self.problems: list[str | None] = []
        self.version: int | None = None
        self.row: int | None = None
        self.predictions: list[list[float] | None] = []
        self.sureness: list[int] = []
        self.update(record)

    def update(self, record: "TuneRecord") -> None:
        """Take the fields that `record` has; keep the others."""
        self.folders = record.get("folders", self.folders)
        self.title = record.get("title", self.title)
        self.author = record.get("author", self.author)
        self.released = record.get("released", self.released)
        self.songs = record.get("songs", self.songs)
        self.start_song = record.get("startSong", self.start_song)
        self.lengths = record.get("lengths", self.lengths)
        self.length_source = record.get("lengthSource", self.length_source)
        self.features = record.get("features", self.features)
        self.problems = record.get("problems", self.problems)
        self.version = record.get("version", self.version)
        self.row = record.get("row", self.row)
        self.predictions = record.get("predictions", self.predictions)
        self.sureness = record.get("sureness", self.sureness)

    def update_from_header(self, header: "TuneHeader") -> None:
        """Take what the player read from the file and the page does not know better."""
        self.songs = header["songs"]
        self.released = self.released or header["released"]

    def set_measured_length(self, song: int, seconds: float) -> None:
        """Set the length of a song that fell silent after so many seconds."""
        lengths = [self.length_of(number) for number in self.numbers(song)]
        lengths[song - 1] = seconds
        self.lengths, self.length_source = lengths, LengthSource.MEASURED

    def set_predictions(self, found: "Predictions | TuneRecord") -> None:
        """Take what the engine knows of the tune now."""
        self.row, self.predictions, self.sureness = found["row"], found["predictions"], found["sureness"]

    def prediction_of(self, song: int) -> "list[float] | None":
        """Return the predictions of a song, None while there are none."""
        return _item(self.predictions, song)

    def sureness_of(self, song: int) -> int:
        """Return how sure these are, two bits each."""
        return _item(self.sureness, song) or 0

    def numbers(self, song: int = 1) -> "range":
        """Return the numbers of all songs, `song` included, which the header may not count."""
        return range(1, max(self.songs, song) + 1)

    def has_features(self) -> bool:
        """Return whether at least one song has features."""
        return any(self.features)

    def features_of(self, song: int) -> "Features | None":
        """Return the features of a song from an analysis of the current version, None if there are none."""
        return _item(self.features, song) if self._is_current() else None

    def problem_of(self, song: int) -> str | None:
        """Return why the current version can't analyze a song; None if it can, or has not tried."""
        return _item(self.problems, song) if self._is_current() else None

    def length_of(self, song: int) -> float | None:
        """Return the length of a song in seconds, None if the current version does not know it."""
        return _item(self.lengths, song) if self._is_current() else None

    def play_length(self, song: int) -> float:
        """Return the seconds that a song is played: its length from any version, or a default."""
        return _item(self.lengths, song) or DEFAULT_LENGTH

    def _is_current(self) -> bool:
        return self.version in (None, ANALYSIS_VERSION)


class Track:
    """The song of a tune that is loaded.

    Parameters
    ----------
    private
        Whether no event of the song may be recorded.

    Attributes
    ----------
    sid_path
        The tune's identity.
    song
        The song's number, from 1.
    record
        The song as telemetry and recorder take it. They keep this dict, so it is updated in place.
    """

    def __init__(self, tune: Tune, song: int, private: bool = False) -> None:
        self._tune: Final = tune
        self.sid_path: Final = tune.sid_path
        self.song: Final = song
        self.length = DEFAULT_LENGTH
        self.length_source: str = LengthSource.DEFAULT
        self.private = private
        self.record: TrackRecord = {"item_id": tune.sid_path, "song": song, "private": private}
        self.refresh()

    def refresh(self) -> None:
        """Take what is known of the tune by now."""
        length = _item(self._tune.lengths, self.song)
        self.record["features"] = _item(self._tune.features, self.song)
        self._set_length(
            length or DEFAULT_LENGTH, self._tune.length_source if length else LengthSource.DEFAULT
        )

    def make_private(self) -> None:
        """Record no event of the song from now on."""
        self.private = self.record["private"] = True

    def end_at(self, seconds: float) -> None:
        """Take the position where the song falls silent as its length, unless a length is known."""
        if self.length_source == LengthSource.DEFAULT:
            self._set_length(seconds, LengthSource.MEASURED)

    def _set_length(self, seconds: float, source: str) -> None:
        self.length = self.record["length"] = seconds
        self.length_source = self.record["length_source"] = source


if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeVar

    T = TypeVar("T")


def _item(items: "Sequence[T | None]", song: int) -> "T | None":
    return items[song - 1] if song <= len(items) else None
