"""Rendered streams: the server plays songs with the page's own SID emulator, and serves them as WAV."""

import asyncio
import hashlib
import re
import tempfile
import time
from collections import OrderedDict
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from ...emulator import SAMPLE_RATE
from .errors import NoSuchStreamError, TooManyStreamsError
from .rendering import Rendering
from .request import Tune

MAX_SECONDS = 900.0
"""Longest rendering: 79 MB."""

CACHE_BYTES = 256 * 1024 * 1024
"""Renderings that are kept; the one least recently used goes first."""

KEPT = 16
"""Renderings at most: each has an emulated C64 of its own."""

AT_ONCE = 2
PER_MINUTE = 30
"""New renderings: far above what listeners need, far below what hurts a server."""


class Streams:
    """Renders each song once, and keeps a bounded number of them on disk.

    Parameters
    ----------
    cache_bytes, per_minute
        Size of the cache, and how many new renderings may begin within a minute.
    """

    def __init__(self, cache_bytes: int = CACHE_BYTES, per_minute: int = PER_MINUTE) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cache_bytes = cache_bytes
        self._per_minute = per_minute
        self._renderings: OrderedDict[str, Rendering] = OrderedDict()
        self._begun: list[float] = []
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def begin(self, tune: Tune, song: int, seconds: float) -> str:
        """Begin to render a song's first `seconds`; return the stream's name.

        Raises
        ------
        UnplayableTuneError
            If the tune can't be started.
        TooManyStreamsError
            If too many were begun within the last minute.
        """
        frames = round(min(seconds, MAX_SECONDS) * SAMPLE_RATE)
        name = hashlib.sha256(tune.data + f"#{song}#{frames}".encode()).hexdigest()
        if name not in self._renderings:
            self._spend()
            rendering = Rendering(self._new_path(), frames, self._slots)
            await rendering.start(tune.data, song)
            if name in self._renderings:  # Somebody else was faster.
                await rendering.aclose()
            else:
                self._renderings[name] = rendering
        self._renderings.move_to_end(name)
        await self._trim()
        return name

    def answer(self, name: str, wanted: str | None) -> Response:
        """Answer a request for a stream, whole or the range that its header `wanted` names.

        Raises
        ------
        NoSuchStreamError
            If it is no longer there.
        """
        rendering = self._renderings.get(name)
        if rendering is None:
            raise NoSuchStreamError("This stream was dropped for newer ones. Play the tune again.")
        self._renderings.move_to_end(name)
        span = _span(wanted, rendering.size)
        if span is None:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{rendering.size}"})
        first, last = span
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store",
            "Content-Length": str(last + 1 - first),
        }
        if wanted is not None:
            headers["Content-Range"] = f"bytes {first}-{last}/{rendering.size}"
        status = 200 if wanted is None else 206
        return StreamingResponse(rendering.read(first, last), status, headers, "audio/wav")

    async def aclose(self) -> None:
        """End what is under way, and delete all renderings."""
        for rendering in self._renderings.values():
            await rendering.aclose()
        self._renderings.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def _new_path(self) -> Path:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="sidflow-")
        return Path(self._folder.name) / f"{time.monotonic_ns()}.wav"

    def _spend(self) -> None:
        now = time.monotonic()
        self._begun = [begun for begun in self._begun if now - begun < 60]
        if len(self._begun) >= self._per_minute:
            raise TooManyStreamsError("Too many tunes were asked for within a minute. Try again in a moment.")
        self._begun.append(now)

    async def _trim(self) -> None:
        while len(self._renderings) > KEPT or (
            len(self._renderings) > 1
            and sum(one.stored for one in self._renderings.values()) > self._cache_bytes
        ):
            _, oldest = self._renderings.popitem(last=False)
            await oldest.aclose()


def _span(wanted: str | None, size: int) -> tuple[int, int] | None:
    """Return first and last byte of a Range header with one range; None if there is nothing in it."""
    if wanted is None:
        return 0, size - 1
    found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", wanted.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    span = int(first), min(int(last), size - 1) if last else size - 1
    return span if span[0] <= span[1] else None
