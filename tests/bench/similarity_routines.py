"""Which tunes have the same player routine: a fingerprint of its instructions, without their operands."""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import Final

INSTRUCTIONS: Final = 48
"""Instructions of the play routine that count. A routine that was moved or got other music has the same."""

_JMP, _HEADER = 0x4C, struct.Struct(">4sHHHHH")
_BRK_JSR_LENGTHS = {0x00: 1, 0x20: 3, 0x40: 1, 0x60: 1}


def fingerprint(data: bytes) -> str:
    """Return a digest of the play routine of a .sid file, or of init if the tune installs its own interrupt.

    Empty if the file has no such code.
    """
    if len(data) < 0x7C or data[:4] not in {b"PSID", b"RSID"}:
        return ""
    _, _, offset, load, init, play = _HEADER.unpack_from(data)
    image = data[offset:]
    if not load:
        load, image = int.from_bytes(image[:2], "little"), image[2:]
    opcodes = _opcodes(image, load, play or init)
    return sha256(opcodes).hexdigest()[:16] if len(opcodes) == INSTRUCTIONS else ""


def _opcodes(image: bytes, load: int, address: int) -> bytes:
    """Return the opcodes from an address on; a jump at its start is followed."""
    found = bytearray()
    at = address - load
    while 0 <= at < len(image) and len(found) < INSTRUCTIONS:
        found.append(image[at])
        jumps = image[at] == _JMP and len(found) == 1
        at = int.from_bytes(image[at + 1 : at + 3], "little") - load if jumps else at + length_of(image[at])
    return bytes(found)


def length_of(opcode: int) -> int:
    """Return the bytes of a 6502 instruction."""
    column, group = opcode & 0x1F, opcode & 3
    if opcode in _BRK_JSR_LENGTHS:
        return _BRK_JSR_LENGTHS[opcode]
    if column in {0x08, 0x18, 0x0A, 0x1A, 0x12, 0x02} and group != 1:
        return 2 if opcode in {0x82, 0xA2, 0xC2, 0xE2} else 1
    if column in {0x0C, 0x0D, 0x0E, 0x0F, 0x1C, 0x1D, 0x1E, 0x1F, 0x19, 0x1B}:
        return 3
    return 2
