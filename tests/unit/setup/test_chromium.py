import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.paths import Paths
from app.setup import chromium as module
from app.setup.chromium import chromium, main

Program = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def closed_network(here: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave no browser in sight, and Playwright nothing to download from."""
    monkeypatch.setattr(module, "paths", lambda: here)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:1")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    def write(name: str, script: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def playwright_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip Playwright's own attempts, which take seconds even when each is refused at once."""
    monkeypatch.setattr(module, "_install_playwright_chromium", lambda: None)


def test_missing_chromium_is_one_clear_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 1
    *notes, sentence = capsys.readouterr().err.strip().splitlines()
    assert "none could be installed" in sentence
    assert "Traceback" not in "".join(notes)


@pytest.mark.usefixtures("playwright_tried")
def test_chromium_of_the_system_is_found_and_remembered(program: Program, here: Paths) -> None:
    path = program("chromium", "exit 0")
    assert chromium() == path
    assert (here.work / "chromium.txt").read_text() == str(path)
    renamed = path.rename(path.with_name("other"))
    (here.work / "chromium.txt").write_text(str(renamed))
    assert chromium() == renamed


@pytest.mark.usefixtures("playwright_tried")
def test_chromium_that_does_not_start_is_ignored(program: Program) -> None:
    program("chromium", "exit 127")
    assert main() == 1


@pytest.mark.usefixtures("playwright_tried")
def test_chromium_is_installed_as_root_on_debian(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    target = tmp_path / "bin" / "chromium"
    program(
        "apt-get", f'case "$*" in *chromium*) echo "#!/bin/sh" > {target}; /bin/chmod 755 {target};; esac'
    )
    assert chromium() == target


@pytest.mark.usefixtures("playwright_tried")
def test_chromium_is_not_installed_without_root(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    program("apt-get", f"echo run > {tmp_path / 'run'}")
    assert main() == 1
    assert not (tmp_path / "run").exists()
