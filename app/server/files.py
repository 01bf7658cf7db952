"""The page and the static files."""

import mimetypes
import os
from pathlib import Path, PurePosixPath

from fastapi import FastAPI, Request, Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from app.server.settings import Settings

# Given here because Python's table and the system's differ from machine to machine.
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".sid": "audio/prs.sid",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}
for _suffix, _media_type in MEDIA_TYPES.items():
    mimetypes.add_type(_media_type, _suffix)


class Files(StaticFiles):
    """Files of one folder, revalidated by ETag at each use; hidden files and bytecode are not served.

    Parameters
    ----------
    directory
        The folder; as long as it is missing, so are its files (404).
    suffix
        Only files whose name ends with this are served.
    """

    def __init__(self, directory: Path, suffix: str = "") -> None:
        super().__init__(directory=directory, check_dir=False)
        self._suffix = suffix

    async def check_config(self) -> None:
        """Accept a folder that set-up has yet to make."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a served file; the folder is never left, not even by a symbolic link."""
        parts = PurePosixPath(path).parts
        if any(part.startswith((".", "__pycache__")) for part in parts) or not path.endswith(self._suffix):
            return "", None
        return super().lookup_path(path)

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Answer with a file, or with 304 when the client has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        return response


def mount_files(app: FastAPI, settings: Settings) -> None:
    """Serve the page at `/` and the folders of `settings` below their addresses."""
    page = Files(settings.page)
    app.mount("/page", page)
    app.mount("/lib/sidflow_feedback", Files(settings.library, suffix=".py"))
    app.mount("/static/vendor", Files(settings.vendor))  # elsewhere than `static` in an installed wheel
    app.mount("/static", Files(settings.static))

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def index(request: Request) -> Response:
        return await page.get_response("index.html", request.scope)
