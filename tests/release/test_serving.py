"""The installed application in an environment of its own, without a network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WITH_LOOPBACK = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
NETWORKS = (
    ("unshare", "--net", *WITH_LOOPBACK),
    ("unshare", "--map-root-user", "--net", *WITH_LOOPBACK),
)
"""Commands that run a program with no network but a loopback interface: as root, and as a user."""


@pytest.fixture(scope="module")
def closed_network() -> tuple[str, ...]:
    for network in NETWORKS:
        if subprocess.run([*network, "true"], capture_output=True, check=False).returncode == 0:
            return network
    pytest.skip("this system lets no program have a network of its own")


def test_page_plays_and_learns_without_a_network(
    application: Path, closed_network: tuple[str, ...], tmp_path: Path
) -> None:
    visit = [sys.executable, "-m", "tests.release.visit", str(application), str(tmp_path)]
    done = subprocess.run([*closed_network, *visit], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["elsewhere"] == []
    assert (tmp_path / ".local" / "share" / "sidflow-feedback" / "feedback.sqlite3").is_file()


def test_network_is_closed(closed_network: tuple[str, ...]) -> None:
    connect = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    done = subprocess.run([*closed_network, sys.executable, "-c", connect], capture_output=True, check=False)
    assert b"Network is unreachable" in done.stderr
