"""`GET /api/model/latest`: the global model that every listener starts from."""

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
"""Far above any model of 8 inputs: a larger file is a mistake, and is not read."""


_RESPONSES = {304: {"description": "The client has it."}, **errors(429, 503)}


def model_router(path: Path, first: Path | None, limit: RateLimit) -> APIRouter:
    """Make the route that serves the manifest at `path`, or at `first` while there is none.

    The file is read anew for each request: a model is published by putting it there.
    """
    router = APIRouter(prefix="/api/model", dependencies=[Depends(limit)])

    # One route answers both methods, the other is in the schema: an operation of OpenAPI has one method.
    @router.get("/latest", response_model=Manifest, responses=_RESPONSES)
    @router.api_route("/latest", methods=["GET", "HEAD"], include_in_schema=False)
    def latest(request: Request) -> Response:
        body = _read_manifest(path if first is None or path.exists() else first)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
        if _is_known(etag, request.headers):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    return router


def _is_known(etag: str, headers: Headers) -> bool:
    """Compare weakly (RFC 9110, 13.1.2)."""
    tags = [tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")]
    return "*" in tags or etag in tags


def _read_manifest(path: Path) -> bytes:
    """Return the validated manifest as JSON.

    Raises
    ------
    ModelUnavailableError
        If there is no file, or it cannot be read, is too large, or is not a manifest.
    """
    try:
        manifest = Manifest.model_validate(from_json(_read_capped(path), allow_inf_nan=False))
        return json.dumps(manifest.model_dump(by_alias=True), allow_nan=False, separators=(",", ":")).encode()
    except ValidationError as exc:
        field, problem = first_problem(exc)
        raise _corrupt(f"{field or 'manifest'}: {problem}") from exc
    except ValueError as exc:
        raise _corrupt(str(exc)) from exc


def _read_capped(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_MANIFEST_BYTES + 1)
    except FileNotFoundError as exc:
        message = "There is no global model yet. Go on with the one you have, and ask again later."
        raise ModelUnavailableError(message) from exc
    except OSError as exc:
        raise _corrupt(exc.strerror or "it cannot be read") from exc
    if len(content) > MAX_MANIFEST_BYTES:
        raise _corrupt(f"it is larger than {MAX_MANIFEST_BYTES // 1024**2} MB")
    return content


def _corrupt(reason: str) -> ModelUnavailableError:
    return ModelUnavailableError(
        f"The global model cannot be served: {reason}. Go on with the one you have, and ask again later."
    )
