"""The SID emulator outside the browser: the same WebAssembly module as the page plays with."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from wasmtime import Engine, Func, Instance, Memory, Module, Store, Trap

from .paths import paths
from .roms import KINDS, Roms

SAMPLE_RATE = 44100
"""Samples per second unless a caller asks for others."""

_BLOCK = 4096  # frames rendered at a time, because of `wave` and `right`
_ANALYSIS_BLOCK = 16384  # frames rendered at a time in analysis: most of one call of sid_render
_WINDOWS_PER_SECOND = 100  # of sid_end


class SidError(Exception):
    """The emulator can't play a file or has stopped a tune. The message is for the listener."""


@dataclass(frozen=True)
class SidInfo:
    """One SID chip of a tune.

    Attributes
    ----------
    address
        Address of its registers.
    chip
        The model in use, 6581 or 8580.
    header_chip
        The model that the header specifies; 0 if none.
    """

    address: int
    chip: Literal[6581, 8580]
    header_chip: Literal[0, 6581, 8580]


@dataclass(frozen=True)
class TuneInfo:
    """The header of a .sid file, and the clock and chips that the emulator uses for it.

    Attributes
    ----------
    format, version
        "PSID" and 1 to 4, "RSID" and 2 to 4, or "MUS" for Sidplayer music.
    title, author, released
        Text of the header.
    songs, start_song
        Number of songs, and the song to start with; songs count from 1.
    song
        The song that was started last, or the start song.
    clock
        The video standard in use. It sets the frame rate and the clock frequency of processor and chips.
    header_clock
        The video standard that the header specifies.
    chip, chips
        The model in use of the first chip, and the number of chips.
    sids
        All chips.
    speed
        What calls the play routine of the song: the video frame, CIA 1, or the tune itself.
    load_address, init_address, play_address
        Addresses in the C64's memory; a play address of 0 means that the tune installs its own interrupt.
    """

    format: str
    version: int
    title: str
    author: str
    released: str
    songs: int
    start_song: int
    song: int
    clock: Literal["PAL", "NTSC"]
    header_clock: Literal["PAL", "NTSC", "any", "unknown"]
    chip: Literal[6581, 8580]
    chips: int
    sids: tuple[SidInfo, ...]
    speed: Literal["frame", "cia", "own"]
    load_address: int
    init_address: int
    play_address: int

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "TuneInfo":
        """Convert the emulator's description of a tune."""
        fields = _snake_cased(record)
        sids = tuple(SidInfo(**_snake_cased(sid)) for sid in fields.pop("sids"))
        return cls(**fields, sids=sids)


@dataclass(frozen=True)
class Inspection:
    """The result of inspecting a file.

    Attributes
    ----------
    tune
        The tune, with the clock and chips of its header; None if the file has no readable header.
    problem
        Why the emulator can't play the file; empty if it can.
    """

    tune: TuneInfo | None
    problem: str


def _snake_cased(record: dict[str, Any]) -> dict[str, Any]:
    return {_snake_case(name): value for name, value in record.items()}


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


class SidEmulator:
    """One emulated C64 that plays one tune at a time.

    Parameters
    ----------
    wasm
        Path of sid.wasm; default: the one that set-up has built.

    Raises
    ------
    SidError
        If there is no such file.

    Examples
    --------
    >>> emulator = SidEmulator()  # doctest: +SKIP
    >>> emulator.load(Path("tune.sid").read_bytes()).title  # doctest: +SKIP
    'Amber Circuit'
    >>> emulator.start()  # doctest: +SKIP
    >>> emulator.render_seconds(10).shape  # doctest: +SKIP
    (441000,)
    """

    def __init__(self, wasm: Path | None = None) -> None:
        module = _compiled(wasm or paths().vendor / "sid" / "sid.wasm")
        self._store = Store(module.engine)
        self._instance = Instance(self._store, module.module, [])
        self._exports = dict(self._instance.exports(self._store).items())
        self._rate, self._block = SAMPLE_RATE, _BLOCK
        self._trace: list[bytes] | None = None
        self._call("_initialize")
        self._trace_pointer = self._call(
            "sid_trace"
        )  # Calls of the module are slow, and this one doesn't change.

    def load(self, data: bytes) -> TuneInfo:
        """Load a .sid file.

        Raises
        ------
        SidError
            If the file is damaged or not supported. No tune is loaded then.
        """
        self._input(data)
        self._check(self._call("sid_load", len(data)))
        return self.info

    def inspect(self, data: bytes) -> Inspection:
        """Describe a .sid file. The loaded tune isn't affected.

        Raises
        ------
        SidError
            If the file is too large for a SID file.
        """
        self._input(data)
        found = json.loads(self._text("sid_inspect", len(data)))
        return Inspection(found["tune"] and TuneInfo.from_record(found["tune"]), found["problem"])

    @property
    def info(self) -> TuneInfo:
        """The loaded tune. Must not be read before a tune is loaded."""
        return TuneInfo.from_record(json.loads(self._text("sid_info")))

    def start(self, song: int = 0, sample_rate: int = SAMPLE_RATE) -> None:
        """Reset the C64 and run the init routine of a song.

        Parameters
        ----------
        song
            1-based; 0 is the file's start song.
        sample_rate
            Sample rate of the rendered sound in Hz, 8000 to 192000.

        Raises
        ------
        SidError
            If the song or rate doesn't exist, or the init routine doesn't return.
        """
        self._check(self._call("sid_start", song, sample_rate))
        self._rate, self._trace, self._block = sample_rate, None, _BLOCK

    def analyze(self, song: int = 0, sample_rate: int = SAMPLE_RATE) -> None:
        """Start a song as `start` does, but for analysis.

        It renders many times as fast, with a simpler sound, and records what the tune writes to the chips.

        Parameters
        ----------
        song
            1-based; 0 is the file's start song.
        sample_rate
            Sample rate of the rendered sound in Hz, 22050 to 192000.

        Raises
        ------
        SidError
            If the song or rate doesn't exist, or the init routine doesn't return.
        """
        self._check(self._call("sid_analyze", song, sample_rate))
        self._rate, self._trace, self._block = sample_rate, [], _ANALYSIS_BLOCK
        self._record()

    def take_trace(self) -> bytes:
        """Return the register writes of a song in analysis since the last call of this method.

        Returns
        -------
        bytes
            8 bytes for each write, also of init: the cycle since init was called, a little-endian uint32; the
            chip, the register, and the value; and a zero. Empty from where the song has ended.
        """
        trace, self._trace = self._trace or [], []
        return b"".join(trace)

    @property
    def end(self) -> float | None:
        """Where the rendered part of a song that was started for analysis fell silent for good.

        In seconds from its start: 0 if it has had no sound, None if it may go on.
        """
        end = self._call("sid_end")
        return None if end < 0 else end / _WINDOWS_PER_SECOND

    def render(self, frames: int) -> NDArray[np.float32]:
        """Render the next `frames` samples of the song.

        Returns
        -------
        ndarray, shape (frames,)
            Mono sound in [-1, 1]; the left channel if `spread` was called.

        Raises
        ------
        SidError
            If no song was started, or the tune stopped with an error.
        """
        sound = np.empty(frames, np.float32)
        done = 0
        while done < frames:
            count = self._call("sid_render", min(frames - done, self._block))
            if not count:
                raise SidError(self._text("sid_message"))
            sound[done : done + count] = self._output(count)
            self._record()
            done += count
        return sound

    def render_seconds(self, seconds: float) -> NDArray[np.float32]:
        """Render the next `seconds` of the song at the sample rate it was started with, as `render` does."""
        return self.render(round(seconds * self._rate))

    def skip(self, frames: int) -> None:
        """Skip `frames` samples, several times as fast as rendering them.

        The state afterwards is the same, except for the filters: render and drop about 0.5 s before you use
        the sound.

        Raises
        ------
        SidError
            If no song was started, or the tune stopped with an error.
        """
        done = 0
        while done < frames:
            count = self._call("sid_skip", frames - done)
            if not count:
                raise SidError(self._text("sid_message"))
            self._record()
            done += count

    def mute(self, *voices: int) -> None:
        """Mute these voices and unmute the others: 0 to 2 are the first chip's, 3 to 5 the second's."""
        self._call("sid_mute", sum(1 << voice for voice in set(voices)))

    def override(self, clock: Literal["PAL", "NTSC"] | None = None, *chips: Literal[0, 6581, 8580]) -> None:
        """Override the header's clock and chip models from the next start on. `info` has the values in use.

        Parameters
        ----------
        clock
            None: as in the header.
        *chips
            Models of the first, second, and third chip; 0 or missing: as in the header.
        """
        self._call("sid_override_clock", {None: 0, "PAL": 1, "NTSC": 2}[clock])
        for chip in range(3):
            self._call("sid_override_chip", chip, chips[chip] if chip < len(chips) else 0)

    def use_roms(self, roms: Roms) -> None:
        """Use these ROMs of the C64, and no others, from the next start on."""
        for number, kind in enumerate(KINDS):
            image = roms.images.get(kind, b"")
            self._input(image)
            self._check(self._call("sid_rom", number, len(image)))

    def spread(self, percent: int) -> None:
        """Hear several chips apart, from the next `render` on: 0 (mono) to 100."""
        self._call("sid_width", percent)

    def right(self, count: int) -> NDArray[np.float32]:
        """Return the right channel of the last `count` samples, at most 4096, of the last `render`."""
        return self._output(count, 1)

    def override_sound(
        self,
        *,
        filter_curve: int = 50,
        digi_boost: bool = False,
        combined: Literal["average", "weak", "strong"] = "average",
    ) -> None:
        """Choose what differs between real C64s, from the next start on.

        Parameters
        ----------
        filter_curve
            Of the 6581's filter in percent, from 0 (bright) to 100 (dark).
        digi_boost
            Whether samples that are played with an 8580's volume register are as loud as on a 6581.
        combined
            Strength of combined waveforms.
        """
        strength = ("average", "weak", "strong").index(combined)
        self._call("sid_override_sound", filter_curve, int(digi_boost), strength)

    def registers(self, chip: int = 0) -> bytes:
        """Return the 32 registers of a chip, as last written by the tune."""
        return self._read(self._call("sid_registers", chip), 32)

    def show_scope(self, *, on: bool = True) -> None:
        """Record the waveforms of the voices from the next `render` on, or stop recording them."""
        self._call("sid_scope", int(on))

    def wave(self, voice: int) -> NDArray[np.int8]:
        """Return a voice's waveform for the oscilloscope.

        Returns
        -------
        ndarray, shape (frames / 4,)
            The waveform before the filter during the last rendered block of at most 4096 frames.
        """
        raw = self._read(self._call("sid_wave", voice), self._call("sid_wave_size"))
        return np.frombuffer(raw, np.int8)

    def save(self) -> bytes:
        """Return the playing tune's state, for `restore` until the next `load` or `start`."""
        return self._read(self._call("sid_state"), self._call("sid_state_size"))

    def restore(self, state: bytes) -> None:
        """Go back to a saved state: the samples that follow are the same as after `save`."""
        self._memory.write(self._store, state, self._call("sid_state"))

    @property
    def memory_size(self) -> int:
        """Bytes of memory that the emulator has allocated. It releases none, but reuses it."""
        return self._memory.data_len(self._store)

    def _record(self) -> None:
        if self._trace is not None:
            self._trace.append(self._read(self._trace_pointer, self._call("sid_trace_size")))

    def _output(self, count: int, channel: int = 0) -> NDArray[np.float32]:
        return np.frombuffer(self._read(self._call("sid_output", channel), 4 * count), np.dtype("<f4"))

    def _read(self, pointer: int, size: int) -> bytes:
        return bytes(self._memory.read(self._store, pointer, pointer + size))

    def _check(self, status: int) -> None:
        if status:
            raise SidError(self._text("sid_message"))

    def _input(self, data: bytes) -> None:
        pointer = self._call("sid_input", len(data))
        if not pointer:
            raise SidError("It is too large for a SID file. Choose another one.")
        self._memory.write(self._store, data, pointer)

    def _text(self, function: str, *arguments: int) -> str:
        """Return the NUL-terminated text that an exported function points to."""
        pointer = self._call(function, *arguments)
        text = bytearray()
        while b"\0" not in text:
            at = pointer + len(text)
            text += self._memory.read(self._store, at, min(at + 1024, self._memory.data_len(self._store)))
        return text.partition(b"\0")[0].decode()

    def _call(self, function: str, *arguments: int) -> int:
        export = cast("Func", self._exports[function])
        try:
            result: Any = export(self._store, *arguments)
        except Trap as error:
            raise SidError(
                "The SID emulator stopped unexpectedly, probably because memory ran out. Load the tune again."
            ) from error
        return cast("int", result)

    @property
    def _memory(self) -> Memory:
        return cast("Memory", self._exports["memory"])


@dataclass(frozen=True)
class _Compiled:
    engine: Engine
    module: Module


def _compiled(wasm: Path) -> _Compiled:
    try:
        stamp = wasm.stat().st_mtime_ns
    except OSError as error:
        raise SidError(
            f"The SID emulator {wasm} can't be read ({error}). Run `make run` once to build it."
        ) from error
    return _compile(wasm, stamp)


@cache
def _compile(wasm: Path, _stamp: int) -> _Compiled:
    """Compile a module once per process and version of the file."""
    engine = Engine()
    return _Compiled(engine, Module.from_file(engine, str(wasm)))
