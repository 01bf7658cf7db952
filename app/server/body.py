"""The body of a request, read under a cap."""

from typing import Any

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import Request

from app.server.errors import BodyTooLargeError, InvalidRequestError, MediaTypeError

MAX_BODY_BYTES = 64 * 1024
"""A client sends at most 50 events in 60 KB; the rest is room for headers of the format."""


async def read_json(request: Request) -> Any:
    """Read the body as JSON.

    Raises
    ------
    MediaTypeError
        If the body is declared as something other than uncompressed JSON.
    BodyTooLargeError
        If it is longer than `MAX_BODY_BYTES`; no more than that is ever held.
    InvalidRequestError
        If it is not JSON (RFC 8259: no NaN, no Infinity).
    """
    _check_media(request.headers)
    body = await _read_bytes(request)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as exc:
        message = f"The body is not JSON: {exc}. Send one JSON object in UTF-8."
        raise InvalidRequestError(message) from exc


def _check_media(headers: Headers) -> None:
    # Demanding this type also means that a browser asks first (CORS) before another site's page can post.
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise MediaTypeError("The body must be JSON. Send it with Content-Type: application/json.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeError("Compressed bodies are not taken. Send it without Content-Encoding.")


async def _read_bytes(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            limit = MAX_BODY_BYTES // 1024
            raise BodyTooLargeError(f"The body is longer than {limit} KB. Send fewer events in a batch.")
    return bytes(body)
