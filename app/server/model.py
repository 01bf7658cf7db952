"""`GET /api/model/latest`: the global model that all listeners start from."""

import hashlib
import json
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers

from .errors import ModelUnavailableError
from .rate import RateLimit
from .schema import Manifest, errors, first_problem

CACHE_CONTROL = "private, max-age=300"
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
"""Far more than a model with 8 inputs needs. A larger file is a mistake and isn't read."""


_RESPONSES = {304: {"description": "The client has this model already."}, **errors(429, 503)}


def model_router(path: Path, first: Path, limit: RateLimit) -> APIRouter:
    """Create the route that serves the manifest at `path`, or the one at `first` as long as there is none.

    The file is read at each request, so replacing it publishes a new model.
    """
    router = APIRouter(prefix="/api/model", dependencies=[Depends(limit)])

    # An OpenAPI operation has one method: the first route is for the schema, the second handles both methods.
    @router.get("/latest", response_model=Manifest, responses=_RESPONSES)
    @router.api_route("/latest", methods=["GET", "HEAD"], include_in_schema=False)
    def latest(request: Request) -> Response:
        body = _read_manifest(path, first)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
        if _matches(etag, request.headers):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    return router


def _matches(etag: str, headers: Headers) -> bool:
    """Use the weak comparison of RFC 9110, section 13.1.2."""
    tags = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return "*" in tags or etag in tags


def _read_manifest(path: Path, first: Path) -> bytes:
    """Return the validated manifest at `path`, or the one at `first` if there is no such file, as JSON.

    Raises
    ------
    ModelUnavailableError
        If the file is missing, unreadable, too large, or not a valid manifest.
    """
    try:
        content = _read_limited(path, first)
        manifest = Manifest.model_validate(from_json(content, allow_inf_nan=False))
        return json.dumps(manifest.model_dump(by_alias=True), allow_nan=False, separators=(",", ":")).encode()
    except ValidationError as exc:
        field, problem = first_problem(exc)
        raise _invalid(f"{field or 'manifest'}: {problem}") from exc
    except ValueError as exc:
        raise _invalid(str(exc)) from exc


def _read_limited(path: Path, first: Path) -> bytes:
    try:
        with (path if path.exists() else first).open("rb") as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as exc:
        raise _invalid(exc.strerror or "it can't be read") from exc
    if len(content) > MAX_MANIFEST_BYTES:
        raise _invalid(f"it is larger than {MAX_MANIFEST_BYTES // 1024**2} MB")
    return content


def _invalid(reason: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"The server's global model is invalid: {reason}. Keep the model that you have, and try again later."
    )
