import os
import shutil
import subprocess
import sys
import time
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from app.paths import APP, paths
from app.setup.wheel import EPOCH, build_library_wheel


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return build_library_wheel(paths().library, tmp_path / "wheels")


def test_same_sources_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "sidflow_feedback"
    shutil.copytree(paths().library, copy)
    for path in copy.rglob("*.py"):
        os.utime(path, (time.time(), 1_000_000_000))
    assert build_library_wheel(copy, tmp_path / "other").read_bytes() == wheel.read_bytes()
    with ZipFile(wheel) as archive:
        assert {member.date_time for member in archive.infolist()} == {EPOCH}


def test_wheel_requires_what_the_project_does(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    project = tomllib.loads((APP.parent / "pyproject.toml").read_text("utf-8"))["project"]
    assert {Requirement(each) for each in metadata.get_all("Requires-Dist") or ()} == {
        Requirement(each) for each in project["dependencies"]
    }
    assert wheel.name == f"sidflow_feedback-{metadata['Version']}-py3-none-any.whl"


def test_wheel_has_the_library_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        assert not [name for name in archive.namelist() if "__pycache__" in name]
    assert {top.split("-")[0] for top in tops} == {"sidflow_feedback"}


def test_wheel_is_installed_and_imported(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(wheel)], check=True)
    code = "import sidflow_feedback; print(sidflow_feedback.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(target)}
    output = subprocess.check_output([sys.executable, "-c", code], env=environment, cwd=tmp_path, text=True)
    assert Path(output.strip()) == target / "sidflow_feedback" / "__init__.py"
