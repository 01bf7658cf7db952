"""Songs rendered on the server with the page's SID emulator and served as WAV."""

import asyncio
import hashlib
import re
import tempfile
import time
from collections import OrderedDict
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from ...emulator import SAMPLE_RATE
from ...roms import NO_ROMS, Roms
from .errors import NoSuchStreamError, TooManyStreamsError
from .rendering import Rendering
from .request import Tune

MAX_SECONDS = 900.0
"""Maximum length of a rendering: 79 MB."""

CACHE_BYTES = 256 * 1024 * 1024
"""Size of the cache of renderings. The least recently used one is dropped first."""

MAX_RENDERINGS = 16
"""Each rendering has an emulated C64 of its own."""

MAX_CONCURRENT = 2
MAX_PER_MINUTE = 30
"""New renderings: more than listeners need, and less than a server notices."""


class Streams:
    """Renders each song once and keeps a bounded number of renderings on disk.

    Parameters
    ----------
    cache_bytes, per_minute
        Size of the cache, and new renderings per minute.
    roms
        The C64's ROMs.
    """

    def __init__(
        self, cache_bytes: int = CACHE_BYTES, per_minute: int = MAX_PER_MINUTE, roms: Roms = NO_ROMS
    ) -> None:
        self._roms = roms
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cache_bytes = cache_bytes
        self._per_minute = per_minute
        self._renderings: OrderedDict[str, Rendering] = OrderedDict()
        self._started: list[float] = []
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)

    async def begin(self, tune: Tune, song: int, seconds: float) -> str:
        """Start to render the first `seconds` of a song; return the stream's name.

        Raises
        ------
        UnplayableTuneError
            If the tune can't be started.
        TooManyStreamsError
            If too many were started within the last minute.
        """
        frames = round(min(seconds, MAX_SECONDS) * SAMPLE_RATE)
        name = hashlib.sha256(tune.data + f"#{song}#{frames}".encode()).hexdigest()
        if name not in self._renderings:
            self._check_rate()
            rendering = Rendering(self._new_path(), frames, self._slots, self._roms)
            await rendering.start(tune.data, song)
            if name in self._renderings:  # Another request was faster.
                await rendering.aclose()
            else:
                self._renderings[name] = rendering
        self._renderings.move_to_end(name)
        await self._trim()
        return name

    def answer(self, name: str, range_header: str | None) -> Response:
        """Respond with a stream, or with the part of it that the Range header names.

        Raises
        ------
        NoSuchStreamError
            If it was dropped.
        """
        rendering = self._renderings.get(name)
        if rendering is None:
            raise NoSuchStreamError("This stream was dropped to make room for others. Play the tune again.")
        self._renderings.move_to_end(name)
        span = _parse_range(range_header, rendering.size)
        if span is None:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{rendering.size}"})
        first, last = span
        headers = {
            "Accept-Ranges": "bytes",
            "Cache-Control": "no-store",
            "Content-Length": str(last + 1 - first),
        }
        if range_header is not None:
            headers["Content-Range"] = f"bytes {first}-{last}/{rendering.size}"
        status = 200 if range_header is None else 206
        return StreamingResponse(rendering.read(first, last), status, headers, "audio/wav")

    async def aclose(self) -> None:
        """Stop and delete all renderings."""
        for rendering in self._renderings.values():
            await rendering.aclose()
        self._renderings.clear()
        if self._folder is not None:
            self._folder.cleanup()

    def _new_path(self) -> Path:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="sidflow-")
        return Path(self._folder.name) / f"{time.monotonic_ns()}.wav"

    def _check_rate(self) -> None:
        now = time.monotonic()
        self._started = [start for start in self._started if now - start < 60]
        if len(self._started) >= self._per_minute:
            raise TooManyStreamsError("Too many tunes were requested within a minute. Try again in a moment.")
        self._started.append(now)

    async def _trim(self) -> None:
        while len(self._renderings) > MAX_RENDERINGS or (
            len(self._renderings) > 1
            and sum(one.stored for one in self._renderings.values()) > self._cache_bytes
        ):
            _, oldest = self._renderings.popitem(last=False)
            await oldest.aclose()


def _parse_range(range_header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and last byte of a Range header with one range, or None if it is empty."""
    if range_header is None:
        return 0, size - 1
    found = re.fullmatch(r"bytes=(\d{0,15})-(\d{0,15})", range_header.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size - 1
    span = int(first), min(int(last), size - 1) if last else size - 1
    return span if span[0] <= span[1] else None
