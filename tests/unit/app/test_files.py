import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import ChecksumError
from app.files import (
    fingerprint,
    is_intact,
    replacing,
    sha256_of,
    sources_in,
    write_bytes,
    write_checked,
)

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_wrong_checksum_stops_with_file_expected_and_found(tmp_path: Path) -> None:
    expected = "0" * 64
    with pytest.raises(ChecksumError) as caught:
        write_checked(tmp_path / "engine.wasm", b"", expected, "engine.wasm in a.whl")
    for fact in ("engine.wasm in a.whl", expected, EMPTY):
        assert fact in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_leaves_the_file_before_it(tmp_path: Path) -> None:
    target = write_bytes(tmp_path / "file", b"before")
    with pytest.raises(ChecksumError):
        write_checked(target, b"other", "0" * 64, "file")
    assert target.read_bytes() == b"before"


def test_the_right_checksum_is_written(tmp_path: Path) -> None:
    target = write_checked(tmp_path / "deep" / "file", b"", EMPTY, "file")
    assert is_intact(target, EMPTY)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with replacing(tmp_path / "file") as part:
            part.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


KILLED = """
import sys, time
from pathlib import Path
from app.files import replacing
with replacing(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    print("written", flush=True)
    time.sleep(60)
"""


def test_a_killed_write_leaves_no_half_file_and_the_next_one_succeeds(tmp_path: Path) -> None:
    target = write_bytes(tmp_path / "file", b"before")
    with subprocess.Popen([sys.executable, "-c", KILLED, target], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    assert target.read_bytes() == b"before"
    write_bytes(target, b"after")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"after"]


def test_sources_are_listed_without_caches(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py", "__pycache__/b.pyc", ".hidden", "a/.b.py.part"):
        write_bytes(tmp_path / ".data" / name, b"")
    folder = tmp_path / ".data"
    assert sources_in(folder) == [folder / "a" / "c.py", folder / "b.py"]


def test_a_fingerprint_depends_on_texts_names_and_contents(tmp_path: Path) -> None:
    one, other = write_bytes(tmp_path / "one", b"1"), write_bytes(tmp_path / "other", b"1")
    parts: list[list[Path | str]] = [["ab"], ["a", "b"], [one], [other], [one, "a"]]
    prints = {fingerprint(part) for part in parts}
    write_bytes(one, b"2")
    assert len(prints | {fingerprint([one])}) == 6


def test_the_checksum_is_sha256(tmp_path: Path) -> None:
    assert sha256_of(write_bytes(tmp_path / "file", b"")) == EMPTY
