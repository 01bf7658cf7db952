"""Installs packages with npm, and copies the files that are served."""

import shutil
import subprocess
from pathlib import Path

from ..errors import SetupError
from ..files import checked, write_bytes
from ..paths import Paths
from .lock import NpmPackage

MANIFESTS = ("package.json", "package-lock.json")


def install(paths: Paths) -> list[Path]:
    """Install the packages that the page loads, and return the file that npm writes last.

    No script of a package is run.

    Raises
    ------
    SetupError
        If npm is missing or fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError(
            "npm was not found, and set-up needs it to fetch PyScript, Pyodide and MicroPython: install "
            "Node.js 20 or later with npm (on Debian: apt-get install nodejs npm) and run set-up again."
        )
    _bring_manifests(paths)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    _run([npm, "ci", *options, "--omit=dev"], paths.npm)
    return [paths.npm / "node_modules" / ".package-lock.json"]


def _bring_manifests(paths: Paths) -> None:
    for name in MANIFESTS:
        write_bytes(paths.npm / name, (paths.manifests / name).read_bytes())


def _run(command: list[str], folder: Path) -> None:
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if result.returncode:
        reason = "\n  ".join((result.stderr or result.stdout).strip().splitlines()[:12])
        raise SetupError(
            f"npm could not install the packages of {folder / MANIFESTS[1]}:\n  {reason}\n"
            "Check that the npm registry can be reached (see npm's own settings), then run set-up again."
        )


def serve_package(package: NpmPackage, paths: Paths, folder: Path | None = None) -> list[Path]:
    """Copy the served files of an installed package into `folder`, verifying each against the lock.

    The default folder is static/vendor.
    """
    target = (folder or paths.vendor) / package.target
    return [write_bytes(target / name, read_file(package, name, paths)) for name in package.files]


def read_file(package: NpmPackage, name: str, paths: Paths) -> bytes:
    """Return the content of a file of an installed package, verified against the lock."""
    source = paths.npm / "node_modules" / package.name / package.source / name
    if not source.is_file():
        raise SetupError(f"{source} is missing. Delete the folder node_modules and run set-up again.")
    return checked(source.read_bytes(), package.files[name], str(source))
