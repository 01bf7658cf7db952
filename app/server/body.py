"""The body of a request, read under a cap."""

import asyncio
import zlib
from typing import Any

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import Request

from .errors import BodyTooLargeError, InvalidRequestError, MediaTypeError, SlowBodyError

MAX_BODY_BYTES = 64 * 1024
"""A client sends at most 50 events in 60 KB; the rest is room for headers of the format."""

BODY_SECONDS = 30.0
"""How long a body may take: a client gives up after 15 s, so whatever is slower is not one."""

_GZIP = 31
"""zlib's number for the format gzip with any window."""


async def read_json(request: Request) -> Any:
    """Read the body as JSON.

    Raises
    ------
    MediaTypeError
        If the body is declared as something other than JSON, plain or compressed with gzip.
    BodyTooLargeError
        If it is longer than `MAX_BODY_BYTES`, as sent or inflated; no more than that is ever held.
    SlowBodyError
        If it takes longer than `BODY_SECONDS` to arrive.
    InvalidRequestError
        If it is broken, or not JSON. NaN and Infinity are let through: the field that has one is named later,
        and costs no other event.
    """
    _check_media(request.headers)
    compressed = _is_compressed(request.headers)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read_bytes(request)
    except TimeoutError as exc:
        raise SlowBodyError(f"The body was not here after {BODY_SECONDS:.0f} s. Send it again.") from exc
    if compressed:
        body = _inflate(body)
    try:
        return from_json(body)
    except ValueError as exc:
        message = f"The body is not JSON: {exc}. Send one JSON object in UTF-8."
        raise InvalidRequestError(message) from exc


def _check_media(headers: Headers) -> None:
    # Demanding this type also means that a browser asks first (CORS) before another site's page can post.
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise MediaTypeError("The body must be JSON. Send it with Content-Type: application/json.")


def _is_compressed(headers: Headers) -> bool:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise MediaTypeError("Bodies are taken plain or compressed with gzip, in no other encoding.")
    return encoding == "gzip"


async def _read_bytes(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _inflate(body: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as exc:
        raise InvalidRequestError("The body is no gzip stream. Send it again, or uncompressed.") from exc
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise InvalidRequestError("The body is no whole gzip stream. Send it again, or uncompressed.")
    return plain


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The body is longer than {MAX_BODY_BYTES // 1024} KB. Send fewer events in a batch."
    )
