"""Small folders of music: tunes that sound, and files that a run must survive."""

from __future__ import annotations

from pathlib import Path

from app.composer.assembler import assemble
from tests.wasm.hostile import hostile
from tests.wasm.psid import LOAD, psid

SOUNDS = f"""
* = {LOAD}
 sta $1000
 asl
 adc #{{pitch}}
 sta $d401
 lda #$0f
 sta $d418
 lda #$09
 sta $d405
 lda #$f0
 sta $d406
 lda #$21
 sta $d404
 rts
play:
 inc $d401
 rts
"""

JAMS = bytes([0x02])


def tune(pitch: int = 10, songs: int = 1) -> bytes:
    """Return a tune that sounds; each pitch and each song sounds in another way."""
    program = assemble(SOUNDS.format(pitch=pitch))
    return psid(program.code, play=program.symbols["play"], songs=songs, title=f"Tune {pitch}".encode())


def silent() -> bytes:
    return psid(bytes([0x60]))


def stopping() -> bytes:
    """Return a tune that halts the processor."""
    return psid(JAMS)


def hvsc(folder: Path) -> Path:
    """Make a folder like HVSC: two tunes, one of them twice, and three files that have no features."""
    for name in ("MUSICIANS/A", "MUSICIANS/B", "DOCUMENTS"):
        (folder / name).mkdir(parents=True)
    (folder / "MUSICIANS/A/One.sid").write_bytes(tune(10, songs=2))
    (folder / "MUSICIANS/B/Two.SID").write_bytes(tune(30))
    (folder / "MUSICIANS/B/Two_again.sid").write_bytes(tune(30))
    (folder / "MUSICIANS/B/Silent.sid").write_bytes(silent())
    (folder / "MUSICIANS/B/Stops.sid").write_bytes(stopping())
    (folder / "MUSICIANS/B/Broken.sid").write_bytes(b"PSID, but no more")
    (folder / "DOCUMENTS/HVSC.txt").write_bytes(b"T H E   C O L L E C T I O N\n\n    Release 74\n")
    return folder


def hostile_folder(folder: Path, count: int) -> Path:
    """Make a folder of hostile files, with one tune that sounds among them."""
    folder.mkdir()
    for seed in range(count):
        (folder / f"{seed}.sid").write_bytes(hostile(seed))
    (folder / "tune.sid").write_bytes(tune())
    return folder
