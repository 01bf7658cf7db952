"""Precompiled bytecode for the engine: Pyodide's packages, its standard library, and our own wheel."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import SetupError
from ..files import fingerprint, replacing, sha256_of, write_bytes
from ..paths import Paths
from . import node
from .progress import StepProgress
from .wheel import DISTRIBUTION

STANDARD_LIBRARY = "python_stdlib.zip"
NEVER_LOADED = ("micropip-", "packaging-")
FETCHED_AT_START = ("pyodide.asm.mjs", "pyodide.asm.wasm")

FOR_BUILDING = r".*\.(a|h|pxd|pyi|pyx)$"
NEVER_IMPORTED = (
    r"(__p?hello__|antigravity|bdb|cProfile|colorsys|compileall|doctest|ensurepip|filecmp|ftplib|idlelib"
    r"|imaplib|mailbox|modulefinder|netrc|nturl2path|pdb|pickletools|plistlib|poplib|profile|profiling|pstats"
    r"|pty|pyclbr|sched|shelve|smtplib|sqlite3|tabnanny|this|tkinter|trace|tty|turtle|turtledemo|venv|wave"
    r"|webbrowser|wsgiref|xml|xmlrpc|zipapp)(/|\.py$)"
)
"""Parts of the standard library that neither the engine nor scikit-learn imports."""

DOCUMENTED = r"_?pyodide/"
"""Parts of the standard library that keep their docstrings, which Pyodide reads when it starts."""

EVERYTHING = ""
"""NumPy and SciPy make docstrings of docstrings, and SciPy imports whatever `dir(numpy)` names."""


def compile_packages(paths: Paths, wheels: Sequence[str], progress: StepProgress) -> list[Path]:
    """Compile Pyodide's standard library and the wheels that the engine loads."""
    names = [STANDARD_LIBRARY, *(name for name in wheels if not name.startswith(NEVER_LOADED))]
    return compile_archives([paths.vendor / "pyodide" / name for name in names], paths, progress)


def compile_library(paths: Paths, wheel: Path, progress: StepProgress) -> list[Path]:
    """Compile the library's wheel, and write the lock of the engine's packages."""
    (compiled,) = compile_archives([wheel], paths, progress)
    original = json.loads((paths.vendor / "pyodide" / "pyodide-lock.json").read_text("utf-8"))
    lock = _lock(original, compiled)
    return [
        compiled,
        _write_json(compiled.with_name("pyodide-lock.json"), lock),
        _write_start(paths, compiled),
    ]


def compile_archives(sources: Sequence[Path], paths: Paths, progress: StepProgress) -> list[Path]:
    """Write archives with bytecode to static/vendor/engine; unchanged, if they can't be compiled."""
    targets = [paths.vendor / "engine" / source.name for source in sources]
    with ExitStack() as stack:
        parts = [stack.enter_context(replacing(target)) for target in targets]
        try:
            jobs = [[source, part, *_rules(source)] for source, part in zip(sources, parts, strict=True)]
            node.run_script("compile.mjs", jobs, paths.vendor / "pyodide")
        except SetupError as error:
            progress.note(
                f"{error}\n      The engine loads its packages as sources, so it starts some seconds later."
            )
            for source, part in zip(sources, parts, strict=True):
                part.write_bytes(source.read_bytes())
    return targets


def _rules(archive: Path) -> tuple[str, str]:
    """Return regular expressions of the members to leave out, and of those to keep with docstrings."""
    if archive.name == STANDARD_LIBRARY:
        return f"{FOR_BUILDING}|{NEVER_IMPORTED}", DOCUMENTED
    return FOR_BUILDING, EVERYTHING


def _lock(original: dict[str, Any], library: Path) -> dict[str, Any]:
    """Return Pyodide's lock, reduced to the packages in the folder of `library`, plus the library."""
    packages = {
        name: {
            **package,
            "sha256": sha256_of(library.with_name(package["file_name"])),
            "unvendored_tests": False,
        }
        for name, package in original["packages"].items()
        if library.with_name(package["file_name"]).is_file()
    }
    ours = {
        "name": DISTRIBUTION,
        "version": version(DISTRIBUTION),
        "file_name": library.name,
        "install_dir": "site",
        "sha256": sha256_of(library),
        "package_type": "package",
        "imports": ["sidflow_feedback"],
        "depends": ["numpy"],
        "unvendored_tests": False,
    }
    return {"info": original["info"], "packages": {**packages, DISTRIBUTION: ours}}


def _write_start(paths: Paths, library: Path) -> Path:
    """Write the sizes of the files that the engine fetches, for the progress bar, and their fingerprint."""
    engine = library.parent
    runtime = [*(paths.vendor / "pyodide" / name for name in FETCHED_AT_START), engine / STANDARD_LIBRARY]
    files = [*runtime, *engine.glob("numpy-*.whl"), library]
    start = {
        "runtime": fingerprint(runtime),
        "bytes": {path.relative_to(paths.vendor).as_posix(): path.stat().st_size for path in files},
    }
    return _write_json(engine / "start.json", start)


def _write_json(path: Path, value: object) -> Path:
    return write_bytes(path, json.dumps(value, separators=(",", ":")).encode())
