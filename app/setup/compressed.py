"""Compressed copies of the served files, named by the original's SHA-256 so that they can't be stale."""

from collections.abc import Iterator
from pathlib import Path

from ..errors import SetupError
from ..files import sha256_of, sources_in
from ..paths import COMPRESSED, Paths
from . import node
from .progress import StepProgress

MIN_BYTES = 1024
"""Smaller files fit into one packet anyway."""

QUALITIES = {".br": 9, ".gz": 9}
LARGE_BYTES = 12_000_000
LARGE_QUALITIES = {".br": 5, ".gz": 6}
"""For files that few pages fetch: scikit-learn and SciPy."""

NOT_FETCHED = ("pyodide/*.whl", "pyodide/*.zip")
"""Pages fetch the precompiled copies instead."""


def served_files(paths: Paths) -> list[Path]:
    """Return the files that are worth a compressed copy."""
    skipped = {path for pattern in NOT_FETCHED for path in paths.vendor.glob(pattern)}
    folders = {paths.static, paths.page, paths.library, paths.vendor}
    files = {path for folder in folders for path in sources_in(folder)} - skipped
    return sorted(path for path in files if path.stat().st_size >= MIN_BYTES)


def compress(paths: Paths, progress: StepProgress, *, lowest_priority: bool) -> list[Path]:
    """Create the missing copies, and return all of them.

    Until a copy is there, the file is served as it is.
    """
    folder = paths.vendor / COMPRESSED
    jobs = {target: job for file in served_files(paths) for target, job in _jobs(file, folder)}
    missing = {target: job for target, job in jobs.items() if not target.is_file()}
    progress.begin("compressing", len(missing), "files")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        jobs_for_node = [[source, target, *how] for target, (source, *how) in missing.items()]
        node.run_script("compress.mjs", jobs_for_node, lowest_priority=lowest_priority)
    except SetupError as error:
        progress.note(f"{error}\n      The files are served uncompressed.")
    return [target for target in jobs if target.is_file()]


def _jobs(file: Path, folder: Path) -> Iterator[tuple[Path, tuple[Path, str, int]]]:
    name = sha256_of(file)
    qualities = QUALITIES if file.stat().st_size < LARGE_BYTES else LARGE_QUALITIES
    for suffix, quality in qualities.items():
        yield folder / f"{name}{suffix}", (file, suffix, quality)
