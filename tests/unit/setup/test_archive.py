import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from app.errors import SetupError
from app.setup.archive import read_member, unpack_sdist


def sdist(path: Path, *members: tarfile.TarInfo | str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            content = info.name.encode() if info.isfile() else b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_sdist_is_unpacked_into_its_folder(tmp_path: Path) -> None:
    archive = sdist(tmp_path / "a.tar.gz", "a-1/PKG-INFO", "a-1/src/SID.cpp")
    folder = unpack_sdist(archive, tmp_path / "out")
    assert folder == tmp_path / "out" / "a-1"
    assert (folder / "src" / "SID.cpp").read_bytes() == b"a-1/src/SID.cpp"


@pytest.mark.parametrize("name", ["../evil", "a-1/../../evil", "/tmp/evil", "a-1\\..\\evil", "C:evil"])
def test_member_outside_the_folder_is_rejected_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    archive = sdist(tmp_path / "a.tar.gz", "a-1/PKG-INFO", name)
    with pytest.raises(SetupError, match="leaves the target folder"):
        unpack_sdist(archive, tmp_path / "deep" / "out")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar.gz"]


def test_links_are_ignored(tmp_path: Path) -> None:
    archive = sdist(
        tmp_path / "a.tar.gz",
        "a-1/PKG-INFO",
        link("a-1/soft", "/etc", tarfile.SYMTYPE),
        link("a-1/hard", "a-1/PKG-INFO", tarfile.LNKTYPE),
    )
    folder = unpack_sdist(archive, tmp_path / "out")
    assert [path.name for path in folder.iterdir()] == ["PKG-INFO"]


def test_broken_archive_is_an_error_with_its_name(tmp_path: Path) -> None:
    broken = tmp_path / "a.tar.gz"
    whole = sdist(broken, "a-1/PKG-INFO").read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SetupError, match=r"a\.tar\.gz can't be unpacked"):
        unpack_sdist(broken, tmp_path / "out")


def test_archive_with_two_top_level_folders_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="2 top-level folders"):
        unpack_sdist(sdist(tmp_path / "a.tar.gz", "a/x", "b/x"), tmp_path / "out")


def test_member_of_a_wheel_is_read(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("folder/file", b"content")
    assert read_member(wheel, "folder/file") == b"content"
    with pytest.raises(SetupError, match="does not contain folder/other"):
        read_member(wheel, "folder/other")


def test_invalid_wheel_is_an_error(tmp_path: Path) -> None:
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(b"<html>")
    with pytest.raises(SetupError, match=r"a\.whl"):
        read_member(wheel, "file")
