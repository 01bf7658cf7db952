"""Songs rendered on the server with the page's SID emulator and served as WAV."""

import asyncio
import hashlib
import re
import tempfile
import time
from collections import Counter, OrderedDict
from pathlib import Path
from weakref import WeakValueDictionary

from starlette.responses import Response, StreamingResponse

from ...emulator import SAMPLE_RATE
from ...roms import NO_ROMS, Roms
from ..rate import TokenBuckets
from .errors import NoSuchStreamError, TooManyStreamsError
from .render_process import DEFAULT_LIMITS, Job, Limits
from .renderer import Renderer
from .rendering import Rendering
from .request import Tune

MAX_SECONDS = 900.0
"""Maximum length of a rendering: 79 MB."""

CACHE_BYTES = 256 * 1024 * 1024
"""Size of the cache of renderings. The least recently used one is dropped first."""

MAX_RENDERINGS = 32
RENDERERS = 2

PER_MINUTE = 20
BURST = 10
"""New renderings of a client: more than a listener needs who skips through a list."""

MAX_STARTING = 16
MAX_STARTING_PER_CLIENT = 3
"""Renderings whose first second isn't there yet. Each takes about a second of a processor at most."""


class Streams:
    """Renders songs and keeps a bounded number of renderings on disk.

    Clients take turns at the renderers, and don't share renderings: what one of them requests neither holds
    up the others nor drops what they hear.

    Parameters
    ----------
    cache_bytes
        Size of the cache.
    limits
        What each renderer may use.
    roms
        The C64's ROMs.
    buckets
        Of the clients: a new rendering takes a token.
    """

    def __init__(
        self,
        cache_bytes: int = CACHE_BYTES,
        limits: Limits = DEFAULT_LIMITS,
        roms: Roms = NO_ROMS,
        buckets: TokenBuckets | None = None,
    ) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._cache_bytes = cache_bytes
        self._buckets = TokenBuckets(PER_MINUTE / 60, BURST) if buckets is None else buckets
        self._renderers = [Renderer(limits, roms) for _ in range(RENDERERS)]
        self._renderings: OrderedDict[str, tuple[bytes, Rendering]] = OrderedDict()
        self._starting: Counter[bytes] = Counter()
        self._turns: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    async def begin(self, client: bytes, tune: Tune, song: int, seconds: float) -> str:
        """Start to render the first `seconds` of a song; return the stream's name.

        Raises
        ------
        UnplayableTuneError, RenderingStoppedError
            If the tune can't be started.
        TooManyStreamsError
            If the client has requested too many within the last minute, or all clients too many at once.
        """
        frames = round(min(seconds, MAX_SECONDS) * SAMPLE_RATE)
        name = hashlib.sha256(client + tune.data + f"#{song}#{frames}".encode()).hexdigest()
        if name not in self._renderings:
            rendering = await self._start(client, Job(name, tune.data, song, 0, frames))
            if name in self._renderings:  # Another request was faster.
                rendering.drop()
            else:
                self._renderings[name] = client, rendering
        self._renderings.move_to_end(name)
        self._trim(name)
        return name

    def answer(self, name: str, range_header: str | None) -> Response:
        """Respond with a stream, or with the part of it that the Range header names.

        Raises
        ------
        NoSuchStreamError
            If it was dropped.
        """
        if name not in self._renderings:
            raise NoSuchStreamError("This stream was dropped to make room for others. Play the tune again.")
        _, rendering = self._renderings[name]
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
        for _, rendering in self._renderings.values():
            rendering.drop()
        await asyncio.gather(*(renderer.aclose() for renderer in self._renderers))
        self._renderings.clear()
        if self._folder is not None:
            self._folder.cleanup()

    async def _start(self, client: bytes, job: Job) -> Rendering:
        self._check_limits(client)
        turn = self._turns.setdefault(client, asyncio.Lock())
        renderer = min(self._renderers, key=lambda renderer: renderer.waiting)
        path = self._new_path()
        rendering = Rendering(path, job, renderer, turn)
        self._starting[client] += 1
        try:
            await rendering.start()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._starting -= Counter({client: 1})
        return rendering

    def _new_path(self) -> Path:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="sidflow-")
        return Path(self._folder.name) / f"{time.monotonic_ns()}.wav"

    def _check_limits(self, client: bytes) -> None:
        if self._starting[client] >= MAX_STARTING_PER_CLIENT or self._buckets.take(client):
            raise TooManyStreamsError("Too many tunes were requested within a minute. Try again in a moment.")
        if self._starting.total() >= MAX_STARTING:
            raise TooManyStreamsError(
                "The server is starting as many tunes as it can. Try again in a moment, or choose another "
                "player."
            )

    def _trim(self, newest: str) -> None:
        """Drop renderings until the others fit: of the client that takes most, the least recently used."""
        while len(self._renderings) > MAX_RENDERINGS or (len(self._renderings) > 1 and self._is_full()):
            taken: Counter[bytes] = Counter()
            for client, rendering in self._renderings.values():
                taken[client] += rendering.stored
            [(greediest, _)] = taken.most_common(1)
            own = [name for name, (client, _) in self._renderings.items() if client == greediest]
            name = own[0] if own[0] != newest else next(iter(self._renderings))
            _, dropped = self._renderings.pop(name)
            dropped.drop()

    def _is_full(self) -> bool:
        return sum(one.stored for _, one in self._renderings.values()) > self._cache_bytes


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
