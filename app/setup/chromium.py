"""A Chromium for the tests, and Debian's native SID player to compare with."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from ..errors import SetupError
from ..files import write_bytes
from ..paths import paths

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL_SECONDS = 600.0
"""Limit of one installation; on a closed network Playwright gives up long before."""


def chromium() -> Path:
    """Return the path of a Chromium that runs, installing one if there is none.

    In this order: the one found the last time, Playwright's own, the system's, Debian's package (as root).

    Raises
    ------
    SetupError
        If there is none, and none can be installed.
    """
    found = paths().work / "chromium.txt"
    ways: tuple[Callable[[], Path | None], ...] = (
        lambda: Path(found.read_text("utf-8")) if found.is_file() else None,
        _of_playwright,
        _install_of_playwright,
        _of_system,
        _install_of_debian,
    )
    for way in ways:
        path = way()
        if path and _runs(path):
            write_bytes(found, str(path).encode())
            return path
    raise SetupError(
        "The browser tests need Chromium, and none could be found or installed: "
        "install it (on Debian as root: apt-get install chromium) and run the tests again."
    )


def _of_playwright() -> Path:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def _install_of_playwright() -> Path:
    _try([sys.executable, "-m", "playwright", "install", "chromium"])
    return _of_playwright()


def _of_system() -> Path | None:
    return next((Path(path) for name in SYSTEM_NAMES if (path := shutil.which(name))), None)


def _install_of_debian() -> Path | None:
    install_debian("chromium")
    return _of_system()


def install_debian(package: str) -> None:
    """Install a Debian package if this is root on a Debian; otherwise do nothing."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _try(["apt-get", "update"])
        _try(["apt-get", "install", "--yes", "--no-install-recommends", package])


def _try(command: list[str]) -> None:
    """Run a command whose failure is not the end; what went wrong is said in a line."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True
        )
    except subprocess.SubprocessError as error:
        reason = next(iter((getattr(error, "stderr", None) or str(error)).strip().splitlines()[:1]), "")
        _note(f"{' '.join(command[-3:])} did not work ({reason}); trying another way.")


def _note(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def _runs(path: Path) -> bool:
    """Return whether the executable starts at all: one whose system libraries are missing does not."""
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    """Print the path of the Chromium, and provide the native SID player where that can be done."""
    try:
        path = chromium()
    except SetupError as error:
        _note(str(error))
        return 1
    if not shutil.which("sidplayfp"):
        install_debian("sidplayfp")
    Console().print(str(path), markup=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
