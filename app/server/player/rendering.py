"""A song as a WAV file that grows while it is read."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from ...emulator import SAMPLE_RATE
from .errors import RenderingStoppedError, UnplayableTuneError
from .render_process import FRAME_BYTES, Job
from .renderer import Renderer

AHEAD_SECONDS = 15
"""How far to render ahead of the reader, so that a tune left early costs little."""

HEADER_BYTES = 44
_CHUNK_FRAMES = SAMPLE_RATE
_READ_BYTES = 64 * 1024


class Rendering:
    """Renders a song into a file, mono, 16 bits.

    Parameters
    ----------
    path
        The file.
    song
        What to render: all frames of it.
    renderer
        Renders it, a second at a time.
    turn
        Held for each second, so that a client's renderings take turns, and each client has one at a time.

    Attributes
    ----------
    size
        Bytes of the complete file, known from the start.
    """

    def __init__(self, path: Path, song: Job, renderer: Renderer, turn: asyncio.Lock) -> None:
        self._path = path
        self._song = song
        self._renderer = renderer
        self._turn = turn
        self._done = 0
        self._wanted = 0
        self._problem = ""
        self._change = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.size = HEADER_BYTES + FRAME_BYTES * song.count

    async def start(self) -> None:
        """Render the first second, then continue in the background.

        Raises
        ------
        UnplayableTuneError, RenderingStoppedError
            If the tune can't be started.
        """
        self._path.write_bytes(_header(self._song.count))
        await self._render()
        self._task = asyncio.create_task(self._render_ahead())

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `first` to `last` as they are rendered, fewer if the tune fails."""
        with self._path.open("rb") as file:
            file.seek(first)
            at = first
            while at <= last:
                await self._wait_for(at)
                chunk = file.read(min(_READ_BYTES, last + 1 - at, self.stored - at))
                if not chunk:
                    return
                yield chunk
                at += len(chunk)

    def drop(self) -> None:
        """Stop rendering and delete the file. Open readers still get what is rendered."""
        self._stop("dropped")
        self._path.unlink(missing_ok=True)

    @property
    def stored(self) -> int:
        """Bytes of the file that are rendered."""
        return HEADER_BYTES + FRAME_BYTES * self._done

    async def _render_ahead(self) -> None:
        try:
            while self._done < self._song.count and not self._problem:
                if self._done > self._wanted:
                    await self._changed()
                else:
                    await self._render()
        except (UnplayableTuneError, RenderingStoppedError, OSError) as error:
            self._stop(str(error))

    async def _render(self) -> None:
        count = min(_CHUNK_FRAMES, self._song.count - self._done)
        async with self._turn:
            if self._problem:
                return
            sound = await self._renderer.render(replace(self._song, first=self._done, count=count))
        if self._problem:  # The file was deleted.
            return
        with self._path.open("ab") as file:
            file.write(sound)
        self._done += count
        self._notify()

    def _stop(self, problem: str) -> None:
        self._problem = self._problem or problem
        self._notify()

    async def _wait_for(self, at: int) -> None:
        self._wanted = max(self._wanted, at // FRAME_BYTES + AHEAD_SECONDS * SAMPLE_RATE)
        self._notify()
        while self.stored <= at and not self._problem:
            await self._changed()

    async def _changed(self) -> None:
        """Wait until more is rendered or wanted, or there is a problem."""
        await self._change.wait()

    def _notify(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


def _header(frames: int) -> bytes:
    """Return the header of a WAV file. The `wave` module can't write one before the samples."""
    size = frames * FRAME_BYTES
    kind = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, SAMPLE_RATE * FRAME_BYTES, FRAME_BYTES, 16)
    return (
        b"RIFF"
        + struct.pack("<I", size + HEADER_BYTES - 8)
        + b"WAVE"
        + b"fmt "
        + struct.pack("<I", len(kind))
        + kind
        + b"data"
        + struct.pack("<I", size)
    )
