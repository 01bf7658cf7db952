"""Short tunes: their feature analysis fits into the engine's processor budget of one minute."""

from __future__ import annotations

from app.composer.assembler import assemble
from tests.wasm.programs import PAL, TABLES, arpeggio, header_flags, voices
from tests.wasm.psid import psid

FALL_SILENT = " lda #0\n sta $d418"
HALT = " .byte 2"


def short_tune(seconds: float, then: str, title: bytes) -> bytes:
    """Return a tune that plays for `seconds` and then runs the code `then`."""
    code = assemble(f"""
* = $1000
{voices()}
 rts
play: {arpeggio(0xD400)}
 inc frame
 lda frame
 cmp #{round(50 * seconds)}
 bne sound
{then}
sound: rts
frame: .byte 0
{TABLES}
""")
    return psid(code.code, play=code.symbols["play"], flags=header_flags(PAL, 6581), title=title)
