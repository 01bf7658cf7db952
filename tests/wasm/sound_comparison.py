"""Three measures of the similarity of two renders of a tune: spectrum, pitch, and timing."""

import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 44100
FLOOR_DB = 50.0
"""Bands this far below the loudest are numerical noise of the emulators, not music."""

Sound = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Likeness:
    """The similarity of two renders.

    Attributes
    ----------
    spectrum
        Root mean square difference in level over the third-octave bands from 100 Hz to 16 kHz, dB.
    pitch
        Shift of the whole spectrum along the logarithmic frequency axis, cents.
    onsets
        Correlation of the onset curves (rise of the bands per 20 ms) at the best lag, 0 to 1.
    """

    spectrum: float
    pitch: float
    onsets: float


@dataclass(frozen=True, eq=False)
class Measures:
    """What two renders are compared by.

    Attributes
    ----------
    levels
        Of the third-octave bands, see `third_octaves`.
    pitches
        Amplitudes along a logarithmic frequency axis, see `pitch_curve`.
    onsets
        See `onset_curve`.
    """

    levels: Array
    pitches: Array
    onsets: Array

    @classmethod
    def of(cls, sound: Sound) -> "Measures":
        """Measure a render of at least two seconds."""
        return cls(third_octaves(sound), pitch_curve(sound), onset_curve(sound))

    def level_above(self, reference: "Measures") -> float:
        """Return how much louder the bands together are than the reference's, in dB."""
        return power_sum(self.levels) - power_sum(reference.levels)


def compare(sound: Sound, reference: Sound) -> Likeness:
    """Compare two renders of equal length."""
    return compare_measures(Measures.of(sound), Measures.of(reference))


def compare_measures(measures: Measures, reference: Measures, *, gain: float = 0.0) -> Likeness:
    """Compare two measured renders of equal length, the first amplified by `gain` dB."""
    return Likeness(
        spectrum=band_difference(measures.levels + gain, reference.levels),
        pitch=pitch_shift(measures.pitches, reference.pitches),
        onsets=best_correlation(measures.onsets, reference.onsets),
    )


def power_spectrum(sound: Sound, size: int) -> Array:
    """Return the mean power spectrum of windows of `size` samples that overlap by half."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 2]
    spectrum: Array = (np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)) ** 2).mean(axis=0)
    return spectrum


def third_octaves(sound: Sound) -> Array:
    """Return the levels of the third-octave bands from 100 Hz to 16 kHz in dB."""
    size = 8192
    power = power_spectrum(sound, size)
    levels: Array = 10 * np.log10(np.array([power[band].sum() for band in third_octave_bins(size)]) + 1e-12)
    return levels


def third_octave_bins(size: int) -> list[NDArray[np.bool_]]:
    """Return which of a transform's frequencies are in each third-octave band."""
    frequency, centers = np.fft.rfftfreq(size, 1 / RATE), 1000 * 2.0 ** (np.arange(-10, 13) / 3)
    return [(frequency >= c * 2 ** (-1 / 6)) & (frequency < c * 2 ** (1 / 6)) for c in centers]


def power_sum(levels: Array) -> float:
    """Return the level of bands together, in dB."""
    return float(10 * np.log10((10 ** (levels / 10)).sum()))


def band_difference(levels: Array, others: Array) -> float:
    """Return the root mean square difference of the band levels that are above the floor, in dB."""
    floor = max(levels.max(), others.max()) - FLOOR_DB
    difference = np.maximum(levels, floor) - np.maximum(others, floor)
    return float(np.sqrt((difference[(levels > floor) | (others > floor)] ** 2).mean()))


def pitch_curve(sound: Sound) -> Array:
    """Return the amplitudes in steps of a cent over five octaves from 110 Hz, less their mean."""
    size = 1 << 16
    cents = np.arange(0, 1200 * 5, 1.0)
    amplitudes = np.sqrt(power_spectrum(sound, size))
    curve = np.interp(110 * 2 ** (cents / 1200), np.fft.rfftfreq(size, 1 / RATE), amplitudes)
    centered: Array = curve - curve.mean()
    return centered


def pitch_shift(curve: Array, other: Array) -> float:
    """Return the shift between two pitch curves in cents: the best match within a semitone and a half."""
    reach = 150
    inner = other[reach:-reach]
    matches = [float(curve[reach + s : len(curve) - reach + s] @ inner) for s in range(-reach, reach)]
    return float(abs(int(np.argmax(matches)) - reach))


def onset_curve(sound: Sound) -> Array:
    """Return the summed rise of the third-octave bands' amplitudes in each 20 ms.

    Unlike the loudness, it doesn't follow the beating of slightly detuned voices, which depends on phases.
    """
    size, hop = 2048, RATE // 50
    windows = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop]
    power = np.abs(np.fft.rfft(windows * np.hanning(size), axis=1)) ** 2
    bands = np.sqrt([power[:, band].sum(axis=1) for band in third_octave_bins(size)])
    curve: Array = np.maximum(np.diff(bands), 0).sum(axis=0)
    return curve


def best_correlation(curve: Array, other: Array) -> float:
    """Return the correlation of two curves at the best of the lags up to 20 steps; 0 if one is constant."""
    reach = 20
    core = other[reach : min(len(curve), len(other)) - reach]
    shifted = [curve[reach + lag : reach + lag + len(core)] for lag in range(-reach, reach + 1)]
    return max(_correlation(part, core) for part in shifted)


def _correlation(part: Array, other: Array) -> float:
    return float(np.corrcoef(part, other)[0, 1]) if part.std() and other.std() else 0.0


def sidplayfp(
    tune: Path, seconds: int, wav: Path, *options: str, rate: int = RATE, processor_seconds: int = 600
) -> Sound:
    """Render a tune with the native player, all chips mixed to one channel.

    Raises
    ------
    CalledProcessError
        The player failed, or took more than `processor_seconds` of processor time: some tunes hang it.
    """
    command = [
        "prlimit",
        f"--cpu={processor_seconds}",
        "sidplayfp",
        "-q",
        "--delay=0",
        "-m",
        f"-f{rate}",
        f"-w{wav.with_suffix('')}",
        f"-t{seconds}",
        *options,
        str(tune),
    ]
    subprocess.run(command, check=True, capture_output=True)
    with wave.open(str(wav)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate, 1, 2)
        raw = file.readframes(file.getnframes())
    return (np.frombuffer(raw, "<i2") / 32768).astype(np.float32)


def step_times(sound: Sound) -> Array:
    """Return the times of the steps in the sound, where it is steepest, in fractional samples."""
    slope = np.abs(np.diff(sound))
    peak = np.flatnonzero(
        (slope[1:-1] > slope.max() / 2) & (slope[1:-1] >= slope[:-2]) & (slope[1:-1] > slope[2:])
    )
    before, at, after = slope[peak], slope[peak + 1], slope[peak + 2]
    times: Array = peak + 1 + (before - after) / (before - 2 * at + after) / 2
    return times
