"""The demo library in static/vendor/tunes: composed, heard by the SID engine, and catalogued."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from app import emulator as sid
from app.composer import DemoTune
from app.files import fingerprint, write_bytes
from app.setup.progress import StepProgress
from sidflow_feedback.analysis import features

COLLECTION = "Demo"
"""First part of the demo tunes' path in the collection."""

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


@dataclass(frozen=True)
class Listener:
    """Listens to songs, and remembers what it heard.

    Attributes
    ----------
    engine
        The SID engine's sid.wasm.
    memory
        Folder in which what was heard is kept, by everything that it depends on.
    """

    engine: Path
    memory: Path

    @property
    def parts(self) -> list[Path]:
        """The files that decide what is heard of a tune."""
        return [self.engine, Path(sid.__file__), Path(features.__file__)]

    def heard(self, song: Song) -> Path:
        """Return the file for what is heard of `song`."""
        key = fingerprint([*self.parts, song.tune, str(song.number), str(song.seconds)])
        return self.memory / f"{key}.json"

    def listen(self, song: Song) -> None:
        """Render the start of `song`; keep its features and what the tune's header says."""
        engine = sid.SidEngine(self.engine)
        info = engine.load(song.tune.read_bytes())
        engine.start(song.number, sid.SAMPLE_RATE)
        pcm = engine.render_seconds(min(features.EXCERPT_SECONDS, song.seconds))
        heard = {
            "released": info.released,
            "clock": info.clock,
            "chip": info.chip,
            "features": features.extract(pcm, sid.SAMPLE_RATE, song.seconds),
        }
        write_bytes(self.heard(song), json.dumps(heard).encode())


def make_tunes(
    library: list[DemoTune], folder: Path, listener: Listener, progress: StepProgress
) -> list[Path]:
    """Write the tunes of `library` and then their catalogue into `folder`, and return what was written."""
    files = [write_bytes(folder / tune.file_name, tune.data) for tune in library]
    songs = [list(_songs(tune, file)) for tune, file in zip(library, files, strict=True)]
    _listen([song for of_tune in songs for song in of_tune], listener, progress)
    entries = [
        _entry(tune, [_read(listener.heard(song)) for song in of_tune])
        for tune, of_tune in zip(library, songs, strict=True)
    ]
    catalogue = json.dumps({"version": 1, "tunes": entries}, indent=1, ensure_ascii=False)
    return [*files, write_bytes(folder / "catalogue.json", catalogue.encode())]


def _songs(tune: DemoTune, file: Path) -> Iterator[Song]:
    for number, seconds in enumerate(tune.lengths, 1):
        yield Song(file, number, seconds)


def _listen(songs: list[Song], listener: Listener, progress: StepProgress) -> None:
    """Listen to the songs that were not heard before."""
    new = [song for song in songs if not listener.heard(song).is_file()]
    progress.begin("listening to the demo tunes", len(new), "songs")
    with ProcessPoolExecutor(PROCESSES, get_context("spawn"), _end_at_interrupt) as executor:
        try:
            for done in as_completed([executor.submit(listener.listen, song) for song in new]):
                done.result()
                progress.advance()
        except BaseException:
            executor.shutdown(cancel_futures=True)
            raise


def _end_at_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # at once and without a traceback


def _read(file: Path) -> dict[str, Any]:
    heard: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return heard


def _entry(tune: DemoTune, heard: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "sidPath": f"{COLLECTION}/{tune.file_name}",
        "url": tune.file_name,
        "title": tune.title,
        "author": tune.author,
        "released": heard[0]["released"],
        "songs": len(tune.lengths),
        "lengths": list(tune.lengths),
        "clock": heard[0]["clock"],
        "chip": heard[0]["chip"],
        "features": [song["features"] for song in heard],
    }
