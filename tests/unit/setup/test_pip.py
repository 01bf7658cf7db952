import io
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import SetupError
from app.files import sha256_of, write_bytes
from app.setup.lock import PyPIArchive
from app.setup.pip import downloaded
from app.setup.progress import StepProgress

SDIST = {
    "PKG-INFO": "Metadata-Version: 2.1\nName: chip\nVersion: 1.0\n",
    "pyproject.toml": '[build-system]\nrequires = ["none"]\nbuild-backend = "scikit_build_core.build"\n',
    "setup.py": "raise SystemExit('the code of an sdist was run')\n",
}


@pytest.fixture
def sdist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PyPIArchive:
    """Return an sdist that pip finds in a folder, and that can't be built."""
    path = tmp_path / "index" / "chip-1.0.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as archive:
        for name, text in SDIST.items():
            info = tarfile.TarInfo(f"chip-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return PyPIArchive("chip", "1.0", path.name, sha256_of(path))


def test_sdist_is_downloaded_without_running_its_code(
    sdist: PyPIArchive, tmp_path: Path, progress: StepProgress
) -> None:
    with downloaded(sdist, tmp_path / "work", progress) as path:
        assert sha256_of(path) == sdist.sha256
    assert list((tmp_path / "work").iterdir()) == []


def test_interrupted_download_leaves_nothing(
    sdist: PyPIArchive, tmp_path: Path, progress: StepProgress
) -> None:
    with pytest.raises(KeyboardInterrupt), downloaded(sdist, tmp_path / "work", progress):
        raise KeyboardInterrupt
    assert list((tmp_path / "work").iterdir()) == []


def test_leftovers_of_a_killed_download_are_deleted(
    sdist: PyPIArchive, tmp_path: Path, progress: StepProgress
) -> None:
    write_bytes(tmp_path / "work" / f"download-{sdist.name}" / "half", b"")
    with downloaded(sdist, tmp_path / "work", progress) as path:
        assert not (path.parent / "half").exists()
    assert list((tmp_path / "work").iterdir()) == []


def test_archive_with_another_name_is_an_error(
    sdist: PyPIArchive, tmp_path: Path, progress: StepProgress
) -> None:
    renamed = replace(sdist, file="chip-1.0.zip")
    with pytest.raises(SetupError, match="could not download"), downloaded(renamed, tmp_path, progress):
        pass


def test_missing_pip_says_how_to_install_it(
    sdist: PyPIArchive, tmp_path: Path, progress: StepProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(SetupError, match="-m ensurepip"), downloaded(sdist, tmp_path, progress):
        pass
