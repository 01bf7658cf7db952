"""Runs set-up's own JavaScript with Node.js, which comes with npm."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from ..errors import SetupError

SECONDS = 600.0
"""Time limit of a run, enough for very slow machines."""


def run_script(script: str, jobs: object, *arguments: Path, lowest_priority: bool = False) -> None:
    """Run a script in this folder, with `jobs` as a line of JSON on its standard input.

    Its input stays open: by its end, the script finds out that set-up was killed.

    Raises
    ------
    SetupError
        If Node.js is missing or the script fails.
    """
    node = shutil.which("node")
    if node is None:
        raise SetupError("Node.js was not found. Install Node.js 20 or later, then run set-up again.")
    command = [node, str(Path(__file__).with_name(script)), *map(str, arguments)]
    if lowest_priority and (nice := shutil.which("nice")):
        command = [nice, "-n", "19", *command]
    try:
        _run(command, json.dumps(jobs, default=str))
    except (OSError, subprocess.SubprocessError) as error:
        lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise SetupError(f"Node.js could not run {script}: " + "\n  ".join(lines[-8:])) from error


def _run(command: Sequence[str], line: str) -> None:
    with (
        TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=errors, stderr=errors, text=True) as process,
    ):
        assert process.stdin
        try:
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            status = process.wait(SECONDS)
        except BaseException:
            process.kill()
            raise
        if status:
            errors.seek(0)
            raise subprocess.CalledProcessError(status, command, stderr=errors.read())
