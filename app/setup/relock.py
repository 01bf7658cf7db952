"""Updates the lock from the installed npm packages after a version change (`make lock`).

The two archives from the Python package index and the list of served files stay unchanged.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path

from ..files import sha256_of, write_bytes
from ..paths import paths
from .lock import LOCK_FILE, Lock, NpmPackage, PyodideWheels, read_lock


def relock(lock: Lock, modules: Path) -> Lock:
    """Return `lock` with the versions and checksums of the packages in `modules`, a node_modules folder."""
    pyodide = json.loads((modules / "pyodide" / "pyodide-lock.json").read_text("utf-8"))
    return replace(
        lock,
        npm=tuple(_relock_package(package, modules / package.name) for package in lock.npm),
        pyodide_wheels=_relock_wheels(lock.pyodide_wheels, pyodide["packages"]),
    )


def _relock_package(package: NpmPackage, folder: Path) -> NpmPackage:
    version = json.loads((folder / "package.json").read_text("utf-8"))["version"]
    files = {name: sha256_of(folder / package.source / name) for name in package.files}
    return replace(package, version=version, files=files)


def _relock_wheels(wheels: PyodideWheels, packages: dict[str, dict[str, str]]) -> PyodideWheels:
    wanted = {name.split("-")[0].replace("_", "-") for name in wheels.files}
    files = {packages[name]["file_name"]: packages[name]["sha256"] for name in sorted(wanted)}
    return replace(wheels, files=files)


def main() -> None:
    """Rewrite the lock file."""
    lock = relock(read_lock(), paths().manifests / "node_modules")
    write_bytes(LOCK_FILE, (json.dumps(asdict(lock), indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
