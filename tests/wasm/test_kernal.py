"""What RSID tunes call of the KERNAL, without its ROM: by jump table and by address."""

import numpy as np
import pytest

from app.emulator import SidEmulator, SidError
from tests.wasm.native import ours
from tests.wasm.programs import rsid
from tests.wasm.psid import LOAD, clicker, psid
from tests.wasm.sound_comparison import RATE

JUMP_TABLE = [entry for entry in range(0xFF81, 0xFFF4, 3) if entry != 0xFFD5]
RETURNING = [
    *(0xE453, 0xE505, 0xE50A, 0xE518, 0xE544, 0xE566, 0xE5A0, 0xE8EA, 0xE9FF, 0xEA87, 0xEAE0, 0xED09, 0xEE13),
    *(0xF13E, 0xF157, 0xF1CA, 0xF20E, 0xF250, 0xF291, 0xF32F, 0xF333, 0xF34A, 0xF5DD, 0xF69B, 0xF6BC, 0xF6DD),
    *(0xF6E4, 0xF6ED, 0xFD15, 0xFD1A, 0xFD50, 0xFDA3, 0xFDDD, 0xFDF9, 0xFE00, 0xFE07, 0xFE18, 0xFE21, 0xFE25),
    *(0xFE34, 0xFF5B, 0xFF6E),
]


def check(program: str) -> None:
    """Run a program that halts if something isn't as expected."""
    ours(rsid(f"* = $1000\n{program}\n good: jmp good\n bad: .byte 2"), 1, 8000)


@pytest.mark.parametrize("call", [*JUMP_TABLE, *RETURNING])
def test_calls_return(call: int) -> None:
    check(f" sei\n lda #<$2000\n ldx #<$2000\n ldy #>$2000\n clc\n jsr {call}\n")


ROUTINES = {
    "UDTIM": "sei|lda #$ff|sta $a2|sta $a1|jsr $ffea|lda $a0|cmp #1|bne bad|lda $a2|bne bad",
    "UDTIM at midnight": "sei|lda #$4f|sta $a0|lda #$1a|sta $a1|lda #0|sta $a2|jsr $f69b"
    "|lda $a0|ora $a1|ora $a2|bne bad",
    "SETTIM": "lda #1|ldx #2|ldy #3|jsr $ffdb|lda $a0|cmp #3|bne bad|lda $a1|cmp #2|bne bad",
    "RDTIM": "sei|lda #7|sta $a1|jsr $ffde|cpx #7|bne bad",
    "RDTIM allows interrupts": "sei|jsr $ffde|php|pla|and #4|bne bad",
    "IRQ advances the clock": "wait: lda $a2|cmp #3|bne wait",
    "GETIN": "lda #65|sta $0277|lda #66|sta $0278|lda #2|sta $c6|jsr $ffe4|cmp #65|bne bad"
    "|jsr $f13e|cmp #66|bne bad|lda $c6|bne bad|jsr $ffe4|cmp #0|bne bad",
    "SCNKEY": "sei|lda #0|sta $cb|jsr $ff9f|lda $cb|cmp #$40|bne bad",
    "STOP": "jsr $ffe1|beq bad",
    "PLOT": "clc|ldx #5|ldy #9|jsr $fff0|ldx #0|ldy #0|sec|jsr $e50a|cpx #5|bne bad|cpy #9|bne bad",
    "SCREEN": "jsr $ffed|cpx #40|bne bad|cpy #25|bne bad",
    "IOBASE": "jsr $fff3|cpx #0|bne bad|cpy #$dc|bne bad",
    "MEMTOP": "sec|jsr $ff99|cpy #$a0|bne bad|clc|ldy #$90|jsr $ff99|lda $0284|cmp #$90|bne bad",
    "default vectors": "sei|lda #0|sta $0315|jsr $ff8a|lda $0315|cmp #$ea|bne bad",
    "VECTOR": "sei|sec|ldx #0|ldy #$20|jsr $ff8d|lda $2001|cmp #$ea|bne bad",
    "IOINIT": "sei|lda #5|sta $dc05|jsr $ff84|lda $dc0e|and #9|cmp #1|bne bad|lda $dc05|cmp #6|bcc bad",
    "CINT": "sei|lda #1|sta $d01a|jsr $ff81|lda $d01a|and #1|bne bad",
    "CHROUT": "lda #<out|sta $0326|lda #>out|sta $0327|jsr $ffd2|jmp bad|out: pla|pla",
    "BRK": "lda #<brk|sta $0316|lda #>brk|sta $0317|.byte 0, 0|jmp bad|brk: nop",
    "IRQ isn't BRK": "lda #<irq|sta $0314|lda #>irq|sta $0315|wait: jmp wait|irq: nop",
}


@pytest.mark.parametrize("routine", ROUTINES)
def test_routine_does_what_the_original_does(routine: str) -> None:
    check(ROUTINES[routine].replace("|", "\n"))


def test_check_fails_for_a_false_expectation() -> None:
    with pytest.raises(SidError, match="halted"):
        check(" lda #1\n bne bad")


@pytest.mark.parametrize("tail", [0xEA31, 0xEA34, 0xEA61, 0xEA7B, 0xEA7E])
def test_interrupt_can_end_in_any_part_of_the_handler(tail: int) -> None:
    check(f" lda #<irq\n sta $0314\n lda #>irq\n sta $0315\nwait: lda count\n cmp #5\n bne wait\n jmp good\n"
          f"irq: inc count\n jmp {tail}\ncount: .byte 0")  # fmt: skip


@pytest.mark.parametrize("tail", [0xFE72, 0xFEB6, 0xFEBC])
def test_nmi_can_end_in_any_part_of_the_handler(tail: int) -> None:
    check(
        f" lda #<nmi\n sta $0318\n lda #>nmi\n sta $0319\n lda #$81\n sta $dd0d\n lda #$19\n sta $dd0e\n"
        f"wait: lda count\n beq wait\n jmp good\n"
        f"nmi: pha\n txa\n pha\n tya\n pha\n inc count\n jmp {tail}\ncount: .byte 0"
    )


@pytest.mark.parametrize("end", [0xA474, 0xE386, 0xE37B, 0xFE66])
def test_tune_goes_on_after_it_has_returned_to_basic(end: int) -> None:
    tune = rsid(
        "* = $1000\n lda #<irq\n sta $0314\n lda #>irq\n sta $0315\n"
        f" jmp {end}\nirq: lda level\n eor #15\n sta level\n sta $d418\n jmp $ea31\nlevel: .byte 0"
    )
    assert ours(tune, 1)[RATE // 2 :].std() > 0.01


@pytest.mark.parametrize("call", [0xA871, 0xBC0C, 0xE097, 0xFFD5, 0xF4A5])
def test_call_that_needs_a_rom_is_reported(call: int) -> None:
    with pytest.raises(
        SidError, match=rf"calls the C64's \w+ ROM at \${call:04X}, which .* Add your own copy"
    ):
        check(f" jsr {call}")


@pytest.mark.parametrize("call", [0xFF84, 0xFF8A, 0xFFEA, 0xBC0C])
def test_in_a_psid_calls_return_and_leave_the_hardware_alone(call: int) -> None:
    code = bytes([0x20, call & 0xFF, call >> 8]) + clicker()
    emulator = SidEmulator()
    emulator.load(psid(code, play=LOAD + 4))
    emulator.start()
    steep = np.abs(np.diff(emulator.render_seconds(1))) > 0.01
    assert 46 < int((np.diff(np.flatnonzero(steep)) > 100).sum()) < 52
