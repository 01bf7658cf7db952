"""`GET /api/model/latest`: the global model that all listeners start from."""

import hashlib
import json
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import Headers

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.manifest import model_from_manifest, plain_manifest
from sidflow_feedback.learning.tfjs_layers import finite_number

from .errors import ModelUnavailableError
from .model_folder import read_folder
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
    """Return the model at `path`, a file or a folder, or the one at `first` if there is none, as a manifest.

    It has our names. Parts that are missing are null. If it has weights, it has passed a client's validation.

    Raises
    ------
    ModelUnavailableError
        If it is missing, unreadable, too large, or not a valid model.
    """
    try:
        chosen = path if path.exists() else first
        record = read_folder(chosen, _read_limited) if chosen.is_dir() else _read_json(chosen)
        manifest = Manifest.model_validate(plain_manifest(record))
        content = manifest.model_dump(by_alias=True)
        for field in ("metadata", "modelTopology", "weightSpecs"):
            _require_finite(field, content[field])
        if content["weightSpecs"] is not None and content["weightData"] is not None:
            model_from_manifest(content)
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    except ValidationError as exc:
        field, problem = first_problem(exc)
        raise _invalid(f"{field or 'manifest'}: {problem}") from exc
    except (ValueError, InvalidRecordError) as exc:
        raise _invalid(str(exc)) from exc


def _require_finite(field: str, value: object) -> None:
    """Refuse numbers in a JSON value that no client can read: JSON's may have any number of digits."""
    if isinstance(value, dict):
        for name, item in value.items():
            _require_finite(f"{field}.{name}", item)
    elif isinstance(value, list):
        for item in value:
            _require_finite(field, item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        finite_number(field, value)


def _read_json(path: Path) -> object:
    return from_json(_read_limited(path), allow_inf_nan=False)


def _read_limited(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
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
