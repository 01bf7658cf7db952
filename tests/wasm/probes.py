"""Small programs that ask a chip of the C64 for one byte, and a tune that makes the bytes audible.

So an answer can be compared with that of the native player, which shows nothing but sound: each byte is the
time to the next step of the volume.
"""

from pathlib import Path

import numpy as np

from tests.wasm.native import PAL_CLOCK, STEP_RATE, ours, theirs
from tests.wasm.programs import QUIET, SYNC, rsid
from tests.wasm.sound_comparison import Sound, step_times

BASE, PER_COUNT, PAUSE = 200, 17, 12_000
"""Cycles: shortest time between steps, more for each count of a byte, and at least after the last byte."""


def probing(probes: list[str]) -> bytes:
    """Return a tune that runs the probes once, and then sounds the bytes that they left in A, repeatedly.

    In a probe, "@" makes a label its own. `count` counts interrupts; the screen is off.
    """
    bodies = "".join(f"{probe.replace('@', str(i))}\n sta results+{i}\n" for i, probe in enumerate(probes))
    return rsid(f"""
* = $1000
{QUIET}
        lda #$35
        sta $01
        lda #<nmi
        sta $fffa
        lda #>nmi
        sta $fffb
        lda #<irq
        sta $fffe
        lda #>irq
        sta $ffff
        lda #$0b
        sta $d011
{SYNC}
{SYNC.replace("top", "again").replace("bottom", "below")}
        jmp begin
count:  .byte 0
level:  .byte 0
nmi:    inc count
        rti
irq:    inc count
        pha
        lda $dc0d
        lda #$0f
        sta $d019
        pla
        rti
begin:
{bodies}
        sei
        lda #$7f
        sta $dc0d
        sta $dd0d
sound:  ldx #0
next:   lda level
        eor #$0f
        sta level
        sta $d418
        ldy #{(BASE - 30) // 5}
base:   dey
        bne base
        ldy results,x
more:   cpy #0
        beq done
        dey
        nop
        nop
        nop
        nop
        jmp more
done:   inx
        cpx #{len(probes) + 1}
        bne next
        ldx #{PAUSE // 1280 + 1}
pause:  ldy #0
inner:  dey
        bne inner
        dex
        bne pause
        jmp sound
results: .fill {len(probes) + 1}
""")


def answers(probes: list[str], folder: Path) -> tuple[list[int], list[int]]:
    """Return the bytes of the emulator and of the native player."""
    native = theirs(probing(probes), folder, 2, STEP_RATE)
    return our_answers(probes), _decoded(native, len(probes))


def our_answers(probes: list[str]) -> list[int]:
    """Return the bytes of the emulator."""
    return _decoded(ours(probing(probes), 2, STEP_RATE), len(probes))


def _decoded(sound: Sound, count: int) -> list[int]:
    steps = np.diff(step_times(sound[-round(1.5 * STEP_RATE) :])) * PAL_CLOCK / STEP_RATE
    start = int(np.flatnonzero(steps > PAUSE)[0]) + 1
    return [round((step - BASE) / PER_COUNT) for step in steps[start : start + count]]
