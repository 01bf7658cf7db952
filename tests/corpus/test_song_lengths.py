from pathlib import Path

from app.corpus.song_lengths import read_song_lengths

LIST = """[Database]
; /MUSICIANS/A/One.sid
00112233445566778899aabbccddeeff=1:02.5 0:03
; an older form, and lines that say nothing
FFEEDDCCBBAA99887766554433221100 = 3:57(G) 100:00
0123456789abcdef0123456789abcdef=1:00 soon
0123456789abcdef=1:00
nonsense
"""


def test_lengths_of_songs_by_md5(tmp_path: Path) -> None:
    path = tmp_path / "Songlengths.md5"
    path.write_bytes(LIST.replace("\n", "\r\n").encode() + b"; /\xe9\r\n")
    assert read_song_lengths(path) == {
        bytes.fromhex("00112233445566778899aabbccddeeff"): (62.5, 3.0),
        bytes.fromhex("ffeeddccbbaa99887766554433221100"): (237.0, 6000.0),
    }
