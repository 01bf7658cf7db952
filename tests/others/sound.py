"""A silent sound card: these browsers have no audio clock without one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.patience import PATIENCE


@contextmanager
def silent_sound_card(folder: Path) -> Iterator[dict[str, str]]:
    """Run a sound server; yield the environment variables for programs that use it."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    modules = [f"--load={module}" for module in ("module-null-sink", "module-native-protocol-unix")]
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", *modules]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(folder / "pulse" / "native", server)
        yield environment
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until `process` has created this file."""
    end = monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        assert monotonic() < end, f"{process.args!r} has not made {path}"
        sleep(0.05)
