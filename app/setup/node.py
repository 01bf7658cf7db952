"""Runs set-up's own JavaScript with Node.js, which comes with npm."""

import json
import shutil
import subprocess
from pathlib import Path

from ..errors import SetupError

SECONDS = 600.0
"""Time limit of a run, enough for very slow machines."""


def run_script(script: str, jobs: object, *arguments: Path) -> None:
    """Run a script in this folder, with `jobs` as JSON on its standard input.

    Raises
    ------
    SetupError
        If Node.js is missing or the script fails.
    """
    node = shutil.which("node")
    if node is None:
        raise SetupError("Node.js was not found. Install Node.js 20 or later, then run set-up again.")
    command = [node, str(Path(__file__).with_name(script)), *map(str, arguments)]
    text = json.dumps(jobs, default=str)
    try:
        subprocess.run(command, input=text, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise SetupError(f"Node.js could not run {script}: " + "\n  ".join(lines[-8:])) from error
