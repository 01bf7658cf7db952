"""Plays with sidplayfp on this machine: one process at a time, which ends with the server."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from .errors import PlayerUnavailableError

PROGRAM = "sidplayfp"
SETTLE_SECONDS = 0.4
"""Without a sound output, sidplayfp exits within this time."""

ABANDONED_SECONDS = 120.0
"""Without a state request for so long, the page is gone. A hidden page sends one a minute or more."""

_STDERR_BYTES = 4096
_EXIT_WITH_SERVER = Path(__file__).with_name("exit_with_server.py")


class CliPlayer:
    """Plays through the speakers of the machine that the server runs on.

    Parameters
    ----------
    program
        Name of the executable in PATH.
    abandoned_seconds
        How long it keeps playing when no page requests its state.
    """

    def __init__(self, program: str = PROGRAM, abandoned_seconds: float = ABANDONED_SECONDS) -> None:
        self._program = program
        self._abandoned_seconds = abandoned_seconds
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._status = "idle"
        self._song = 0
        self._stderr = b""
        self._last_request = 0.0

    async def unavailable(self) -> str | None:
        """Return why it can't be used, or None if it can."""
        if shutil.which(self._program) is None:
            return (
                f"{self._program} is not installed on the server's machine. Install it (on Debian: apt-get "
                "install sidplayfp), then choose it again."
            )
        return None

    async def play(self, data: bytes, song: int) -> None:
        """Play a song from its beginning, in place of the current one.

        Raises
        ------
        PlayerUnavailableError
            If the program is missing or exits immediately.
        """
        if reason := await self.unavailable():
            raise PlayerUnavailableError(reason)
        async with self._lock:
            await self._end()
            tune = self._tune_path()
            tune.write_bytes(data)
            self._process = await asyncio.create_subprocess_exec(
                *_tied_to_server(self._program, "-q", "-os", f"-o{song}", "-t0", str(tune)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            self._status, self._song, self._stderr = "playing", song, b""
            self._last_request = asyncio.get_running_loop().time()
            self._watch = asyncio.create_task(self._follow(self._process))
            await asyncio.wait({self._watch}, timeout=SETTLE_SECONDS)
            if self._status == "error":
                raise PlayerUnavailableError(self._reason())

    async def pause(self) -> None:
        """Pause the process."""
        self._signal(signal.SIGSTOP, "playing", "paused")

    async def resume(self) -> None:
        """Resume the process."""
        self._signal(signal.SIGCONT, "paused", "playing")

    async def stop(self) -> None:
        """End the process."""
        async with self._lock:
            await self._end()

    async def state(self) -> dict[str, Any]:
        """Return status (idle, playing, paused, ended, error), song, and error message."""
        self._last_request = asyncio.get_running_loop().time()
        error = self._reason() if self._status == "error" else ""
        return {"status": self._status, "song": self._song, "error": error}

    async def aclose(self) -> None:
        """End the process and delete the tune."""
        await self._end()
        if self._folder is not None:
            self._folder.cleanup()

    def _tune_path(self) -> Path:
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="sidflow-")
        return Path(self._folder.name) / "tune.sid"

    def _signal(self, number: signal.Signals, before: str, after: str) -> None:
        if self._process is not None and self._status == before:
            self._process.send_signal(number)
            self._status = after

    async def _follow(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        reading = asyncio.create_task(self._read_stderr(process.stderr))
        ending = asyncio.create_task(process.wait())
        while not ending.done():
            await asyncio.wait({ending}, timeout=min(1.0, self._abandoned_seconds))
            idle = asyncio.get_running_loop().time() - self._last_request
            if idle > self._abandoned_seconds and not ending.done():
                process.kill()
        await reading
        self._status = "ended" if process.returncode == 0 else "error"

    async def _read_stderr(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(_STDERR_BYTES):
            self._stderr = (self._stderr + chunk)[-_STDERR_BYTES:]

    async def _end(self) -> None:
        process, watch = self._process, self._watch
        self._process = self._watch = None
        if process is not None and watch is not None:
            if process.returncode is None:
                process.kill()  # SIGKILL also ends a stopped process.
            await watch
        self._status = "idle"

    def _reason(self) -> str:
        lines = self._stderr.decode(errors="replace").replace(str(self._tune_path()), "the tune").split("\n")
        reason = next((line.strip() for line in reversed(lines) if "ERROR" in line), "no error message")
        return (
            f"{self._program} exited before the end of the tune ({reason}). "
            "Check the sound output of this machine."
        )


def _tied_to_server(*command: str) -> tuple[str, ...]:
    """Return a command that also ends when this process is killed, if the system supports that."""
    if sys.platform != "linux":
        return command
    return (sys.executable, "-I", "-S", str(_EXIT_WITH_SERVER), str(os.getpid()), *command)
