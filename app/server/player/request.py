"""Checks of requests to the players: a valid tune, and a song that it has."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import Depends, Request

from ...emulator import SidEmulator, SidError
from ..body import read_body
from ..errors import BodyTooLargeError, MediaTypeError
from .errors import UnplayableTuneError

MAX_TUNE_BYTES = 128 * 1024
"""A C64 has 64 KB; the rest is headroom."""

MEDIA_TYPE = "audio/prs.sid"

_headers = ThreadPoolExecutor(1, "sid-header")
"""Has the one emulator that reads headers, apart from the pool of threads that the database waits for."""


@dataclass(frozen=True)
class Tune:
    """A .sid file and the metadata in its header."""

    data: bytes
    info: dict[str, Any]

    @property
    def songs(self) -> int:
        """Number of songs."""
        songs: int = self.info["songs"]
        return songs


async def read_tune(request: Request) -> Tune:
    """Read a .sid file from the body.

    Raises
    ------
    MediaTypeError
        If the Content-Type is another one. This type makes browsers send a CORS preflight for other sites.
    BodyTooLargeError
        If it is longer than `MAX_TUNE_BYTES`.
    SlowBodyError
        If it doesn't arrive in time.
    UnplayableTuneError
        If the SID emulator refuses it.
    """
    if request.headers.get("content-type") != MEDIA_TYPE:
        raise MediaTypeError(f"The body must be a .sid file. Send it with Content-Type: {MEDIA_TYPE}.")
    data = await read_body(request, MAX_TUNE_BYTES, _too_large)
    return await asyncio.get_running_loop().run_in_executor(_headers, _tune, data)


UploadedTune = Annotated[Tune, Depends(read_tune)]


@cache
def _emulator() -> SidEmulator:
    return SidEmulator()


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"A .sid file has at most {MAX_TUNE_BYTES // 1024} KB, this one more. Choose another."
    )


def _tune(data: bytes) -> Tune:
    try:
        info = asdict(_emulator().load(data))
    except SidError as exc:
        raise UnplayableTuneError(str(exc)) from exc
    shown = {name: info[name] for name in ("title", "author", "released", "songs")}
    return Tune(data, {**shown, "startSong": info["start_song"]})


def chosen_song(tune: Tune, song: int) -> int:
    """Return the song to play: `song`, or the start song for 0.

    Raises
    ------
    UnplayableTuneError
        If there is no such song.
    """
    if not 0 <= song <= tune.songs:
        raise UnplayableTuneError(f"This tune has no song {song}. Choose 1 to {tune.songs}.", "song")
    return song or int(tune.info["startSong"])
