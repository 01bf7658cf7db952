"""The units of ``deploy/systemd``, checked by systemd itself. `make test-container` runs them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
PROGRAM = "/opt/sidflow/current/bin/sidflow-feedback"
MAX_EXPOSURE = 15
"""In tenths, of 100. systemd calls a service with up to 20 well protected."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder of their own, with a program that exists."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed (on Debian: apt-get install systemd)")
    folder = tmp_path / "system"
    shutil.copytree(UNITS, folder)
    for name in SERVICES:
        text = (folder / name).read_text()
        assert f"ExecStart={PROGRAM} " in text
        (folder / name).write_text(text.replace(PROGRAM, "/bin/true"))
    return folder


def analyze(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize("name", sorted(path.name for path in UNITS.iterdir() if path.is_file()))
def test_units_are_valid(units: Path, name: str) -> None:
    done = analyze("verify", "--man=no", f"./{name}", folder=units)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_services_are_sandboxed(units: Path, name: str) -> None:
    arguments = ("--offline=yes", f"--threshold={MAX_EXPOSURE}", f"./{name}")
    done = analyze("security", *arguments, folder=units)
    assert done.returncode == 0, done.stdout
    assert f"Overall exposure level for {name}" in done.stdout


def test_training_runs_every_night(units: Path) -> None:
    [schedule] = [
        line.partition("=")[2]
        for line in (units / "sidflow-train.timer").read_text().splitlines()
        if line.startswith("OnCalendar=")
    ]
    done = analyze("calendar", schedule, folder=units)
    assert "Next elapse:" in done.stdout
    assert schedule.startswith("*-*-* ")
