"""The compose file and the lock of ``deploy``, as far as no container is needed for it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = Path(sys.executable).with_name("podman-compose")


def test_compose_file_is_valid_and_has_no_secret() -> None:
    if not shutil.which("podman"):
        pytest.skip("podman is not installed (on Debian: apt-get install podman)")
    command = [str(COMPOSE), "--file", str(DEPLOY / "compose.yaml"), "config"]
    environment = {**os.environ, "POSTGRES_PASSWORD": "from-the-environment"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "postgresql://sidflow:from-the-environment@database/sidflow" in done.stdout
    assert "127.0.0.1:8064:8064" in done.stdout


def test_operators_get_the_versions_that_are_tested() -> None:
    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^ \\]+)", path.read_text(), flags=re.MULTILINE))

    theirs = pins(DEPLOY / "requirements.txt")
    assert {pin.partition("==")[0] for pin in theirs} >= {"fastapi", "psycopg-binary", "scikit-learn"}
    assert theirs <= pins(ROOT / "app" / "setup" / "requirements" / "dev.txt")
    assert not {pin.partition("==")[0] for pin in theirs} & {"pytest", "playwright", "ziglang"}
