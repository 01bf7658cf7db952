"""From a bare clone with empty caches to a page that plays: `make run`, step by step.

A tune can be clicked when these are served: the page, the emulator, the list of demo tunes, and a tune of it.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]
CACHES = ("PIP_CACHE_DIR", "UV_CACHE_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "npm_config_cache")
FIRST_CLICK = ("", "static/vendor/sid/sid.wasm", "static/vendor/tunes/catalog.json")
DONE = re.compile(r"\[\d+/\d+\] (.*): done in ([\d.]+) s")
ADDRESS = re.compile(r"http://[\w.]+:\d+/")


def main() -> int:
    """Measure, and print one JSON object."""
    with TemporaryDirectory() as temporary:
        clone, home = Path(temporary, "clone"), Path(temporary, "home")
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        sys.stdout.write(json.dumps(measure(clone, empty(home)), indent=1) + "\n")
    return 0


def empty(home: Path) -> dict[str, str]:
    """Return the environment with an empty home, and without the caches and packages of another one."""
    kept = {name: value for name, value in os.environ.items() if name not in (*CACHES, "VIRTUAL_ENV")}
    return {**kept, "HOME": str(home), "NO_COLOR": "1"}


def measure(clone: Path, environment: Mapping[str, str]) -> dict[str, object]:
    """Return the figures of `make run` in `clone`."""
    started, fetched = time.monotonic(), received()
    subprocess.run(["make", ".venv/run"], cwd=clone, env=environment, stdout=sys.stderr, check=True)
    seconds = {"Python packages": round(time.monotonic() - started, 1)}
    with serving(clone, environment, seconds) as address:
        fetch_first_click(address)
        total = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds_to_serving": round(total, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "seconds_by_step": seconds,
        "venv_mb": megabytes(clone / ".venv"),
        "fetched_mb": round((received() - fetched) / 1e6),
        "load": os.getloadavg()[0],
    }


@contextmanager
def serving(clone: Path, environment: Mapping[str, str], seconds: dict[str, float]) -> Iterator[str]:
    """Do what `make run` does next, on a free port, and note the seconds of each step."""
    command = [str(clone / ".venv/bin/python"), "-m", "app", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=clone, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield _announced(server, seconds)
        finally:
            server.terminate()


def _announced(server: "subprocess.Popen[str]", seconds: dict[str, float]) -> str:
    for line in server.stdout or ():
        sys.stderr.write(line)
        if step := DONE.match(line):
            seconds[step[1]] = float(step[2])
        if "The page is at" in line and (address := ADDRESS.search(line)):
            return address[0]
    raise RuntimeError("Set-up failed; its message is above.")


def fetch_first_click(address: str) -> None:
    """Fetch what the first click on a tune needs."""
    for path in FIRST_CLICK:
        with urlopen(address + path) as answer:
            content = answer.read()
    file = json.loads(content)["tunes"][0]["url"]
    with urlopen(f"{address}static/vendor/tunes/{file}") as answer:
        answer.read()


def megabytes(folder: Path) -> int:
    """Return the size of a folder on disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*")) // 1_000_000


def received() -> int:
    """Return the bytes that this machine has received over its networks, by whatever program."""
    lines = Path("/proc/net/dev").read_text("utf-8").splitlines()[2:]
    counts = {name.strip(): int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return sum(count for name, count in counts.items() if name != "lo")


if __name__ == "__main__":
    sys.exit(main())
