"""One tune in the emulator and in the native player, compared. The native player's renders are kept."""

from __future__ import annotations

import hashlib
import inspect
import os
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from app.emulator import SidEmulator, SidError
from app.paths import paths
from tests.bench.fidelity_tunes import Tune
from tests.wasm import sound_comparison
from tests.wasm.sound_comparison import RATE, Measures, Sound, compare_measures, sidplayfp

SKIPPED: Final = RATE // 2
"""Samples at the start that aren't compared: the chips settle differently after power-on."""

SILENCE: Final = 2e-4
"""A render with a smaller standard deviation is silent."""

MOST_GAIN: Final = 12.0
"""Levels are aligned by at most so many dB: what differs by more isn't the same sound."""

_ROMS: Final = {"Kernal Rom": "kernal", "Basic Rom": "basic", "Chargen Rom": "char"}
"""Settings of the native player, and how the names of the files begin."""

Outcome = Literal["compared", "refused", "native failed", "native silent"]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a tune.

    Attributes
    ----------
    outcome
        `refused`: the native player plays it, the emulator gives a message instead.
    message
        Of the emulator, if it refuses the tune or stops it.
    spectrum, pitch, onsets
        See `Likeness`, after the levels were aligned; for `refused`, that of silence.
    level
        How much louder the emulator is, in dB.
    """

    name: str
    kind: Literal["PSID", "RSID"]
    outcome: Outcome
    message: str = ""
    spectrum: float = 0.0
    pitch: float = 0.0
    onsets: float = 1.0
    level: float = 0.0

    def record(self) -> dict[str, Any]:
        """Return the result as a JSON object."""
        return asdict(self)


def compare_tune(tune: Tune, seconds: int, kept: Path, roms: str) -> Result:
    """Compare `seconds` of the start song.

    Parameters
    ----------
    kept
        Folder that keeps what the native player rendered, for later runs with the same ROMs.
    roms
        Folder of the native player's ROMs, whose names begin with kernal, basic, and char; some may be
        missing. Empty: no ROMs.
    """
    reference = _native(tune, seconds, kept, roms)
    if isinstance(reference, str):
        return Result(tune.name, tune.kind, reference)
    try:
        _emulator().load(tune.path.read_bytes())
        _emulator().start()
        ours = Measures.of(_emulator().render_seconds(seconds)[SKIPPED:])
    except SidError as error:
        return Result(tune.name, tune.kind, "refused", str(error))
    level = ours.level_above(reference)
    likeness = compare_measures(ours, reference, gain=-min(max(level, -MOST_GAIN), MOST_GAIN))
    return Result(tune.name, tune.kind, "compared", "", **asdict(likeness), level=level)


def versions(roms: str) -> str:
    """Return a digest of all that a result depends on besides the tune and the native player."""
    wasm = (paths().vendor / "sid" / "sid.wasm").read_bytes()
    return _digest(wasm, _rom_bytes(roms), _how_measured(), Path(__file__).read_bytes())


def _native(
    tune: Tune, seconds: int, kept: Path, roms: str
) -> Measures | Literal["native failed", "native silent"]:
    key = _digest(tune.path.read_bytes(), _rom_bytes(roms), _how_measured(), bytes([seconds]))
    file = kept / f"{key}.npz"
    if not file.exists():
        _keep(file, _native_sound(tune, seconds, roms))
    with np.load(file) as arrays:
        if "levels" in arrays:
            return Measures(*(arrays[name].astype(np.float64) for name in ("levels", "pitches", "onsets")))
        return "native silent" if "silent" in arrays else "native failed"


def _native_sound(tune: Tune, seconds: int, roms: str) -> Sound | None:
    """Return the native player's render; None if it fails or never ends, as it does with some tunes."""
    with tempfile.TemporaryDirectory() as folder:
        # Of its own for each render, because the player writes its settings.
        os.environ["XDG_CONFIG_HOME"] = folder
        settings = Path(folder) / "sidplayfp" / "sidplayfp.ini"
        settings.parent.mkdir()
        lines = [f"{option} = {file}" for option, file in _rom_files(roms).items()]
        settings.write_text("\n".join(["[SIDPlayfp]", "Version = 1", *lines, ""]), "utf-8")
        try:
            sound = sidplayfp(tune.path, seconds, Path(folder) / "native.wav", processor_seconds=seconds + 10)
        except (subprocess.CalledProcessError, OSError):
            return None
    return sound[: seconds * RATE] if len(sound) >= seconds * RATE else None


def _rom_files(roms: str) -> dict[str, Path]:
    if not roms:
        return {}
    folder = Path(roms).resolve(strict=True)
    found = {option: min(folder.glob(f"{start}*"), default=None) for option, start in _ROMS.items()}
    return {option: file for option, file in found.items() if file}


@cache
def _rom_bytes(roms: str) -> bytes:
    return b"".join(file.read_bytes() for file in _rom_files(roms).values())


def _keep(file: Path, sound: Sound | None) -> None:
    if sound is None:
        arrays: dict[str, Any] = {"failed": True}
    elif sound[SKIPPED:].std() < SILENCE:
        arrays = {"silent": True}
    else:
        arrays = {name: part.astype(np.float32) for name, part in vars(Measures.of(sound[SKIPPED:])).items()}
    part = file.with_suffix(f".{os.getpid()}")
    with part.open("wb") as opened:
        np.savez(opened, **arrays)
    part.replace(file)


def _how_measured() -> bytes:
    return inspect.getsource(sound_comparison).encode()


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()[:32]


@cache
def _emulator() -> SidEmulator:
    return SidEmulator()
