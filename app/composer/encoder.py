"""Encodes songs as machine code: the play routine with tables of notes and sounds."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Generic, TypeVar

from .assembler import Program, assemble
from .song import (
    HIGHEST_NOTE,
    VOICES,
    Block,
    Clock,
    Event,
    FilterProgram,
    Instrument,
    Song,
)

_PLAYER = Path(__file__).with_name("player.asm")

_REST, _TIE, _FILTER, _FADE, _END = 0x60, 0x62, 0x63, 0x64, 0x7F
_ROWS, _INSTRUMENT, _TRANSPOSE, _LOOP = 0x80, 0xC0, 0xC0, 0xFF
_LONGEST, _WAVE_JUMP = 64, 0xFF
_SILENT = Block((Event(_LONGEST),))
_MUTE = FilterProgram((), 0, 0, 128)
_PLACEHOLDER = Instrument(0, 0, ((0, 0),))

T = TypeVar("T", bound=Hashable)


class SongTooLargeError(ValueError):
    """The songs exceed the play routine's limits for patterns, sounds, or order lists."""


class _Register(Generic[T]):
    """Numbers distinct items in order of appearance."""

    def __init__(self, kind: str, limit: int, first: Iterable[T] = ()) -> None:
        self.kind, self.limit = kind, limit
        self.numbers: dict[T, int] = {}
        for item in first:
            self.number(item)

    def number(self, item: T) -> int:
        if item not in self.numbers and len(self.numbers) >= self.limit:
            raise SongTooLargeError(f"There are more than {self.limit} {self.kind}. Write simpler songs.")
        return self.numbers.setdefault(item, len(self.numbers))


def encode_songs(songs: Sequence[Song], clock: Clock) -> Program:
    """Assemble the play routine with the data of `songs`.

    Raises
    ------
    SongTooLargeError
        If there are more than 64 instruments, 128 patterns, or 256 bytes of wave steps or of an order list.
    """
    encoder = _Encoder(clock)
    tables = encoder.tables(songs)
    return assemble("\n".join([_PLAYER.read_text(encoding="ascii"), *tables]))


class _Encoder:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.patterns: _Register[tuple[int, ...]] = _Register("patterns", 128)
        self.instruments: _Register[Instrument] = _Register("instruments", 64, [_PLACEHOLDER])
        self.filters: _Register[FilterProgram] = _Register("filter programs", 256, [_MUTE])
        self.waves: _Register[tuple[tuple[tuple[int, int], ...], int]] = _Register("wave sequences", 256)

    def tables(self, songs: Sequence[Song]) -> list[str]:
        """Return the data as assembler source. Encodes the orders first: they number everything else."""
        orders = [self._order(song, voice) for song in songs for voice in range(VOICES)]
        return [
            *(
                _bytes("songs" if index == 0 else "", self._record(song, index))
                for index, song in enumerate(songs)
            ),
            *(_bytes(f"order_{index}", order) for index, order in enumerate(orders)),
            *self._instrument_tables(),
            *self._filter_tables(),
            *(_bytes(f"pattern_{index}", pattern) for pattern, index in self.patterns.numbers.items()),
            *_pointers("patterns", "pattern", len(self.patterns.numbers)),
            *self._frequency_tables(),
        ]

    def _record(self, song: Song, index: int) -> list[int | str]:
        timer = 0 if song.play_rate is None else self.clock.timer(song.play_rate)
        # A hard restart takes up to 33 ms, which is more calls at a higher rate.
        early = max(2, round(self.clock.play_rate(song) / 30))
        orders = [f"order_{VOICES * index + voice}" for voice in range(VOICES)]
        return [
            *song.speeds,
            *("<" + order for order in orders),
            *(">" + order for order in orders),
            *(song.volume, 0, timer & 0xFF, timer >> 8, min(early, min(song.speeds) - 1), 0, 0, 0),
        ]

    def _order(self, song: Song, voice: int) -> list[int]:
        blocks = song.order[voice] if song.loop is not None else (*song.order[voice], _SILENT)
        order: list[int] = []
        starts = []
        transpose = 0
        for index, block in enumerate(blocks):
            starts.append(len(order))
            if block.transpose != transpose or index == song.loop:
                transpose = block.transpose
                order.append(_TRANSPOSE + transpose)
            order.append(self.patterns.number(tuple(self._pattern(block))))
        order += [_LOOP, starts[-1 if song.loop is None else song.loop]]
        if len(order) > 256:
            raise SongTooLargeError("An order list has more than 256 bytes. Use longer patterns.")
        return order

    def _pattern(self, block: Block) -> Iterable[int]:
        if block.filter:
            yield from (_FILTER, self.filters.number(block.filter))
        if block.fade:
            yield from (_FADE, block.fade)
        rows, instrument = 0, _PLACEHOLDER
        for event in chain.from_iterable(map(_split, block.pattern)):
            if event.tied:
                yield _TIE
            if event.rows != rows:
                rows = event.rows
                yield _ROWS + rows - 1
            if event.instrument and event.instrument != instrument:
                instrument = event.instrument
                yield _INSTRUMENT + self.instruments.number(instrument)
            yield _REST if event.pitch is None else event.pitch
        yield _END

    def _instrument_tables(self) -> Iterable[str]:
        instruments = list(self.instruments.numbers)
        waves = [self.waves.number((instrument.wave, instrument.loop)) for instrument in instruments]
        steps, starts = self._wave_steps()
        columns: dict[str, Callable[[Instrument], int]] = {
            "pulse": lambda i: i.pulse,
            "pulse_speed": lambda i: i.pulse_speed,
            "pulse_low": lambda i: i.pulse_low,
            "pulse_high": lambda i: i.pulse_high,
            "vibrato": lambda i: i.vibrato,
            "vibrato_delay": lambda i: i.vibrato_delay,
            "vibrato_period": lambda i: i.vibrato_period,
            "glide": lambda i: i.glide,
            "attack_decay": lambda i: i.attack_decay,
            "sustain_release": lambda i: i.sustain_release,
            "filter": lambda i: self.filters.number(i.filter) if i.filter else 0,
            "soft": lambda i: i.soft,
        }
        for name, column in columns.items():
            yield _bytes(f"ins_{name}", [int(column(instrument)) for instrument in instruments])
        yield _bytes("ins_wave", [starts[wave] for wave in waves])
        yield _bytes("wave_forms", [form for form, _ in steps])
        yield _bytes("wave_notes", [note for _, note in steps])

    def _wave_steps(self) -> tuple[list[tuple[int, int]], list[int]]:
        steps: list[tuple[int, int]] = []
        starts = []
        for wave, loop in self.waves.numbers:
            starts.append(len(steps))
            steps += [*wave, (_WAVE_JUMP, starts[-1] + loop)]
        if len(steps) > 256:
            raise SongTooLargeError(
                f"There are {len(steps)} wave steps, but at most 256 fit. Use fewer or shorter arpeggios."
            )
        return steps, starts

    def _filter_tables(self) -> Iterable[str]:
        programs = list(self.filters.numbers)
        yield _bytes("filter_route", [p.resonance << 4 | sum(1 << v for v in p.voices) for p in programs])
        yield _bytes("filter_mode", [p.mode for p in programs])
        yield _bytes("filter_start", [p.start for p in programs])
        yield _bytes("filter_speed_lo", [p.speed & 0xFF for p in programs])
        yield _bytes("filter_speed_hi", [p.speed >> 8 & 0xFF for p in programs])
        yield _bytes("filter_low", [p.low for p in programs])
        yield _bytes("filter_high", [p.high for p in programs])
        yield _bytes("filter_bounce", [int(p.bounce) for p in programs])

    def _frequency_tables(self) -> Iterable[str]:
        frequencies = [self.clock.frequency(note) for note in range(HIGHEST_NOTE + 2)]
        yield _bytes("freq_lo", [frequency & 0xFF for frequency in frequencies])
        yield _bytes("freq_hi", [frequency >> 8 for frequency in frequencies])


def _split(event: Event) -> Iterable[Event]:
    """Split an event that is too long into several tied ones."""
    yield Event(min(event.rows, _LONGEST), event.pitch, event.instrument, event.tied)
    for done in range(_LONGEST, event.rows, _LONGEST):
        rows = min(event.rows - done, _LONGEST)
        yield Event(rows, event.pitch, event.instrument, tied=event.pitch is not None)


def _pointers(name: str, label: str, count: int) -> Iterable[str]:
    for half, sign in (("lo", "<"), ("hi", ">")):
        yield _bytes(f"{name}_{half}", [f"{sign}{label}_{index}" for index in range(count)])


def _bytes(label: str, values: Sequence[int | str]) -> str:
    return f"{label}{':' if label else ''} .byte {','.join(map(str, values))}"
