"""Instruments by name, each with random variations, and filter programs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random

from .song import FilterProgram, Instrument

_TRIANGLE, _SAW, _PULSE, _NOISE = 0x11, 0x21, 0x41, 0x81
_ABSOLUTE = 128
_CUTOFFS = {
    6581: ((0, 0), (250, 30), (400, 70), (800, 104), (1600, 132), (4000, 164), (8000, 192), (14000, 250)),
    8580: ((0, 0), (12500, 250)),
}
"""Hz and the upper 8 bits of the cutoff. The 6581's curve is steep in the middle, the 8580's linear."""


def cutoff(chip: int, hertz: float) -> int:
    """Return the upper 8 bits of the cutoff register for about `hertz`."""
    points = _CUTOFFS[chip]
    for (low, start), (high, stop) in pairwise(points):
        if hertz <= high:
            return round(start + (stop - start) * (hertz - low) / (high - low))
    return points[-1][1]


def sweep(
    rng: Random, chip: int, voices: tuple[int, ...], low: float, high: float, seconds: float
) -> FilterProgram:
    """Return a low-pass, sometimes with band-pass, that sweeps between `low` and `high` in `seconds`."""
    bottom, top = max(4, cutoff(chip, low)), cutoff(chip, high)
    speed = max(1, round((top - bottom) * 256 / (50 * seconds)))
    mode = rng.choice((0x10, 0x10, 0x10, 0x30))
    return FilterProgram(voices, mode, rng.randint(3, 10), bottom, speed, bottom, top, bounce=True)


def pluck_filter(
    rng: Random, chip: int, voice: int, low: float, high: float, seconds: float
) -> FilterProgram:
    """Return a low-pass that falls from `high` to `low` with each note, for an acid bass."""
    bottom, top = max(8, cutoff(chip, low)), cutoff(chip, high)
    speed = -min(round((top - bottom) * 256 / (50 * seconds)), 7 * 256)
    return FilterProgram((voice,), 0x10, rng.randint(9, 15), top, speed, bottom, top)


def high_pass(chip: int, voices: tuple[int, ...], hertz: float) -> FilterProgram:
    """Return a static high-pass, for a thin and bright sound."""
    return FilterProgram(voices, 0x40, 2, cutoff(chip, hertz))


def _vibrato(rng: Random, sound: Instrument) -> Instrument:
    period = rng.randint(4, 6)
    return replace(
        sound, vibrato=rng.choice((4, 5)), vibrato_delay=rng.randint(12, 24), vibrato_period=period
    )


def _pulse(rng: Random, attack_decay: int, sustain_release: int, low: int = 2, high: int = 9) -> Instrument:
    width = rng.randint(low * 16, high * 16 - 1)
    speed = rng.choice((6, 10, 16, 24, 36))
    return Instrument(
        attack_decay,
        sustain_release,
        ((_PULSE, 0),),
        pulse=width,
        pulse_speed=speed,
        pulse_low=low,
        pulse_high=high,
    )


def _plain(form: int, attack_decay: int, sustain_release: int) -> Instrument:
    return Instrument(attack_decay, sustain_release, ((form, 0),))


def _knock(sound: Instrument, interval: int) -> Instrument:
    """Add an attack: the first frame sounds higher by `interval`."""
    form = sound.wave[0][0]
    return sound.with_wave((form, interval), (form, 0), loop=1)


def _drone(rng: Random) -> Instrument:
    return replace(_pulse(rng, 0xAB, 0xBB, 3, 12), pulse=0, pulse_speed=rng.randint(3, 8), soft=True)


def _pad(rng: Random) -> Instrument:
    return replace(_pulse(rng, 0x89, 0x9A, 3, 12), pulse=0, pulse_speed=rng.randint(5, 14), soft=True)


def _noisy_lead(rng: Random) -> Instrument:
    return _pulse(rng, 0x0A, 0x97).with_wave((_NOISE, 0), (_SAW, 12), (_PULSE, 0), loop=2)


INSTRUMENTS: Mapping[str, Callable[[Random], Instrument]] = {
    "round bass": lambda _: _knock(_plain(_TRIANGLE, 0x0A, 0xA6), 12),
    "sub bass": lambda _: _plain(_TRIANGLE, 0x0B, 0xE7),
    "pulse bass": lambda rng: _knock(_pulse(rng, 0x0A, 0x86), 12),
    "saw bass": lambda _: _plain(_SAW, 0x09, 0x76),
    "picked bass": lambda rng: _pulse(rng, 0x09, 0x25).with_wave(
        (_PULSE, 12), (_SAW, 0), (_PULSE, 0), loop=2
    ),
    "acid bass": lambda _: replace(_plain(_SAW, 0x0A, 0x84), glide=3),
    "drone": _drone,
    "square lead": lambda rng: _vibrato(rng, _pulse(rng, 0x1A, 0xA8, 5, 10)),
    "thin lead": lambda rng: _vibrato(rng, _pulse(rng, 0x0A, 0x98, 1, 4)),
    "saw lead": lambda rng: _vibrato(rng, _plain(_SAW, 0x1A, 0x98)),
    "gliding lead": lambda rng: replace(_vibrato(rng, _pulse(rng, 0x2B, 0xB8, 4, 11)), glide=2),
    "flute": lambda rng: _vibrato(rng, _plain(_TRIANGLE, 0x4A, 0xB8)),
    "brass": lambda rng: replace(_vibrato(rng, _plain(_SAW, 0x4A, 0xA7)), soft=True),
    "bell": lambda _: _plain(_TRIANGLE, 0x0B, 0x0A).with_wave(
        (_TRIANGLE, 24), (_TRIANGLE, 12), (_TRIANGLE, 0), loop=2
    ),
    "music box": lambda rng: _knock(_pulse(rng, 0x0A, 0x09, 1, 4), 12),
    "harpsichord": lambda rng: _pulse(rng, 0x0A, 0x38, 1, 3).with_wave((_SAW, 12), (_PULSE, 0), loop=1),
    "noisy lead": _noisy_lead,
    "metal": lambda rng: _pulse(rng, 0x09, 0x86).with_wave(
        (_NOISE, 0), (0x15, 19), (0x15, 0), (_SAW, 0), loop=2
    ),
    "chip chord": lambda rng: _pulse(rng, 0x09, 0x78),
    "bright chord": lambda rng: _pulse(rng, 0x0A, 0x97, 1, 4),
    "organ": lambda rng: _pulse(rng, 0x18, 0xA7, 6, 9),
    "saw chord": lambda _: _plain(_SAW, 0x0A, 0x66),
    "stab": lambda rng: _pulse(rng, 0x07, 0x04, 3, 9),
    "harp": lambda _: _plain(_TRIANGLE, 0x0A, 0x09),
    "pad": _pad,
    "strings": lambda _: replace(_plain(_SAW, 0x99, 0x89), soft=True),
    "soft chord": lambda _: replace(_plain(_TRIANGLE, 0x78, 0xA9), soft=True),
}


def _drum(attack_decay: int, *steps: tuple[int, int]) -> Instrument:
    """Return a drum: steps of (waveform, absolute note). The last one stays during the decay."""
    wave = tuple((form, _ABSOLUTE + note) for form, note in steps)
    return Instrument(attack_decay, attack_decay & 0x0F, wave, loop=len(wave) - 1)


_FALL = ((_PULSE, 45), (_TRIANGLE, 38), (_TRIANGLE, 33), (_TRIANGLE, 29), (_TRIANGLE, 26), (_TRIANGLE, 23))

KITS: Mapping[str, Mapping[str, Instrument]] = {
    "chip": {
        "k": replace(_drum(0x08, (_NOISE, 70), *_FALL), pulse=128),
        "s": replace(
            _drum(0x08, (_NOISE, 78), (_PULSE, 52), (_PULSE, 48), (_NOISE, 74), (_NOISE, 78)), pulse=128
        ),
        "h": _drum(0x04, (_NOISE, 94), (_NOISE, 92)),
        "o": _drum(0x07, (_NOISE, 94), (_NOISE, 93)),
        "t": replace(_drum(0x08, (_NOISE, 66), (_TRIANGLE, 55), (_TRIANGLE, 50), (_TRIANGLE, 46)), pulse=128),
    },
    "soft": {
        "k": _drum(0x07, (_TRIANGLE, 43), (_TRIANGLE, 36), (_TRIANGLE, 30), (_TRIANGLE, 26)),
        "s": _drum(0x06, (_NOISE, 72), (_TRIANGLE, 55), (_NOISE, 70), (_NOISE, 67)),
        "h": _drum(0x03, (_NOISE, 88)),
        "o": _drum(0x05, (_NOISE, 88)),
        "t": _drum(0x08, (_TRIANGLE, 52), (_TRIANGLE, 48), (_TRIANGLE, 44)),
    },
    "hard": {
        "k": replace(_drum(0x09, (_NOISE, 60), (_PULSE, 48), *_FALL, (_PULSE, 19)), pulse=128),
        "s": _drum(0x09, (_NOISE, 84), (_NOISE, 66), (_NOISE, 80), (_NOISE, 84)),
        "h": _drum(0x05, (_NOISE, 94)),
        "o": _drum(0x09, (_NOISE, 94), (_NOISE, 90)),
        "t": _drum(0x09, (_NOISE, 50), (_SAW, 43), (_SAW, 38), (_NOISE, 48)),
    },
}
"""Drum kits: kick, snare, hi-hat, open hi-hat, tom."""
