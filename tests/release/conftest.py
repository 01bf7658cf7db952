"""Wheels built from this checkout, and installations of them that know nothing of it."""

import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from app.paths import APP, paths

PIP = (sys.executable, "-m", "pip")
BUILD = (*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
INSTALL = ("install", "--quiet", "--no-index", "--no-compile")
PROJECTS = (paths().manifests, APP, APP / "scikit")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """All wheels, by the names of their distributions."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run([*BUILD, "--wheel-dir", str(folder), *map(str, PROJECTS)], check=True)
    return {path.name.split("-")[0]: path for path in folder.iterdir()}


@pytest.fixture(scope="session")
def library(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the library and what it requires."""
    return environment(tmp_path_factory.mktemp("library"), wheels, "sidflow_feedback")


@pytest.fixture(scope="session")
def application(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the application and what it requires, without any extra."""
    return environment(tmp_path_factory.mktemp("application"), wheels, "sidflow_feedback", "sidflow_app")


def environment(folder: Path, wheels: dict[str, Path], *names: str) -> Path:
    """Make an environment and install distributions; what they require comes from this environment."""
    venv.create(folder, symlinks=True)
    site = site_packages(folder)
    link(site, required(line for name in names for line in metadata(wheels[name])))
    target = [*PIP, "--python", str(folder / "bin" / "python")]
    subprocess.run([*target, *INSTALL, *(str(wheels[name]) for name in names)], check=True)
    return folder


def site_packages(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def metadata(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        return archive.read(name).decode().splitlines()


def required(lines: Iterable[str]) -> set[str]:
    """Return the names of the distributions that are required, and those that they require in turn."""
    found: set[str] = set()
    open_ = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]
    while open_:
        requirement = open_.pop()
        extras = requirement.extras or {""}
        needed = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        if not needed or requirement.name in found or requirement.name == "sidflow-feedback":
            continue
        found.add(requirement.name)
        for text in distribution(requirement.name).requires or ():
            further = Requirement(text)
            if not further.marker or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                open_.append(Requirement(text.partition(";")[0]))
    return found


def link(site: Path, names: Iterable[str]) -> None:
    """Make distributions of this environment importable from a site-packages folder."""
    for name in names:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(str(found.locate_file(top)))
