"""A song as a WAV file that grows while it is read."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from ...emulator import SAMPLE_RATE, SidEmulator, SidError
from ...roms import NO_ROMS, Roms
from .errors import UnplayableTuneError

AHEAD_SECONDS = 15
"""How far to render ahead of the reader, so that a tune left early costs little."""

HEADER_BYTES = 44
_FRAME_BYTES = 2
_CHUNK_FRAMES = SAMPLE_RATE
_READ_BYTES = 64 * 1024


class Rendering:
    """Renders the first `frames` samples of a song into a file, mono, 16 bits.

    Parameters
    ----------
    slots
        Limits how many renderings advance at once. Acquired for each second of sound.
    roms
        The C64's ROMs.

    Attributes
    ----------
    size
        Bytes of the complete file, known from the start.
    """

    def __init__(self, path: Path, frames: int, slots: asyncio.Semaphore, roms: Roms = NO_ROMS) -> None:
        self._path = path
        self._frames = frames
        self._slots = slots
        self._emulator = SidEmulator()
        self._emulator.use_roms(roms)
        self._done = 0
        self._wanted = 0
        self._problem = ""
        self._grown = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.size = HEADER_BYTES + _FRAME_BYTES * frames

    async def start(self, data: bytes, song: int) -> None:
        """Render the first second, then continue in the background.

        Raises
        ------
        UnplayableTuneError
            If the tune can't be started.
        """
        try:
            await asyncio.to_thread(self._open, data, song)
            await self._render()
        except SidError as exc:
            raise UnplayableTuneError(str(exc)) from exc
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

    async def aclose(self) -> None:
        """Stop rendering and delete the file. Open readers still get what is rendered."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._problem = self._problem or "dropped"
        async with self._grown:
            self._grown.notify_all()
        self._path.unlink(missing_ok=True)

    @property
    def stored(self) -> int:
        """Bytes of the file that are rendered."""
        return HEADER_BYTES + _FRAME_BYTES * self._done

    def _open(self, data: bytes, song: int) -> None:
        self._emulator.load(data)
        self._emulator.start(song)
        self._path.write_bytes(_header(self._frames))

    async def _render_ahead(self) -> None:
        try:
            while self._done < self._frames:
                async with self._grown:
                    await self._grown.wait_for(lambda: self._done <= self._wanted)
                await self._render()
        except SidError as exc:
            self._problem = str(exc)
            async with self._grown:
                self._grown.notify_all()

    async def _render(self) -> None:
        count = min(_CHUNK_FRAMES, self._frames - self._done)
        async with self._slots:
            await asyncio.to_thread(self._write, count)
        async with self._grown:
            self._done += count
            self._grown.notify_all()

    def _write(self, count: int) -> None:
        sound = np.clip(self._emulator.render(count), -1, 1)
        with self._path.open("ab") as file:
            file.write((sound * 32767).astype("<i2").tobytes())

    async def _wait_for(self, at: int) -> None:
        async with self._grown:
            ahead = at // _FRAME_BYTES + AHEAD_SECONDS * SAMPLE_RATE
            self._wanted = max(self._wanted, ahead)
            self._grown.notify_all()
            await self._grown.wait_for(lambda: self.stored > at or bool(self._problem))


def _header(frames: int) -> bytes:
    """Return the header of a WAV file. The `wave` module can't write one before the samples."""
    size = frames * _FRAME_BYTES
    kind = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, SAMPLE_RATE * _FRAME_BYTES, _FRAME_BYTES, 16)
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
