"""The browser of a page that has installed the library as a package. Pyodide."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import js
import pyodide_js
from pyodide.code import run_js
from pyodide.ffi import create_proxy, to_js

PACKAGE = Path(__file__).parents[1]

_IMPORT = re.compile(r'(?<=\bfrom )"(\.{1,2}/[^"]+)"')
_MEDIA_TYPES = {".js": "text/javascript", ".json": "application/json"}


class InstalledBrowser:
    """The library's JavaScript modules, and an engine that starts from the same package.

    `load` makes one.

    Parameters
    ----------
    files
        Where the browser finds the package's files.
    modules
        The JavaScript module ``modules.js``.
    """

    def __init__(self, files: PackageFiles, modules: Any) -> None:
        self.modules = modules
        self.make_uuid = js.crypto.randomUUID
        self.create_proxy = create_proxy
        self._files = files

    @classmethod
    async def load(cls) -> InstalledBrowser:
        """Import the modules."""
        files = PackageFiles(PACKAGE)
        load = run_js("(address) => import(address)")
        return cls(files, await load(files.address("page/modules.js")))

    def engine_setup(self, choices: dict[str, str]) -> Any:
        """Return a `Setup` of ``host.js`` with these entries. It has the page's own Pyodide."""
        pyodide = pyodide_js._api.config
        options = {"indexURL": pyodide.indexURL, "packages": ["numpy"]}
        if lock := getattr(pyodide, "lockFileURL", None):
            options["lockFileURL"] = lock
        setup = {
            "worker": self._files.address("engine/worker.js"),
            "interpreter": pyodide.indexURL + "pyodide.mjs",
            "options": options,
            "archive": self._files.archive(),
            "folder": str(PACKAGE.parent),
            "database": self._files.address("store/indexeddb.js"),
            "model": self._files.address("learning/first_model.json"),
        }
        return _to_object(setup | choices)


class PackageFiles:
    """Gives files of a package addresses in the browser, which last as long as the page.

    Parameters
    ----------
    package
        The package's folder.
    """

    def __init__(self, package: Path) -> None:
        self._package = package.resolve()
        self._addresses: dict[Path, str] = {}

    def address(self, name: str) -> str:
        """Return the address of a file, and of a JavaScript module together with all that it imports."""
        return self._address(self._package / name)

    def archive(self) -> bytes:
        """Return the package's Python files as a zip file."""
        archive = io.BytesIO()
        with ZipFile(archive, "w", ZIP_DEFLATED) as file:
            for path in sorted(self._package.rglob("*.py")):
                file.write(path, path.relative_to(self._package.parent))
        return archive.getvalue()

    def _address(self, path: Path) -> str:
        if path not in self._addresses:
            # Relative imports lead nowhere from a blob, so they become addresses.
            text = _IMPORT.sub(
                lambda found: f'"{self._address((path.parent / found[1]).resolve())}"',
                path.read_text("utf-8"),
            )
            blob = js.Blob.new(to_js([text]), _to_object({"type": _MEDIA_TYPES[path.suffix]}))
            self._addresses[path] = js.URL.createObjectURL(blob)
        return self._addresses[path]


def _to_object(values: dict[str, Any]) -> Any:
    return to_js(values, dict_converter=js.Object.fromEntries)
