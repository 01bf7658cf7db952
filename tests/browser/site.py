"""The real server with additional routes for browser tests."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from starlette.staticfiles import StaticFiles

from app.server.application import create_app
from app.server.settings import Settings
from app.setup.wheel import build_library_wheel
from sidflow_feedback.learning.manifest import model_to_manifest
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler

ROOT = Path(__file__).resolve().parents[2]
PYTHON_FILES = ("tests/patience.py", "tests/contracts/*.py", "tests/browser/in_pyodide/*.py")
MODEL = model_to_manifest(
    Model("global-test", "global-test", FeatureScaler((0.0,) * 8, (1.0,) * 8), Network.random(1)), {}
)


@dataclass
class Site:
    """The served application.

    Attributes
    ----------
    url
        Address of its root, without a slash at the end.
    wheel
        Address of the library's wheel, built from the current sources.
    database
        The server's SQLite file.
    on_kill
        Called when a page requests /test/kill.
    aborted
        Number of requests to /silent/… that the client aborted.
    """

    url: str = ""
    wheel: str = ""
    database: Path = Path()
    on_kill: Callable[[], None] = lambda: None
    aborted: int = 0
    files: dict[str, str] = field(default_factory=dict)
    """Python files of the tests, for Pyodide, by path."""


@contextmanager
def serve_application(folder: Path) -> Iterator[Site]:
    """Serve the application on a free loopback port; it writes only below `folder`."""
    site = Site(files=_python_files(), database=folder / "feedback.sqlite3")
    app = _application(site, folder)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        site.wheel = f"{site.url}/test/wheels/{next((folder / 'wheels').glob('*.whl')).name}"
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="critical", ws="none", lifespan="on", proxy_headers=False)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.005)
            yield site
        finally:
            server.should_exit = True
            thread.join()


def _application(site: Site, folder: Path) -> FastAPI:
    model = folder / "model.json"
    model.write_text(json.dumps(MODEL))
    settings = replace(
        Settings.from_environment({}),
        database_url=f"sqlite:///{site.database}",
        model_path=model,
    )
    app = create_app(settings)
    build_library_wheel(settings.library, folder / "wheels")
    app.mount("/test/wheels", StaticFiles(directory=folder / "wheels"))
    app.mount("/test/browser", StaticFiles(directory=ROOT / "tests" / "browser"))
    nowhere = folder / "nowhere.json"
    app.mount("/without-model", create_app(replace(settings, model_path=nowhere, first_model=nowhere)))

    @app.get("/test/kill")
    async def kill() -> None:
        site.on_kill()

    @app.get("/silent/api/model/latest")
    async def silent(request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        site.aborted += 1

    return app


def _python_files() -> dict[str, str]:
    paths = (path for pattern in PYTHON_FILES for path in sorted(ROOT.glob(pattern)))
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}
