"""Makes a silent sound file: browsers show media controls only for pages that play an audio element."""

import io
import wave
from pathlib import Path

from ..files import write_bytes

FILE = "silence.wav"
SECONDS = 6
"""Chromium shows no controls for sounds of up to 5 s."""

RATE = 8000
MIDDLE = b"\x80"
"""Silence, as 8-bit samples have it."""


def make_silence(folder: Path) -> Path:
    """Write the file to `folder`, and return it."""
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(RATE)
        sound.writeframes(MIDDLE * RATE * SECONDS)
    return write_bytes(folder / FILE, content.getvalue())
