"""Provides Chromium for the tests, and Debian's native SID player for comparison."""

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
"""Time limit of an installation. Without network access, Playwright gives up long before."""


def chromium() -> Path:
    """Return the path of a working Chromium, installing one if necessary.

    Tried in this order: the one used last time, Playwright's, the system's, and Debian's package (as root).

    Raises
    ------
    SetupError
        If none is found or can be installed.
    """
    found = paths().work / "chromium.txt"
    known = Path(found.read_text("utf-8")) if found.is_file() else None
    sources: tuple[Callable[[], Path | None], ...] = (
        lambda: known,
        _playwright_chromium,
        _install_playwright_chromium,
        _system_chromium,
        _install_debian_chromium,
    )
    for source in sources:
        path = source()
        if path and _runs(path):
            if path != known:  # Tests ask in several processes at once, and all would write.
                write_bytes(found, str(path).encode())
            return path
    raise SetupError(
        "The browser tests need Chromium, but none was found and none could be installed. "
        "Install it (on Debian as root: apt-get install chromium), then run the tests again."
    )


def _playwright_chromium() -> Path:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def _install_playwright_chromium() -> Path:
    _try_command([sys.executable, "-m", "playwright", "install", "chromium"])
    return _playwright_chromium()


def _system_chromium() -> Path | None:
    return next((Path(path) for name in SYSTEM_NAMES if (path := shutil.which(name))), None)


def _install_debian_chromium() -> Path | None:
    install_debian("chromium")
    return _system_chromium()


def install_debian(package: str) -> None:
    """Install a Debian package when running as root on Debian; otherwise do nothing."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _try_command(["apt-get", "update"])
        _try_command(["apt-get", "install", "--yes", "--no-install-recommends", package])


def _try_command(command: list[str]) -> None:
    """Run a command that may fail; print a failure in one line."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True
        )
    except subprocess.SubprocessError as error:
        reason = next(iter((getattr(error, "stderr", None) or str(error)).strip().splitlines()[:1]), "")
        _note(f"{' '.join(command[-3:])} failed ({reason}); trying another way.")


def _note(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def _runs(path: Path) -> bool:
    """Return whether the executable starts. It doesn't if system libraries are missing."""
    try:
        return (
            subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    """Print the path of Chromium, and install the native SID player if possible."""
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
