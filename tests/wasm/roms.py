"""ROMs made for tests: they start as a C64's do, and each has a routine that no substitute could have."""

from app.composer.assembler import assemble
from app.roms import Roms
from tests.wasm.psid import psid

BEEP = 0xE800
"""Routine of the test KERNAL: plays a tone whose pitch is in A."""

MARK = 0xA5
"""What the test KERNAL leaves at `MARKED`, and the test characters hold."""
MARKED = 0x0291


def _image(origin: int, size: int, *pieces: str) -> bytes:
    """Return an image with these pieces of code, filled with the opcode that halts."""
    image = bytearray(b"\x02" * size)
    for piece in pieces:
        program = assemble(piece)
        at = program.origin - origin
        image[at : at + len(program.code)] = program.code
    return bytes(image)


KERNAL = _image(
    0xE000,
    0x2000,
    f"""
* = $e100
        ldx #5
copy:   lda vectors,x
        sta $0314,x
        dex
        bpl copy
        lda #{MARK}
        sta {MARKED}
        jmp ($a000)
vectors: .byte $31, $ea, $81, $ea, $47, $fe
""",
    f"""
* = ${BEEP:04x}
        sta $d401
        lda #$0f
        sta $d418
        lda #$f0
        sta $d406
        lda #$21
        sta $d404
        rts
""",
    "* = $ea31\n lda $dc0d\n jmp $ea81",
    "* = $ea81\n pla\n tay\n pla\n tax\n pla\n rti",
    "* = $fe47\n rti",
    "* = $ff48\n pha\n txa\n pha\n tya\n pha\n jmp ($0314)",
    "* = $fffa\n .byte $47, $fe, $00, $e1, $48, $ff",
)

BASIC = _image(
    0xA000,
    0x2000,
    "* = $a000\n .byte $00, $a1",
    """
* = $a100
        lda #<main
        sta $0302
        lda #>main
        sta $0303
        jmp ($0302)
main:   lda $c6
        beq main
        ldx #3
typed:  lda $0277,x
        cmp run,x
        bne main
        dex
        bpl typed
        ldx #0
        lda $2d
        cmp #$07
        bne main
again:  lda $0801,x
        tay
        lda $0802,x
        sta $d400,y
        inx
        inx
        cpx #6
        bne again
        lda $030c
        clc
        adc #$20
        sta $d401
done:   jmp done
run:    .byte 82, 85, 78, 13
""",
)
"""Runs a program of three pairs of SID register and value if RUN was typed; the song sets the pitch."""

CHARACTERS = bytes([MARK]) * 0x1000

ROMS = Roms({"kernal": KERNAL, "basic": BASIC, "characters": CHARACTERS})

PROGRAM = bytes([0x18, 0x0F, 0x06, 0xF0, 0x04, 0x21])


def basic_tune(program: bytes = PROGRAM, songs: int = 2, init: int = 0) -> bytes:
    """Return an RSID with a BASIC program, by default one for the test BASIC."""
    data = (0x0801).to_bytes(2, "little") + program
    return psid(data, magic=b"RSID", load=0, init=init, play=0, songs=songs, flags=0x16)
