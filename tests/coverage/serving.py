"""Serves sources that report their lines, and writes down what browsers report."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.paths import BUNDLES, paths
from app.server import application
from app.server.settings import Settings
from app.setup.page_python import compile_page, page_sources
from tests.coverage.instrument import RECORDER, instrument

HERE: Final = Path(__file__).parent
FOLDER: Final = "SIDFLOW_TEST_LINES"
"""Environment variable: folder of the files with reported lines."""

ADDRESS: Final = "/test/lines"
WORKER: Final = "/test/browser/pyodide_worker.js"
PYODIDE_STARTED: Final = "const python = await loadPyodide();"
"""Statement of the tests' worker after which Python can run."""

ENGINE_START: Final = "await python.runPythonAsync(START);"
"""Statement of the engine's worker before which Python can run."""

ISOLATED: Final = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install() -> None:
    """Let all applications that this process makes from now on serve sources that report their lines."""
    create_app = application.create_app

    def create_reporting_app(settings: Settings | None = None, root_path: str = "/") -> FastAPI:
        app = create_app(_reporting(settings or Settings.from_environment()), root_path)
        app.add_middleware(Reports)
        return app

    application.create_app = create_reporting_app


def _reporting(settings: Settings) -> Settings:
    """Return the settings with copies of the page and of the library's files, which report their lines."""
    if not (settings.page / "modules.json").exists():
        return settings
    folder = Path(mkdtemp(dir=os.environ[FOLDER]))
    page = Path(shutil.copytree(settings.page, folder / "page"))
    library = Path(shutil.copytree(settings.library, folder / "sidflow_feedback"))
    vendor = Path(shutil.copytree(settings.vendor, folder / "vendor", copy_function=_link))
    copies = replace(paths(), page=page, library=library, vendor=vendor)
    modules = page_sources(copies)
    for path, file in modules.items():
        file.write_text(instrument(file.read_text("utf-8"), path), "utf-8")
    compile_page({**modules, f"{RECORDER}.py": HERE / "in_micropython.py"}, copies)
    worker = "sidflow_feedback/engine/worker.js"
    (vendor / BUNDLES / worker).unlink(missing_ok=True)  # Now the file itself is served.
    (folder / worker).write_text(_reported((folder / worker).read_text("utf-8"), "", ENGINE_START), "utf-8")
    return replace(settings, page=page, library=library, vendor=vendor)


def _link(source: str, target: str) -> None:
    """Copy a file without copying its content, where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Reports:
    """ASGI middleware that takes reports, and lets the tests' worker report its lines."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, served = scope.get("path"), self._app
        if path == ADDRESS:
            _write(await Request(scope, receive).body())
            served = Response(status_code=204)
        elif path == WORKER:
            served = Response(_worker(), headers=ISOLATED, media_type="text/javascript")
        await served(scope, receive, send)


def _worker() -> str:
    return _reported((HERE.parent / "browser" / "pyodide_worker.js").read_text("utf-8"), PYODIDE_STARTED, "")


def _reported(script: str, before: str, after: str) -> str:
    """Return a worker's script that runs ``in_pyodide.py`` between these statements."""
    assert before + after in script
    program = json.dumps((HERE / "in_pyodide.py").read_text("utf-8"))
    return script.replace(before + after, f"{before} python.runPython({program}); {after}")


def _write(report: bytes) -> None:
    with (Path(os.environ[FOLDER]) / f"{os.getpid()}.jsonl").open("ab") as file:
        file.write(report + b"\n")
