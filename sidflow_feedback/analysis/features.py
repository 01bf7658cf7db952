"""The 8 audio features of a song.

They are computed from rendered PCM samples, by the same code at set-up and in the browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sidflow_feedback.errors import InvalidRecordError, TrainingError
from sidflow_feedback.idle import finish
from sidflow_feedback.vocabulary import FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sidflow_feedback.idle import Steps
    from sidflow_feedback.types import FloatArray

Samples = NDArray[np.float32]

EXCERPT_SECONDS: Final = 20
"""Length of the excerpt that is rendered for the features: long enough for a dozen bars, short enough to wait
for."""

MIN_SECONDS: Final = 1.0
SILENCE: Final = 1e-5
"""RMS below which a signal counts as silent: -100 dB, where full scale is 1."""

ROLLOFF_SHARE: Final = 0.85
SLOWEST_BPM, USUAL_BPM, FASTEST_BPM = 40.0, 120.0, 240.0

_FRAME_SECONDS = 2048 / 44100
_HOPS_PER_FRAME = 4
_CHUNK = 64
"""Frames transformed at a time: a few milliseconds of work and 3 MB of memory for any length."""
_GATE = 1e-6
"""Frames more than 60 dB below the loudest one are left out of the averages."""
_ROUNDING = 1e-6
_COMPRESSION = 1000.0
_ONSET_FLOOR = 0.005
"""Onset strength that varies less than this has no beat. The spectral leakage of a held tone varies less."""
_PRIOR_OCTAVES = 0.5
"""Width of the prior for tempos. A wider one leaves more songs with two tempos that fit equally well, and
small differences of the sound decide between them."""
_BEAT = 0.7
"""Similarity of two beats, in that of two pairs of beats, from which each beat counts."""
_TOLERANCE = 0.03
_BANDS_PER_OCTAVE = 3
_LOWEST_BAND = 60.0


@dataclass(frozen=True, slots=True)
class _Spectra:
    """Values for each STFT frame: arrays of shape (frames,), and `bands` of shape (frames, bands)."""

    power: Samples
    centroid: Samples
    rolloff: Samples
    bands: Samples


def extract(pcm: Samples, sample_rate: int, duration: float) -> dict[str, float]:
    """Compute the features of a song from an excerpt of its sound.

    ``energy``
        Activity, not level: mean onset strength per second. Onset strength is the spectral flux of
        log-compressed third-octave magnitudes (Müller, Fundamentals of Music Processing, 6.1.2), the mean
        over bands of their rises. 0 for a held tone; about 4 to 15 for music. (Signal energy is the square of
        ``rms``, so it would add nothing.)
    ``rms``
        Root mean square; full scale is 1 (Essentia ``RMS``). The mean (DC) is removed first.
    ``spectralCentroid``
        Hz. Magnitude-weighted mean frequency (librosa ``spectral_centroid``), mean over audible frames.
    ``spectralRolloff``
        Hz. Frequency below which 85 % of the power of a frame lies (Essentia ``RollOff``), mean over audible
        frames.
    ``zeroCrossingRate``
        Sign changes per sample, 0 to 1 (Essentia ``ZeroCrossingRate``).
    ``bpm``
        Beats per minute, 40 to 240: the best lag of the onset strength's autocorrelation under a log-normal
        prior around 120 (Ellis 2007, as librosa ``tempo``, but half as wide). As bars repeat better than
        beats, the double counts if it fits nearly as well. A beat that is subdivided may come out as its
        double. 120 without any onset.
    ``confidence``
        Confidence of ``bpm``, 0 to 1: autocorrelation at its lag, relative to lag 0, times the square of what
        it is relative to twice the lag. That is low if the beat is irregular, and if it is a subdivision of
        a slower one.
    ``duration``
        Length of the whole song in seconds, as given.

    Parameters
    ----------
    pcm
        Mono samples in [-1, 1], shape (n,); at least one second, usually `EXCERPT_SECONDS`.
    sample_rate
        Hz.
    duration
        Length of the whole song in seconds.

    Raises
    ------
    TrainingError
        The excerpt isn't a finite mono signal, is shorter than a second, or is silent. Such a song has no
        features: default values would mislead the model.
    """
    return finish(extraction(pcm, sample_rate, duration))


def extraction(
    pcm: Samples, sample_rate: int, duration: float, rfft: Callable[..., Any] = np.fft.rfft
) -> Steps[dict[str, float]]:
    """Compute the features like `extract`, in steps of a few milliseconds.

    Parameters
    ----------
    rfft
        As `numpy.fft.rfft`.
    """
    yield "check"
    signal = _checked(pcm, sample_rate, duration)
    yield "spectrum"
    spectra = yield from _spectra(signal, sample_rate, rfft)
    onsets, rate = _onset_strength(spectra.bands), _frame_rate(sample_rate)
    bpm, confidence = _tempo(onsets, rate)
    sounding = spectra.power > _GATE * spectra.power.max()
    negative = signal < 0
    return {
        "energy": float(onsets.mean() * rate),
        "rms": _rms(signal),
        "spectralCentroid": float(spectra.centroid[sounding].mean()),
        "spectralRolloff": float(spectra.rolloff[sounding].mean()),
        "zeroCrossingRate": float(np.mean(negative[1:] != negative[:-1])),
        "bpm": bpm,
        "confidence": confidence,
        "duration": float(duration),
    }


def vector(features: Mapping[str, float]) -> FloatArray:
    """Return `features` as an array of shape (8,) in the order of `FEATURE_NAMES`.

    Raises
    ------
    InvalidRecordError
        One is missing or not finite.
    """
    for name in FEATURE_NAMES:
        if name not in features:
            raise InvalidRecordError(f"features.{name}", "is missing")
        if not np.isfinite(features[name]):
            raise InvalidRecordError(f"features.{name}", f"must be a finite number, not {features[name]!r}")
    return np.array([features[name] for name in FEATURE_NAMES], dtype=np.float64)


def _checked(pcm: Samples, sample_rate: int, duration: float) -> Samples:
    if pcm.ndim != 1 or sample_rate <= 0 or not np.isfinite(duration) or duration <= 0:
        raise TrainingError(
            f"No features: expected mono samples, a sample rate and a duration above 0, got shape "
            f"{pcm.shape}, {sample_rate} Hz, and {duration} s. Mix the song down to one channel first."
        )
    if pcm.size < MIN_SECONDS * sample_rate:
        raise TrainingError(
            f"No features: {pcm.size / sample_rate:.2f} s of sound is too short. "
            f"Render at least {MIN_SECONDS:.0f} s."
        )
    signal: Samples = pcm.astype(np.float32) - np.float32(pcm.mean(dtype=np.float64))
    level = _rms(signal)
    if not np.isfinite(level):
        raise TrainingError("No features: some samples are not finite. Render the song again.")
    if level < SILENCE:
        raise TrainingError("No features: the excerpt is silent. Take it from a later part of the song.")
    return signal


def _rms(signal: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(signal), dtype=np.float64)))


def _frame_size(sample_rate: int) -> int:
    """Return the power of two that is nearest to 46 ms: 2048 at 44.1 kHz."""
    return int(2 ** max(6, round(np.log2(sample_rate * _FRAME_SECONDS))))


def _frame_rate(sample_rate: int) -> float:
    return sample_rate * _HOPS_PER_FRAME / _frame_size(sample_rate)


def _spectra(signal: Samples, sample_rate: int, rfft: Callable[..., Any]) -> Steps[_Spectra]:
    chunks = []
    for frames in _windowed(signal, _frame_size(sample_rate)):
        spectrum = rfft(frames, axis=1)[:, 1:]
        chunks.append(_describe(spectrum, frames.shape[1], sample_rate))
        yield "spectrum"
    return _Spectra(*(np.concatenate(parts) for parts in zip(*chunks, strict=True)))


def _windowed(signal: Samples, size: int) -> Iterator[Samples]:
    """Yield Hann-windowed frames, shape (<= chunk, size), so that a full-scale sine has magnitude 1."""
    window = np.hanning(size)
    window = (window * (2 / window.sum())).astype(np.float32)
    hop = size // _HOPS_PER_FRAME
    step = hop * _CHUNK
    for start in range(0, len(signal) - size + 1, step):
        part = signal[start : start + step - hop + size]
        # A view of the whole signal would have more elements than WebAssembly can count.
        yield sliding_window_view(part, size)[::hop] * window


def _describe(
    spectrum: NDArray[np.complex64], size: int, sample_rate: int
) -> tuple[Samples, Samples, Samples, Samples]:
    """Return power, centroid, rolloff, and band magnitudes from the spectra of frames of `size` samples."""
    magnitude = np.abs(spectrum)
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)[1:].astype(np.float32)
    weighted, sums = (magnitude @ np.stack([frequencies, np.ones_like(frequencies)], axis=1)).T
    centroid = weighted / np.maximum(sums, np.finfo(np.float32).tiny)
    squares = np.square(magnitude, out=magnitude)
    power, bins = _rolloff(squares)
    bands = np.sqrt(np.add.reduceat(squares, _band_edges(frequencies), axis=1))
    return power, centroid, frequencies[bins], bands


def _rolloff(squares: Samples) -> tuple[Samples, NDArray[np.intp]]:
    """Return the power of each frame, and the bin up to which it has `ROLLOFF_SHARE` of it.

    Sums of groups of bins come first, and then the bins of one group: that takes half the time of a sum over
    all bins.
    """
    count = len(squares)
    groups = squares.reshape(count, -1, 2 ** (int(np.log2(squares.shape[1])) // 2))
    cumulated = np.cumsum(groups.sum(axis=2), axis=1)
    power = cumulated[:, -1]
    wanted = ROLLOFF_SHARE * power[:, None]
    group = np.argmax(cumulated >= wanted, axis=1)
    rows = np.arange(count)
    bins = groups[rows, group]
    before = cumulated[rows, group] - bins.sum(axis=1)
    place = np.argmax(before[:, None] + np.cumsum(bins, axis=1) >= wanted * (1 - _ROUNDING), axis=1)
    return power, group * groups.shape[2] + place


def _band_edges(frequencies: Samples) -> NDArray[np.intp]:
    """Return the first bin of each third-octave band. Bands narrower than a bin are merged."""
    count = int(np.log2(frequencies[-1] / _LOWEST_BAND) * _BANDS_PER_OCTAVE)
    edges = _LOWEST_BAND * 2 ** (np.arange(count) / _BANDS_PER_OCTAVE)
    return np.unique(np.searchsorted(frequencies, np.append(0.0, edges)))


def _onset_strength(bands: Samples) -> FloatArray:
    rises = np.diff(np.log1p(_COMPRESSION * bands), axis=0)
    strength: FloatArray = np.maximum(rises, 0).mean(axis=1, dtype=np.float64)
    return strength


def _tempo(onsets: FloatArray, rate: float) -> tuple[float, float]:
    """Return beats per minute and their confidence from onset strength, shape (frames,), at `rate` Hz."""
    smooth = np.convolve(onsets, np.hanning(7) / 3, mode="same")  # A beat can fall between two frames.
    similarity = _autocorrelation(smooth - smooth.mean())
    shortest = int(np.ceil(60 * rate / FASTEST_BPM))
    longest = min(int(60 * rate / SLOWEST_BPM), len(similarity) - 2)
    lags = np.arange(shortest, longest + 1)
    prior = np.exp(-0.5 * (np.log2(60 * rate / lags / USUAL_BPM) / _PRIOR_OCTAVES) ** 2)
    best = int(lags[np.argmax(np.maximum(similarity[lags], 0) * prior)])
    if similarity[best] <= 0:
        return USUAL_BPM, 0.0
    while (half := _peak(similarity, best / 2)) >= shortest and similarity[half] > _BEAT * similarity[best]:
        best = half
    slower = similarity[min(_peak(similarity, 2 * best), len(similarity) - 1)]
    accent = min(1.0, similarity[best] / max(slower, 1e-9))
    bpm = 60 * rate / (best + _peak_offset(similarity[best - 1 : best + 2]))
    confidence = float(np.clip(similarity[best] * accent**2, 0.0, 1.0))
    return float(np.clip(bpm, SLOWEST_BPM, FASTEST_BPM)), confidence


def _peak(similarity: FloatArray, lag: float) -> int:
    """Return the lag near this one at which the similarity is greatest."""
    start = max(1, int(lag * (1 - _TOLERANCE)))
    near = similarity[start : int(lag * (1 + _TOLERANCE)) + 2]
    return start + int(np.argmax(near)) if len(near) else len(similarity) - 2


def _autocorrelation(signal: FloatArray) -> FloatArray:
    """Return the unbiased autocorrelation, relative to lag 0, for lags below half the length."""
    size = len(signal)
    power = np.abs(np.fft.rfft(signal, 2 * size)) ** 2
    means = np.fft.irfft(power)[: size // 2] / np.arange(size, size - size // 2, -1)
    relative: FloatArray = means / (means[0] + _ONSET_FLOOR**2)
    return relative


def _peak_offset(around: FloatArray) -> float:
    """Return the position of the peak of the parabola through three points, from -0.5 to 0.5."""
    left, middle, right = around
    curvature = left - 2 * middle + right
    return 0.0 if curvature >= 0 else float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5))
