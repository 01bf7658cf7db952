"""The audio features, against signals whose features are known."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.analysis.features import EXCERPT_SECONDS, Samples, extract, vector
from sidflow_feedback.errors import InvalidRecordError, TrainingError
from sidflow_feedback.vocabulary import FEATURE_NAMES

RATE = 44_100
TIME = np.arange(EXCERPT_SECONDS * RATE) / RATE


def sine(frequency: float, amplitude: float = 0.5) -> Samples:
    return (amplitude * np.sin(2 * np.pi * frequency * TIME)).astype(np.float32)


def noise(amplitude: float = 0.5) -> Samples:
    return np.random.default_rng(1).uniform(-amplitude, amplitude, TIME.size).astype(np.float32)


def clicks(bpm: float) -> Samples:
    """Short bursts of noise that die away, one on each beat."""
    return (noise() * np.exp(-(TIME % (60 / bpm)) / 0.01)).astype(np.float32)


def test_names_and_order() -> None:
    features = extract(sine(440), RATE, 90.0)
    assert tuple(features) == FEATURE_NAMES
    assert all(type(value) is float for value in features.values())
    assert features["duration"] == 90.0


def test_a_sine() -> None:
    features = extract(sine(440), RATE, 20.0)
    assert features["rms"] == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)
    assert features["spectralCentroid"] == pytest.approx(440, abs=5)
    assert features["spectralRolloff"] == pytest.approx(440, abs=RATE / 2048)
    assert features["zeroCrossingRate"] == pytest.approx(2 * 440 / RATE, rel=1e-2)
    assert features["confidence"] < 0.05
    assert features["energy"] < 0.5


def test_white_noise_fills_the_band() -> None:
    features = extract(noise(), RATE, 20.0)
    assert features["spectralCentroid"] == pytest.approx(RATE / 4, rel=0.02)
    assert features["spectralRolloff"] == pytest.approx(0.85 * RATE / 2, rel=0.02)
    assert features["zeroCrossingRate"] == pytest.approx(0.5, rel=0.02)
    assert features["confidence"] < 0.2


def drums(bpm: float) -> Samples:
    """A bass drum and a snare drum in turn, and a quiet hi-hat on each eighth."""
    beat = 60 / bpm
    second = np.floor(TIME / beat) % 2 > 0
    bass = np.sin(2 * np.pi * 60 * TIME) * np.exp(-(TIME % beat) / 0.08)
    snare = 1.2 * noise() * np.exp(-(TIME % beat) / 0.06)
    hat = 0.2 * np.diff(noise(), prepend=0) * np.exp(-(TIME % (beat / 2)) / 0.02)
    both: Samples = 0.5 * (np.where(second, snare, bass) + hat)
    return both.astype(np.float32)


@pytest.mark.parametrize("bpm", [60, 75, 90, 110, 120, 133, 150, 170, 200, 240])
def test_tempo(bpm: float) -> None:
    features = extract(clicks(bpm), RATE, 20.0)
    assert features["bpm"] == pytest.approx(bpm, rel=0.01)
    assert features["confidence"] > 0.8


@pytest.mark.parametrize("bpm", [90, 110, 125, 140, 170, 185, 200, 220, 240])
def test_tempo_of_drums(bpm: float) -> None:
    features = extract(drums(bpm), RATE, 20.0)
    assert features["bpm"] == pytest.approx(bpm, rel=0.01)
    assert features["confidence"] > 0.4


@pytest.mark.parametrize("bpm", [50, 55, 65, 75])
def test_slow_drums_are_right_or_doubled_and_the_confidence_says_which(bpm: float) -> None:
    features = extract(drums(bpm), RATE, 20.0)
    if features["confidence"] > 0.4:
        assert features["bpm"] == pytest.approx(bpm, rel=0.01)
    else:
        assert features["bpm"] == pytest.approx(2 * bpm, rel=0.01)


def test_energy_is_activity() -> None:
    slow, fast = (extract(clicks(bpm), RATE, 20.0) for bpm in (60, 120))
    held = extract(sine(440), RATE, 20.0)
    assert held["energy"] < 0.2 * slow["energy"] < slow["energy"] < 0.7 * fast["energy"]


def test_what_ends_is_no_onset() -> None:
    rising = np.clip(TIME[: 2 * RATE] - 0.5, 0, 1).astype(np.float32)
    begins, ends = (extract(sine(440)[: 2 * RATE] * level, RATE, 2.0) for level in (rising, rising[::-1]))
    assert ends["energy"] < 0.5 * begins["energy"]


def test_level_changes_rms_and_not_the_shape_of_the_spectrum() -> None:
    loud, quiet = extract(noise(0.5), RATE, 20.0), extract(noise(0.05), RATE, 20.0)
    assert loud["rms"] == pytest.approx(10 * quiet["rms"], rel=1e-3)
    for name in ("spectralCentroid", "spectralRolloff", "zeroCrossingRate"):
        assert loud[name] == pytest.approx(quiet[name], rel=1e-3)


def test_an_offset_is_not_sound() -> None:
    plain, shifted = extract(clicks(100), RATE, 20.0), extract(clicks(100) + np.float32(0.3), RATE, 20.0)
    for name in FEATURE_NAMES:
        assert shifted[name] == pytest.approx(plain[name], rel=0.02), name


def test_a_pause_is_left_out_of_the_spectrum() -> None:
    half = sine(1000)
    half[half.size // 2 :] = 0
    assert extract(half, RATE, 20.0)["spectralCentroid"] == pytest.approx(1000, rel=0.05)


def test_another_sample_rate_gives_the_same_features() -> None:
    at_44100, at_22050 = extract(clicks(100), RATE, 20.0), extract(clicks(100)[::2], RATE // 2, 20.0)
    assert at_22050["bpm"] == pytest.approx(at_44100["bpm"], rel=0.01)
    assert at_22050["energy"] == pytest.approx(at_44100["energy"], rel=0.2)


def test_input_is_not_changed() -> None:
    pcm = clicks(100) + np.float32(0.1)
    before = pcm.copy()
    extract(pcm, RATE, 20.0)
    np.testing.assert_array_equal(pcm, before)


@pytest.mark.parametrize(
    ("pcm", "message"),
    [
        (np.zeros(RATE * 2, np.float32), "silent"),
        (np.full(RATE * 2, 0.4, np.float32), "silent"),
        (np.ones(100, np.float32), "too short"),
        (np.full(RATE * 2, np.nan, np.float32), "finite"),
        (np.ones((RATE * 2, 2), np.float32), "mono"),
    ],
)
def test_what_has_no_features(pcm: Samples, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        extract(pcm, RATE, 20.0)


def test_the_shortest_excerpt() -> None:
    features = extract(clicks(120)[:RATE], RATE, 1.0)
    assert np.isfinite(vector(features)).all()


def test_vector_takes_the_order_of_the_names() -> None:
    features = {name: float(i) for i, name in enumerate(FEATURE_NAMES)}
    shuffled = dict(reversed(features.items()))
    np.testing.assert_array_equal(vector(shuffled), np.arange(8.0))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_vector_refuses_what_is_missing_or_not_finite(value: float | None) -> None:
    features = dict.fromkeys(FEATURE_NAMES, 1.0)
    if value is None:
        del features["bpm"]
    else:
        features["bpm"] = value
    with pytest.raises(InvalidRecordError) as caught:
        vector(features)
    assert caught.value.field == "features.bpm"
