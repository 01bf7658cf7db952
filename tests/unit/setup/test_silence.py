import wave
from pathlib import Path

from app.setup.silence import MIDDLE, make_silence


def test_silence_is_long_enough_for_media_controls(tmp_path: Path) -> None:
    with wave.open(str(make_silence(tmp_path))) as sound:
        assert sound.getnframes() / sound.getframerate() > 5
        assert set(sound.readframes(sound.getnframes())) == set(MIDDLE)
