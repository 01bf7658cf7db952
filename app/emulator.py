"""The SID engine on this side of the wire: the same WebAssembly module that the page plays with."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from wasmtime import Engine, Func, Instance, Linker, Memory, Module, Store, Trap, WasiConfig

from .paths import paths

SAMPLE_RATE = 44100
"""Samples per second unless a caller asks for others."""

_BLOCK = 4096  # frames that the engine renders at most in one call


class SidError(Exception):
    """The engine refused a file or stopped a tune; the message says what, why, and what to do."""


@dataclass(frozen=True)
class SidInfo:
    """One SID chip of a tune.

    Attributes
    ----------
    address
        Where the tune writes to it.
    chip
        The model in use, 6581 or 8580.
    header_chip
        The model that the file asks for; 0 if it does not say.
    """

    address: int
    chip: Literal[6581, 8580]
    header_chip: Literal[0, 6581, 8580]


@dataclass(frozen=True)
class TuneInfo:
    """What a .sid file says of itself, and what the engine plays it with.

    Attributes
    ----------
    format, version
        "PSID" and 1 to 4, or "RSID" and 2 to 4.
    title, author, released
        The author's text, as the header has it.
    songs, start_song
        How many songs there are, and the first one to play; songs count from 1.
    song
        The song last started, or the start song.
    clock
        The video standard in use: it sets the frame rate, and the processor's and the chip's frequency.
    header_clock
        The one that the file asks for.
    chip, chips
        The model in use of the first chip, 6581 or 8580, and how many chips there are.
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
    def from_json(cls, text: str) -> "TuneInfo":
        """Read the engine's description of a tune."""
        said = _snake_cased(json.loads(text))
        sids = tuple(SidInfo(**_snake_cased(sid)) for sid in said.pop("sids"))
        return cls(**said, sids=sids)


def _snake_cased(record: dict[str, Any]) -> dict[str, Any]:
    return {_snake_case(name): value for name, value in record.items()}


def _snake_case(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


class SidEmulator:
    """One emulated C64 that plays one tune at a time.

    Parameters
    ----------
    wasm
        The engine's module; the one that set-up built, unless given.

    Raises
    ------
    SidError
        If the module is not there.

    Examples
    --------
    >>> engine = SidEmulator()  # doctest: +SKIP
    >>> engine.load(Path("tune.sid").read_bytes()).title  # doctest: +SKIP
    'Amber Circuit'
    >>> engine.start()  # doctest: +SKIP
    >>> engine.render_seconds(10).shape  # doctest: +SKIP
    (441000,)
    """

    def __init__(self, wasm: Path | None = None) -> None:
        module = _compiled(wasm or paths().vendor / "sid" / "sid.wasm")
        self._store = Store(module.engine)
        self._store.set_wasi(WasiConfig())
        linker = Linker(module.engine)
        linker.define_wasi()
        self._instance: Instance = linker.instantiate(self._store, module.module)
        self._rate = SAMPLE_RATE
        self._call("_initialize")

    def load(self, data: bytes) -> TuneInfo:
        """Load a .sid file.

        Raises
        ------
        SidError
            If it is broken or of a kind that the engine cannot play; then no tune is loaded.
        """
        pointer = self._call("sid_input", len(data))
        if not pointer:
            raise SidError(
                f"The file has {len(data)} bytes; a SID file has at most 131072. Choose a .sid file."
            )
        self._memory.write(self._store, data, pointer)
        self._check(self._call("sid_load", len(data)))
        return self.info

    @property
    def info(self) -> TuneInfo:
        """The loaded tune. Load one first."""
        return TuneInfo.from_json(self._text("sid_info"))

    def start(self, song: int = 0, sample_rate: int = SAMPLE_RATE) -> None:
        """Reset the C64 and run the init routine of a song.

        Parameters
        ----------
        song
            1 is the first song, 0 means the file's start song.
        sample_rate
            Of the sound to render, in Hz, 8000 to 192000.

        Raises
        ------
        SidError
            If there is no such song or rate, or its init routine does not return.
        """
        self._check(self._call("sid_start", song, sample_rate))
        self._rate = sample_rate

    def render(self, frames: int) -> NDArray[np.float32]:
        """Render the next `frames` samples of the song that was started.

        Returns
        -------
        ndarray, shape (frames,)
            Mono sound in [-1, 1].

        Raises
        ------
        SidError
            If nothing was started, or the tune stopped with an error.
        """
        sound = np.empty(frames, np.float32)
        done = 0
        while done < frames:
            count = self._call("sid_render", min(frames - done, _BLOCK))
            if not count:
                raise SidError(self._text("sid_message"))
            sound[done : done + count] = self._output(count)
            done += count
        return sound

    def render_seconds(self, seconds: float) -> NDArray[np.float32]:
        """Render the next `seconds` of the song at the sample rate it was started with, as `render` does."""
        return self.render(round(seconds * self._rate))

    def skip(self, frames: int) -> None:
        """Pass over `frames` samples, several times as fast as rendering them.

        What follows is as if they had been rendered, but for the filters: render, and drop, some 0.5 s before
        the sound matters.

        Raises
        ------
        SidError
            If nothing was started, or the tune stopped with an error.
        """
        done = 0
        while done < frames:
            count = self._call("sid_skip", frames - done)
            if not count:
                raise SidError(self._text("sid_message"))
            done += count

    def mute(self, *voices: int) -> None:
        """Silence these voices and let the others sound: 0 to 2 are the first chip's, 3 to 5 the second's."""
        self._call("sid_mute", sum(1 << voice for voice in set(voices)))

    def override(self, clock: Literal["PAL", "NTSC"] | None = None, *chips: Literal[0, 6581, 8580]) -> None:
        """Play with this clock and these chip models, from the next start on; `info` tells what is in use.

        Parameters
        ----------
        clock
            None for what the header says.
        *chips
            The models of the first, second and third chip; 0, or none, for what the header says.
        """
        self._call("sid_override_clock", {None: 0, "PAL": 1, "NTSC": 2}[clock])
        for chip in range(3):
            self._call("sid_override_chip", chip, chips[chip] if chip < len(chips) else 0)

    def registers(self, chip: int = 0) -> bytes:
        """Return the 32 registers of a chip, as the tune wrote them last."""
        return self._read(self._call("sid_registers", chip), 32)

    def show_scope(self, *, on: bool = True) -> None:
        """Keep the waves of the voices from the next `render` on, or no longer."""
        self._call("sid_scope", int(on))

    def wave(self, voice: int) -> NDArray[np.int8]:
        """Return what the scope shows of a voice.

        Returns
        -------
        ndarray, shape (frames / 4,)
            The voice's wave before the filter during the engine's last block, at most 4096 frames.
        """
        raw = self._read(self._call("sid_wave", voice), self._call("sid_wave_size"))
        return np.frombuffer(raw, np.int8)

    def save(self) -> bytes:
        """Return the state of what plays, for `restore` until the next `load` or `start`."""
        return self._read(self._call("sid_state"), self._call("sid_state_size"))

    def restore(self, state: bytes) -> None:
        """Go back to where a state was saved: what is rendered next is the same, sample by sample."""
        self._memory.write(self._store, state, self._call("sid_state"))

    @property
    def memory_size(self) -> int:
        """Bytes of memory that the engine has taken; it gives none back, but uses it again."""
        return self._memory.data_len(self._store)

    def _output(self, count: int) -> NDArray[np.float32]:
        return np.frombuffer(self._read(self._call("sid_output"), 4 * count), np.dtype("<f4"))

    def _read(self, pointer: int, size: int) -> bytes:
        return bytes(self._memory.read(self._store, pointer, pointer + size))

    def _check(self, status: int) -> None:
        if status:
            raise SidError(self._text("sid_message"))

    def _text(self, function: str) -> str:
        """Return the NUL-terminated text that an exported function points to."""
        pointer = self._call(function)
        text = bytearray()
        while b"\0" not in text:
            at = pointer + len(text)
            text += self._memory.read(self._store, at, min(at + 1024, self._memory.data_len(self._store)))
        return text.partition(b"\0")[0].decode()

    def _call(self, function: str, *arguments: int) -> int:
        export = cast("Func", self._instance.exports(self._store)[function])
        try:
            result: Any = export(self._store, *arguments)
        except Trap as error:
            raise SidError(
                "The SID engine stopped unexpectedly, most likely out of memory. Load the tune again."
            ) from error
        return cast("int", result)

    @property
    def _memory(self) -> Memory:
        return cast("Memory", self._instance.exports(self._store)["memory"])


@dataclass(frozen=True)
class _Compiled:
    engine: Engine
    module: Module


def _compiled(wasm: Path) -> _Compiled:
    try:
        stamp = wasm.stat().st_mtime_ns
    except OSError as error:
        raise SidError(f"The SID engine {wasm} is not built ({error}). Run `make run` once.") from error
    return _compile(wasm, stamp)


@cache
def _compile(wasm: Path, _stamp: int) -> _Compiled:
    """Compile a module once for each process and each version of the file."""
    engine = Engine()
    return _Compiled(engine, Module.from_file(engine, str(wasm)))
