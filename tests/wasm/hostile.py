"""Files that attack the emulator: noise, false headers, and programs that never end or abuse the C64."""

import random
from collections.abc import Callable

from app.composer.assembler import assemble
from tests.wasm.psid import LOAD, psid

JAMS = (0x02, 0x12, 0x22, 0x32, 0x42, 0x52, 0x62, 0x72, 0x92, 0xB2, 0xD2, 0xF2)

ABUSES = (
    "loop: jmp loop",
    "loop: jsr loop",
    "loop: pha\n jmp loop",
    "loop: pla\n rti",
    "loop: pla\n rts",
    "loop: brk\n jmp loop",
    " ldx #0\n txs\n rts",
    " ldx #$ff\n txs\n rti",
    "loop: inc $d400\n inc $d418\n jmp loop",
    "loop: lda $d41b\n sta $d401,x\n inx\n jmp loop",
    # Constant interrupts, never acknowledged, through random vectors.
    " lda #0\n sta $dc04\n sta $dc05\n lda #$ff\n sta $dc0d\n lda #$11\n sta $dc0e\n cli\nloop: jmp loop",
    " lda #1\n sta $dd04\n lda #0\n sta $dd05\n lda #$81\n sta $dd0d\n lda #$11\n sta $dd0e\nloop: jmp loop",
    " lda #$0f\n sta $d01a\nloop: inc $d012\n cli\n jmp loop",
    " sei\n lda #$35\n sta $01\n sta $fffe\n sta $fffa\n cli\n brk\nloop: jmp loop",
    # The code overwrites itself, the port, the stack, and the driver.
    " ldx #0\nloop: inc $1000,x\n inc $0100,x\n inx\n jmp loop",
    "loop: inc $00\n inc $01\n jmp loop",
    "loop: inx\n stx $0400\n sta $0401,y\n iny\n jmp loop",
    " lda #$ea\n ldx #0\nloop: sta $0400,x\n sta $0500,x\n inx\n bne loop\n rts",
)


def noise(chance: random.Random) -> bytes:
    """Return random bytes, often after a magic number."""
    return chance.choice((b"", b"PSID", b"RSID")) + chance.randbytes(chance.randrange(2000))


def any_code(chance: random.Random) -> bytes:
    """Return a valid header with random code."""
    return _file(chance, chance.randbytes(chance.randrange(1, 4000)))


def halting(chance: random.Random) -> bytes:
    """Return random code in which every other instruction stops the processor."""
    code = bytes(chance.choice((chance.randrange(256), chance.choice(JAMS))) for _ in range(300))
    return _file(chance, code)


def abuse(chance: random.Random) -> bytes:
    """Return a program made of two of those above, as init and play."""
    first, second = chance.choice(("rts", *ABUSES)), chance.choice(ABUSES)
    program = assemble(f"* = {LOAD}\n{first}\n play:\n{second.replace('loop', 'again')}")
    return _file(chance, program.code, program.symbols["play"])


def fuzzed(chance: random.Random) -> bytes:
    """Return one of the other kinds with bytes of its header changed, removed, or added."""
    file = bytearray(chance.choice((any_code, abuse))(chance))
    for _ in range(chance.randrange(1, 6)):
        file[chance.randrange(4, 0x7C)] = chance.randrange(256)
    if chance.random() < 0.2:
        del file[chance.randrange(len(file)) :]
    if chance.random() < 0.1:
        file += chance.randbytes(chance.choice((100, 70_000, 140_000)))
    return bytes(file)


KINDS: tuple[Callable[[random.Random], bytes], ...] = (noise, any_code, halting, abuse, fuzzed, fuzzed)


def hostile(seed: int) -> bytes:
    """Return the hostile file of this seed."""
    chance = random.Random(seed)
    return chance.choice(KINDS)(chance)


def _file(chance: random.Random, code: bytes, play: int = LOAD + 3) -> bytes:
    flags = chance.randrange(0x400) & ~3
    more = (chance.choice((0, 0x42, 0x50, 0xE0)), chance.choice((0, 0x44, 0xFE)))
    version = chance.choice((2, 3, 4))
    if chance.random() < 0.4:
        data = LOAD.to_bytes(2, "little") + code
        return psid(data, magic=b"RSID", load=0, play=0, version=version, flags=flags, more_sids=more)
    speed, where = chance.choice((0, 1)), chance.choice((play, play, 0))
    return psid(code, play=where, version=version, flags=flags, more_sids=more, speed=speed)
