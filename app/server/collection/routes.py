"""`/api/collection`, and the files of the site's collection below `/collection`."""

import os
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.staticfiles import PathLike
from starlette.types import Scope

from ..files import CACHE_IMMUTABLE, Files, Text
from ..release import Contents
from ..schema import CollectionInfo
from .publisher import COPIES
from .site_collection import SiteCollection


class PublishedFiles(Files):
    """Files whose names are made from their content: they can be cached forever."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """Respond with the file, or with 304 if the client has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = CACHE_IMMUTABLE
        return response


class TuneFiles(Files):
    """The tunes of a collection, and nothing else that is in its folder."""

    def __init__(self, collection: SiteCollection, contents: Contents) -> None:
        super().__init__(collection.folder, contents, collection.output / COPIES)
        self._collection = collection

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a tune of the catalog."""
        publication = self._collection.publication
        if publication is None or PurePosixPath(path).as_posix() not in publication.paths:
            return "", None
        return super().lookup_path(path)


def collection_router(collection: SiteCollection | None) -> APIRouter:
    """Create the route that says where the catalog of the collection is."""
    router = APIRouter()

    @router.get("/api/collection", response_model=CollectionInfo)
    @router.api_route("/api/collection", methods=["GET", "HEAD"], include_in_schema=False)
    def info(request: Request) -> Any:
        publication = collection.publication if collection else None
        if publication is None or not publication.files:
            found = CollectionInfo()
        else:
            files = {kind: f"collection/files/{name}" for kind, name in publication.files.items()}
            found = CollectionInfo(name=publication.name, tunes=len(publication.paths), **files)
        return Text(found.model_dump_json(), "application/json").response(request.headers)

    return router


def mount_collection(app: FastAPI, collection: SiteCollection, contents: Contents) -> None:
    """Serve the tunes and the published files."""
    copies = collection.output / COPIES
    app.mount("/collection/tunes", TuneFiles(collection, contents))
    app.mount("/collection/files", PublishedFiles(collection.published, contents, copies))
