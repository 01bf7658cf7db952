"""The trace embedding, against songs whose notes, sounds, and driver are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sidflow_feedback.analysis.embedding import (
    DIMENSIONS,
    Tables,
    columns,
    embed,
    embedding,
    measure,
    project,
    quantize,
    ranks,
    shipped_tables,
)
from sidflow_feedback.analysis.trace import PAL_CLOCK, WRITE, Trace
from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.vocabulary import EMBEDDING_WIDTH

from .synthetic_trace import FRAME, NOISE, PULSE, TRIANGLE, Driver, Voice

NAMES = [dimension.name for dimension in DIMENSIONS]
C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60)
A_MINOR = (57, 59, 60, 62, 64, 65, 68, 69, 64, 60, 57)


def dimensions(driver: Driver) -> dict[str, float]:
    return dict(zip(NAMES, measure(driver.play()).tolist(), strict=True))


def of_voice(**settings: object) -> dict[str, float]:
    return dimensions(Driver([Voice(**settings)]))  # type: ignore[arg-type]


def test_at_most_64_dimensions_each_named_once() -> None:
    assert len(NAMES) == len(set(NAMES)) == EMBEDDING_WIDTH <= 64
    assert {dimension.group for dimension in DIMENSIONS} == {"driver", "sound"}
    assert all(dimension.unit and dimension.meaning for dimension in DIMENSIONS)


def test_the_docs_describe_each_dimension() -> None:
    text = (Path(__file__).parents[3] / "docs" / "similarity.md").read_text("utf-8")
    for each in DIMENSIONS:
        assert f"| `{each.name}` | {each.unit} | {each.meaning} |" in text


def test_key_and_mode() -> None:
    major, minor = of_voice(notes=C_MAJOR), of_voice(notes=A_MINOR)
    assert major["key_strength"] > 0.7
    assert minor["key_strength"] > 0.7
    assert major["mode"] > 0 > minor["mode"]


def test_transposing_changes_pitch_alone() -> None:
    here, there = of_voice(notes=C_MAJOR), of_voice(notes=[note + 5 for note in C_MAJOR])
    assert there.pop("pitch_median") - here.pop("pitch_median") == pytest.approx(5, abs=0.05)
    assert there == pytest.approx(here, abs=0.03)


def test_tuning() -> None:
    assert of_voice(notes=[note + 0.2 for note in C_MAJOR])["tuning"] == pytest.approx(0.2, abs=0.02)


def test_intervals() -> None:
    assert of_voice(notes=(60, 62))["melodic_steps"] == 1
    leaps = of_voice(notes=(60, 67))
    assert (leaps["melodic_steps"], leaps["melodic_leaps"]) == (0, 1)
    assert leaps["pitch_range"] == pytest.approx(7, abs=0.05)


def test_arpeggio() -> None:
    chord = of_voice(motion=lambda frame: (0, 4, 7)[frame % 3])
    assert chord["arpeggio"] > 0.9
    assert chord["arpeggio_thirds"] == pytest.approx(2 / 3, abs=0.1)
    assert of_voice()["arpeggio"] == 0


def test_vibrato_and_slide() -> None:
    vibrato = of_voice(motion=lambda frame: 0.2 * np.sin(frame), row=48, open_frames=40)
    slide = of_voice(motion=lambda frame: 0.25 * frame, row=48, open_frames=40)
    assert vibrato["vibrato"] > 0.2 > slide["vibrato"]
    assert slide["slide"] > 0.8
    assert vibrato["arpeggio"] == slide["arpeggio"] == 0


@pytest.mark.parametrize("row", [5, 6, 8])
def test_rows(row: int) -> None:
    lengths = Driver([Voice(row=row, open_frames=2), Voice(row=2 * row), Voice(row=4 * row)])
    assert dimensions(lengths)["row_frames"] == pytest.approx(np.log2(row))


def test_note_rate() -> None:
    rate = PAL_CLOCK / FRAME / 12
    assert of_voice(row=12)["note_rate"] == pytest.approx(np.log2(1 + rate), abs=0.01)


def test_waveforms_and_drums() -> None:
    assert of_voice()["pulse"] == 1
    assert of_voice(waveforms=(TRIANGLE,))["triangle"] == 1
    drum = of_voice(waveforms=(NOISE, TRIANGLE))
    assert drum["noise_attack"] == drum["brief_noise"] == 1
    assert drum["noise_to_triangle"] > 0.1
    assert drum["triangle_to_noise"] == 0
    assert of_voice(waveforms=(NOISE,))["brief_noise"] == 0


def test_pulse_width() -> None:
    still = of_voice(width=lambda _: 0x400)
    assert (still["pulse_width"], still["pulse_moves"]) == (0.25, 0)
    assert of_voice(width=lambda _: 0xC00)["pulse_width"] == 0.25
    sweep = of_voice(width=lambda frame: 0x200 + 8 * (frame % 48))
    assert sweep["pulse_moves"] == 1
    assert sweep["pulse_rises"] > 0.9


def test_envelopes() -> None:
    pad = of_voice(attack_decay=0xC9, sustain_release=0xBF)
    assert (pad["attack"], pad["sustain"], pad["release_longest"], pad["sustain_none"]) == (12, 11, 1, 0)
    pluck = of_voice(attack_decay=0x0F, sustain_release=0x00)
    assert (pluck["attack"], pluck["sustain_none"], pluck["decay_longest"]) == (0, 1, 1)
    assert pluck["envelopes"] == 1


def test_filter() -> None:
    band = dimensions(Driver(filter=(0, 0x40, 0xF1, 0x2F)))
    assert (band["filter"], band["filter_band"], band["filter_resonance"], band["cutoff"]) == (1, 1, 1, 512)
    # Routed, but without a mode; and with a mode, but not routed.
    for off in ((0, 0x40, 0xF1, 0x0F), (0, 0x40, 0xF0, 0x2F)):
        assert dimensions(Driver(filter=off))["filter"] == 0


def test_voices() -> None:
    wide = dimensions(Driver([Voice(notes=(36,)), Voice(notes=(60,)), Voice(notes=(84,))]))
    assert wide["voice_spread"] == pytest.approx(48, abs=0.1)
    assert dimensions(Driver([Voice(notes=(60,)), Voice(notes=(60.1,))]))["detune"] == 1
    assert dimensions(Driver([Voice(notes=(60,)), Voice(notes=(64,))]))["detune"] == 0


def test_samples_are_no_calls() -> None:
    without, with_samples = dimensions(Driver()), dimensions(Driver(samples=4000))
    assert without["digi_rate"] == 0
    assert with_samples["digi_rate"] == pytest.approx(12, abs=0.2)
    assert with_samples["calls_per_frame"] == pytest.approx(without["calls_per_frame"], abs=0.02)


def test_multispeed() -> None:
    assert dimensions(Driver(calls=4))["calls_per_frame"] == pytest.approx(2, abs=0.01)


def test_order_and_timing_of_writes() -> None:
    usual = dimensions(Driver([Voice()] * 3, gap=8))
    other = dimensions(Driver([Voice()] * 3, gap=13, order=(5, 6, 4, 0, 1, 2, 3), voice_order=(2, 1, 0)))
    assert usual["gap_8_cycles"] == other["gap_13_cycles"] == 1
    assert usual["gap_13_cycles"] == usual["voices_falling"] == other["control_then_attack"] == 0
    assert usual["registers_rising"] == 1
    assert other["voices_falling"] > 0
    assert usual["control_then_attack"] == pytest.approx(1 / 6)
    assert other["control_then_frequency"] == pytest.approx(1 / 6)
    assert usual["volume_last"] == other["volume_last"] == 1
    assert usual["control_always"] == 1
    assert usual["control_share"] == pytest.approx(3 / 25)


def test_hard_restart() -> None:
    restart = Driver([Voice(row=12)]).to_bytes()
    writes = np.frombuffer(restart, WRITE).copy()
    frame = writes["cycle"] // FRAME
    writes["value"][(writes["register"] == 5) & (frame % 12 == 11)] = 0x0F
    starts = dict(zip(NAMES, measure(Trace.from_bytes(writes.tobytes())).tolist(), strict=True))
    assert starts["start_sets_envelope"] > 0.9
    assert of_voice(row=12)["start_sets_envelope"] < 0.1


def test_a_gate_before_the_waveform() -> None:
    assert of_voice(waveforms=(0x00, PULSE))["start_without_waveform"] == 1
    assert of_voice()["start_without_waveform"] == 0


def test_the_drivers_order_does_not_change_the_sound() -> None:
    usual = measure(Driver([Voice(notes=C_MAJOR)] * 3).play())
    other = measure(Driver([Voice(notes=C_MAJOR)] * 3, gap=13, order=(6, 5, 4, 3, 2, 1, 0)).play())
    sound = columns("sound")
    assert usual[sound] == pytest.approx(other[sound], abs=1e-9)
    assert not np.allclose(usual, other)


def one_write() -> bytes:
    return np.array([(5, 0, 4, 0x41, 0)], WRITE).tobytes()


def noise_of_writes() -> bytes:
    random = np.random.default_rng(0)
    writes = np.zeros(400_000, WRITE)
    writes["cycle"] = random.integers(0, 2**32, 400_000)
    for name in ("chip", "register", "value"):
        writes[name] = random.integers(0, 256, 400_000)
    return writes.tobytes()


def same_cycle() -> bytes:
    return np.array([(7, 0, register, 255, 0) for register in range(25)] * 8, WRITE).tobytes()


@pytest.mark.parametrize("make", [one_write, noise_of_writes, same_cycle, lambda: b""])
def test_hostile_traces_give_finite_numbers_or_a_reason(make: Callable[[], bytes]) -> None:
    trace = Trace.from_bytes(make())
    if len(trace) < 2:
        with pytest.raises(InvalidRecordError, match="no register writes"):
            embed(trace)
        return
    numbers = embed(trace)
    assert np.isfinite(numbers).all()
    assert ((numbers >= 0) & (numbers <= 1)).all()


def test_three_chips() -> None:
    data = np.frombuffer(Driver().to_bytes(), WRITE).copy()
    more = np.concatenate([data, data, data])
    more["chip"] = np.repeat([0, 1, 2], len(data))
    more = more[np.argsort(more["cycle"], kind="stable")]
    assert Trace.from_bytes(more.tobytes()).voices.pitch.shape[1] == 9
    assert np.isfinite(embed(Trace.from_bytes(more.tobytes()))).all()


def test_ranks_rise_and_ties_get_the_middle() -> None:
    quantiles = np.array([[0, 0, 0, 1, 4]], np.float32)
    values = np.array([[-1.0], [0.0], [0.5], [1.0], [2.5], [4.0], [9.0]])
    assert ranks(values, quantiles)[:, 0].tolist() == [0, 0.25, 0.625, 0.75, 0.875, 1, 1]
    constant = np.zeros((1, 5), np.float32)
    assert ranks(np.array([[0.0]]), constant)[0, 0] == 0.5


def test_shipped_tables() -> None:
    tables = shipped_tables()
    assert tables.quantiles.shape[0] == len(DIMENSIONS)
    assert (np.diff(tables.quantiles, axis=1) >= 0).all()
    assert tables.maps["all"].shape[0] == len(DIMENSIONS)
    assert tables.maps["sound"].shape[0] == len(columns("sound"))


def test_similarity() -> None:
    songs = [
        Driver([Voice(notes=C_MAJOR)] * 3),
        Driver([Voice(notes=[note + 2 for note in C_MAJOR])] * 3),
        Driver(
            [Voice(notes=A_MINOR, waveforms=(NOISE, PULSE), row=5)] * 3,
            gap=13,
            calls=2,
            order=(6, 5, 4, 0, 1, 2, 3),
        ),
    ]
    embeddings = np.array([embed(song.play()) for song in songs])
    for weighting in ("all", "sound"):
        vectors = project(embeddings, weighting)
        similar = vectors @ vectors.T
        assert np.diag(similar) == pytest.approx([1, 1, 1])
        assert similar[0, 1] > 0.9 > similar[0, 2]
        assert project(quantize(embeddings), weighting) == pytest.approx(vectors, abs=0.05)


def test_embedding_takes_small_steps() -> None:
    kinds = list(embedding(Driver([Voice()]).play()))
    assert len(kinds) == len(set(kinds)) == 10


def test_only_the_sound_counts_for_the_weighting_sound() -> None:
    random = np.random.default_rng(1)
    embeddings = random.uniform(0, 1, (2, 64))
    embeddings[1, columns("sound")] = embeddings[0, columns("sound")]
    sound, everything = project(embeddings, "sound"), project(embeddings, "all")
    assert sound[0] @ sound[1] == pytest.approx(1)
    assert everything[0] @ everything[1] < 0.99


def test_maps_are_exchangeable() -> None:
    tables = Tables(shipped_tables().quantiles, {"all": np.eye(64, 2, dtype=np.float32)})
    vectors = project(np.array([[1.0, 0.5] + [0.3] * 62]), "all", tables)
    assert vectors.tolist() == [[1.0, 0.0]]
