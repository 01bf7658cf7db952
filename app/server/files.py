"""Serving the page and static files."""

import gzip
import mimetypes
import os
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from ..paths import COMPRESSED
from .headers import PAGE_HEADERS
from .release import ETAG_DIGITS, LIBRARY_SUFFIXES, PREFIX, Contents, Release, Releases
from .settings import Settings

# Python's table of media types depends on the system, so ours is explicit.
MEDIA_TYPES = {
    ".bin": "application/octet-stream",
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".mus": "application/octet-stream",
    ".py": "text/x-python",
    ".sid": "audio/prs.sid",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".whl": "application/zip",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}
for _suffix, _media_type in MEDIA_TYPES.items():
    mimetypes.add_type(_media_type, _suffix)

CACHE_IMMUTABLE = "public, max-age=31536000, immutable"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings in order of preference, with the suffixes of the compressed copies."""


class Files(StaticFiles):
    """Files of one folder, revalidated by ETag at each use. Hidden files and bytecode are not served.

    If set-up has made a compressed copy and the client accepts its coding, the copy is sent.

    Parameters
    ----------
    directory
        The folder. While it doesn't exist, its files are 404.
    suffixes
        Only files with these suffixes are served.
    contents, copies
        Checksums of files, for their ETags, and the folder of the compressed copies.
    """

    def __init__(
        self, directory: Path, contents: Contents, copies: Path, suffixes: tuple[str, ...] = ("",)
    ) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._contents = contents
        self._copies = copies
        self._suffixes = suffixes

    async def check_config(self) -> None:
        """Accept a folder that set-up hasn't created yet."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a served file. Nothing outside the folder is found, not even through a symbolic link."""
        parts = PurePosixPath(path).parts
        if any(part.startswith((".", "__pycache__")) for part in parts) or not path.endswith(self._suffixes):
            return "", None
        return super().lookup_path(path)

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Respond with the file, or with 304 if the client has it."""
        del stat_result  # The checksum is more exact.
        request = Headers(scope=scope)
        path = Path(full_path)
        checksum = self._contents.sha256(path)
        coding = self._coding(checksum, request)
        headers = _headers(checksum, coding)
        if coding:
            headers["Content-Encoding"] = coding
            path = self._copies / f"{checksum}{ENCODINGS[coding]}"
        media_type = mimetypes.guess_type(full_path)[0]
        response = FileResponse(path, status_code, headers, media_type)
        if self.is_not_modified(response.headers, request):
            return NotModifiedResponse(response.headers)
        return response

    def _coding(self, checksum: str, request: Headers) -> str:
        """Return the coding of the copy to send, or "" for the file itself, which ranges refer to."""
        if "range" in request:
            return ""
        accepted = {part.partition(";")[0].strip() for part in request.get("accept-encoding", "").split(",")}
        copies = (name for name in ENCODINGS if (self._copies / f"{checksum}{ENCODINGS[name]}").is_file())
        return next((name for name in copies if name in accepted), "")


def mount_files(app: FastAPI, settings: Settings, releases: Releases) -> None:
    """Serve the page at `/` and the folders of `settings`, each also below the address of a release."""
    copies, contents = settings.vendor / COMPRESSED, releases.contents
    mounts = {
        "page": Files(settings.page, contents, copies),
        "sidflow_feedback": Files(settings.library, contents, copies, suffixes=LIBRARY_SUFFIXES),
        # Must come before `static`: in an installed wheel it isn't a subfolder of it.
        "static/vendor": Files(settings.vendor, contents, copies),
        "static": Files(settings.static, contents, copies),
    }
    site = _Site(releases, mounts)
    app.router.routes.append(_PageRoute("/", site.index))
    addresses: dict[str, Callable[..., Any]] = {
        "/service-worker.js": site.service_worker,
        f"/{PREFIX}/{{release}}/{{address:path}}": site.released,
    }
    for address, endpoint in addresses.items():
        app.add_api_route(address, endpoint, methods=["GET", "HEAD"], include_in_schema=False)
    for folder, files in mounts.items():
        app.mount(f"/{folder}", files)


class _PageRoute(Route):
    """The route of the page, whose endpoint is an ASGI application."""

    def __init__(self, path: str, endpoint: ASGIApp) -> None:
        super().__init__(path, lambda: None, methods=["GET"], include_in_schema=False)
        self.app = endpoint

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; metrics find its route as FastAPI's routes tell it."""
        scope["route"] = self
        await super().handle(scope, receive, send)


class _Site:
    """The page and the files of releases."""

    def __init__(self, releases: Releases, mounts: dict[str, Files]) -> None:
        self._releases = releases
        self._mounts = mounts
        self._shown: Release | None = None
        self._page = Text("", "text/html")

    async def index(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as a plain ASGI application: FastAPI's own work for a route costs more than the page."""
        if self._releases.look_is_due():
            await run_in_threadpool(self._releases.present)
        release = self._releases.latest()
        if release is not self._shown:
            self._shown, self._page = release, Text(release.index(), "text/html", PAGE_HEADERS)
        await self._page.response(Headers(scope=scope))(scope, receive, send)

    async def service_worker(self, request: Request) -> Response:
        return await self._mounts["static"].get_response("js/service-worker.js", request.scope)

    async def released(self, release: str, address: str, request: Request) -> Response:
        found = self._releases.get(release)
        if found and address == "files.json":
            return JSONResponse(found.offline(), headers={"Cache-Control": CACHE_IMMUTABLE})
        response = await self._file(self._releases.source(address), request.scope)
        # A page of an older release gets the current file, which must not be cached under that address.
        if self._releases.holds(release, address, response.headers.get("etag", "")):
            response.headers["Cache-Control"] = CACHE_IMMUTABLE
        return response

    async def _file(self, address: str, scope: Scope) -> Response:
        for folder, files in self._mounts.items():
            if address.startswith(f"{folder}/"):
                return await files.get_response(address.removeprefix(f"{folder}/"), scope)
        raise HTTPException(404)


def _headers(checksum: str, coding: str) -> dict[str, str]:
    etag = f'"{checksum[:ETAG_DIGITS]}{coding}"'
    return {"Cache-Control": "no-cache", "ETag": etag, "Vary": "Accept-Encoding"}


class Text:
    """A generated text, ready to be sent: its checksum and its compressed form are computed once.

    Parameters
    ----------
    text
        The text.
    media_type
        Its media type.
    extra
        Further headers.
    """

    def __init__(self, text: str, media_type: str, extra: Mapping[str, str] | None = None) -> None:
        self._content = text.encode()
        self._media_type = media_type
        self._headers = _headers(sha256(self._content).hexdigest(), "") | dict(extra or {})

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self._content, mtime=0)

    def response(self, headers: Headers) -> Response:
        """Respond to a request with these headers, with 304 if the client has the text."""
        if headers.get("if-none-match") == self._headers["ETag"]:
            return Response(status_code=304, headers=self._headers)
        if "gzip" in headers.get("accept-encoding", ""):
            coded = self._headers | {"Content-Encoding": "gzip"}
            return Response(self._compressed, headers=coded, media_type=self._media_type)
        return Response(self._content, headers=self._headers, media_type=self._media_type)
