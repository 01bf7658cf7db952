"""Tunes for tests, in assembler: they exercise how a C64 calls a tune, not how music sounds."""

import math

from app.composer.assembler import assemble
from tests.wasm.psid import psid

PAL, NTSC = 1, 2
MODELS = {6581: 1, 8580: 2}


def header_flags(clock: int = PAL, *chips: int) -> int:
    """Return the header flags for a clock and the models of up to three chips."""
    return clock << 2 | sum(MODELS[chip] << 4 + 2 * i for i, chip in enumerate(chips))


def rsid(source: str, *, flags: int = header_flags(PAL, 6581), version: int = 2, speed: int = 0) -> bytes:
    """Assemble an RSID tune whose init is its first instruction."""
    program = assemble(source)
    data = program.origin.to_bytes(2, "little") + program.code
    return psid(
        data, magic=b"RSID", version=version, load=0, init=program.origin, play=0, speed=speed, flags=flags
    )


QUIET = """
        sei
        lda #$7f
        sta $dc0d
        sta $dd0d
        lda $dc0d
        lda $dd0d
"""
"""Masks interrupts and turns off those of both CIAs."""


def voices(base: int = 0xD400) -> str:
    """Return code that plays a pulse wave on the first voice of the chip at `base`."""
    registers = ((0x18, 0x0F), (0x05, 0x22), (0x06, 0xA6), (0x03, 0x08), (0x04, 0x41))
    return "".join(f" lda #{value}\n sta {base + at}\n" for at, value in registers)


def arpeggio(*bases: int) -> str:
    """Return code that steps an arpeggio on each chip, each chip higher than the one before."""
    notes = "".join(f" lda notes,x\n clc\n adc #{9 * i}\n sta {base + 1}\n" for i, base in enumerate(bases))
    return f"""
        ldx step
{notes}
        inx
        cpx #12
        bne kept
        ldx #0
kept:   stx step
"""


TABLES = """
step:   .byte 0
notes:  .byte 17, 17, 17, 21, 21, 21, 25, 25, 25, 34, 34, 34
"""

RESTORE = """
        pla
        tay
        pla
        tax
        pla
        rti
"""
"""Ends an interrupt that came through the system's vector."""

RASTER = f"""
* = $1000
{QUIET}
        lda #<handler
        sta $0314
        lda #>handler
        sta $0315
        lda #$1b
        sta $d011
        lda #$60
        sta $d012
        lda #$01
        sta $d01a
{voices()}
        cli
        rts
handler:
        asl $d019
{arpeggio(0xD400)}
{RESTORE}
{TABLES}
"""
"""Plays an arpeggio, one step at each frame's raster interrupt, through the system's vector."""

RASTER_BEHIND_ROM = f"""
* = $1000
{QUIET}
        lda #$35
        sta $01
        lda #<handler
        sta $fffe
        lda #>handler
        sta $ffff
        lda #$9b
        sta $d011
        lda #$08
        sta $d012
        lda #$01
        sta $d01a
{voices()}
        cli
forever:
        jmp forever
handler:
        pha
        txa
        pha
        asl $d019
{arpeggio(0xD400)}
        pla
        tax
        pla
        rti
{TABLES}
"""
"""The same with the ROM off, at line 264, from an init that never returns."""


def multispeed(calls: int) -> str:
    """Return a tune whose CIA 1 timer A steps the arpeggio `calls` times a frame."""
    latch = 63 * 312 // calls - 1
    return f"""
* = $2000
{QUIET}
        lda #<handler
        sta $0314
        lda #>handler
        sta $0315
        lda #{latch & 0xFF}
        sta $dc04
        lda #{latch >> 8}
        sta $dc05
        lda #$81
        sta $dc0d
        lda #$11
        sta $dc0e
{voices()}
        cli
        rts
handler:
        lda $dc0d
{arpeggio(0xD400)}
{RESTORE}
{TABLES}
"""


def on_chips(*bases: int, chips: tuple[int, ...], clock: int = PAL) -> bytes:
    """Return a PSID version 4 with a play routine for one to three chips, the first at $D400."""
    program = assemble(f"""
* = $1000
{"".join(map(voices, bases))}
        rts
play:
{arpeggio(*bases)}
        rts
{TABLES}
""")
    more = [base >> 4 & 0xFF for base in (*bases[1:], 0, 0)]
    return psid(
        program.code,
        version=4,
        play=program.symbols["play"],
        flags=header_flags(clock, *chips),
        more_sids=(more[0], more[1]),
    )


SYNC = """
top:    lda $d011
        bmi top
bottom: lda $d011
        bpl bottom
"""
"""Waits until the beam passes line 256."""


def digi(period: int, body: str, tables: str = "", start: str = " lda #$01\n sta $dd0e") -> str:
    """Return a tune whose `body` runs at each NMI of CIA 2; `start` starts the timer at line 256."""
    return f"""
* = $1000
{QUIET}
        lda #$35
        sta $01
        lda #<handler
        sta $fffa
        lda #>handler
        sta $fffb
        lda #{(period - 1) & 0xFF}
        sta $dd04
        lda #{(period - 1) >> 8}
        sta $dd05
        lda #$81
        sta $dd0d
        ldx #0
{SYNC}
{start}
forever:
        jmp forever
handler:
        pha
{body}
        lda $dd0d
        pla
        rti
{tables}
"""


def _sample(i: int) -> int:
    return round(7.5 + 7.4 * math.sin(math.tau * (i + 3 * math.sin(math.tau * i / 64)) / 16))


SAMPLES = ", ".join(str(_sample(i)) for i in range(256))

SAMPLE_DIGI = digi(123, "lda samples,x\n sta $d418\n inx", f"samples: .byte {SAMPLES}")
"""A wobbling tone through the volume register, 8,010 samples a second."""

CLICK = """
        lda level
        eor #$0f
        sta level
        sta $d418
"""
"""Toggles the volume between its extremes; needs `LEVEL`."""
LEVEL = "level: .byte 0"
ONE_SHOT = " lda #$19\n sta $dd0e"
"""Starts timer A once."""
CASCADE = """
        lda #3
        sta $dd06
        lda #0
        sta $dd07
        lda #$7f
        sta $dd0d
        lda #$82
        sta $dd0d
        lda #$51
        sta $dd0f
        lda #$11
        sta $dd0e
"""
"""Makes timer B interrupt instead of A, after every fourth underflow of A."""
