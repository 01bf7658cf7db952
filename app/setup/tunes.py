"""The demo library in static/vendor/tunes: composed, heard by the SID engine, and catalogued."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app.setup.composer import DemoTune
from app.setup.files import fingerprint, write_bytes
from app.setup.progress import StepProgress
from app.sid import SidEngine
from sidflow_feedback.features import EXCERPT_SECONDS, extract

COLLECTION = "Demo"
"""First part of the demo tunes' path in the collection."""

URL = "/static/vendor/tunes/"
SAMPLE_RATE = 44100
PROCESSES = 2


@dataclass(frozen=True)
class Song:
    """One song of a tune, as it is listened to.

    Attributes
    ----------
    tune
        The .sid file.
    number
        1 is the first song.
    seconds
        Its length.
    """

    tune: Path
    number: int
    seconds: float

    def heard_in(self, folder: Path, listener: str) -> Path:
        """Return the file in `folder` that keeps what `listener` (a fingerprint) heard of it."""
        return folder / (fingerprint([listener, self.tune, str(self.number), str(self.seconds)]) + ".json")


def make_tunes(
    library: list[DemoTune], folder: Path, work: Path, listener: str, progress: StepProgress
) -> list[Path]:
    """Write the tunes of `library` and then their catalogue into `folder`, and return what was written.

    What was heard of a song is kept in `work`, so no song is rendered twice by the same `listener`.
    """
    files = [write_bytes(folder / tune.file_name, tune.data) for tune in library]
    songs = [list(_songs(tune, file)) for tune, file in zip(library, files, strict=True)]
    _listen([song for of_tune in songs for song in of_tune], work, listener, progress)
    entries = [
        _entry(tune, [_read(song.heard_in(work, listener)) for song in of_tune])
        for tune, of_tune in zip(library, songs, strict=True)
    ]
    catalogue = json.dumps({"version": 1, "tunes": entries}, indent=1, ensure_ascii=False)
    return [*files, write_bytes(folder / "catalogue.json", catalogue.encode())]


def _songs(tune: DemoTune, file: Path) -> Iterator[Song]:
    for number, seconds in enumerate(tune.lengths, 1):
        yield Song(file, number, seconds)


def _listen(songs: list[Song], work: Path, listener: str, progress: StepProgress) -> None:
    """Listen to the songs that were not heard before; each result is kept as soon as it is there."""
    new = {song: file for song in songs if not (file := song.heard_in(work, listener)).is_file()}
    progress.begin("listening to the demo tunes", len(new), "songs")
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _leave_interrupts_to_parent) as executor:
        try:
            for done in as_completed([executor.submit(_keep, song, file) for song, file in new.items()]):
                done.result()
                progress.advance()
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _keep(song: Song, file: Path) -> None:
    write_bytes(file, json.dumps(hear(song)).encode())


def hear(song: Song) -> dict[str, Any]:
    """Render the start of a song, and return its features and what its header says."""
    engine = SidEngine()
    info = engine.load(song.tune.read_bytes())
    engine.start(song.number, SAMPLE_RATE)
    pcm = engine.render(int(min(EXCERPT_SECONDS, song.seconds) * SAMPLE_RATE))
    features = extract(pcm, SAMPLE_RATE, song.seconds)
    return {"released": info.released, "clock": info.clock, "chip": info.chip, "features": features}


def _read(file: Path) -> dict[str, Any]:
    heard: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return heard


def _entry(tune: DemoTune, heard: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "sidPath": f"{COLLECTION}/{tune.file_name}",
        "url": URL + tune.file_name,
        "title": tune.title,
        "author": tune.author,
        "released": heard[0]["released"],
        "songs": len(tune.lengths),
        "lengths": list(tune.lengths),
        "clock": heard[0]["clock"],
        "chip": heard[0]["chip"],
        "features": [song["features"] for song in heard],
    }
