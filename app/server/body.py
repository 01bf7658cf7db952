"""Reading request bodies, with limits on size and time."""

import asyncio
import json
import math
import re
import zlib
from collections.abc import Callable
from typing import Any

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import Request

from .errors import BodyTooLargeError, InvalidRequestError, MediaTypeError, SlowBodyError

MAX_BODY_BYTES = 64 * 1024
"""A client uploads at most 60 KB; the rest is headroom."""

BODY_SECONDS = 30.0
"""Time limit for a body. Our clients give up after 15 s."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_MAX_DIGITS = 400

_GZIP = 31
"""The `wbits` value with which zlib accepts gzip with any window size."""


async def read_json(request: Request) -> Any:
    """Read the body as JSON.

    Raises
    ------
    MediaTypeError
        If the Content-Type isn't JSON, or the Content-Encoding neither identity nor gzip.
    BodyTooLargeError
        If it is longer than `MAX_BODY_BYTES`, compressed or not. No more than that is kept in memory.
    SlowBodyError
        If it takes longer than `BODY_SECONDS` to arrive.
    InvalidRequestError
        If it isn't valid gzip or JSON. NaN, Infinity, and lone surrogates are accepted here; the event with
        such a value is rejected later, without affecting the others.
    """
    _check_media(request.headers)
    compressed = _is_compressed(request.headers)
    body = await read_body(request, MAX_BODY_BYTES, _too_large)
    if compressed:
        body = _inflate(body)
    try:
        return _parse(body)
    except (ValueError, RecursionError) as exc:
        message = f"The body is not JSON: {exc}. Send one JSON object in UTF-8."
        raise InvalidRequestError(message) from exc


def _parse(body: bytes) -> Any:
    """Parse JSON. Only Python's own, slower parser accepts an escaped lone surrogate, which JSON allows."""
    try:
        return from_json(body)
    except ValueError:
        if _SURROGATE.search(body) is None:
            raise
        return json.loads(body.decode(), parse_int=_parse_integer)


def _parse_integer(digits: str) -> float:
    """Return an integer; one that fits no field may be infinite, since Python refuses to read it."""
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


async def read_body(request: Request, limit: int, too_large: Callable[[], BodyTooLargeError]) -> bytes:
    """Read the body as it is sent.

    Parameters
    ----------
    limit
        Bytes that it may have. No more than that is kept in memory.
    too_large
        Makes the error if it has more.

    Raises
    ------
    BodyTooLargeError
        If it has more.
    SlowBodyError
        If it takes longer than `BODY_SECONDS` to arrive.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large()
    except TimeoutError as exc:
        raise SlowBodyError(f"The body did not arrive within {BODY_SECONDS:.0f} s. Send it again.") from exc
    return bytes(body)


def _check_media(headers: Headers) -> None:
    # This type also makes browsers send a CORS preflight before a page of another site can post.
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise MediaTypeError("The body must be JSON. Send it with Content-Type: application/json.")


def _is_compressed(headers: Headers) -> bool:
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise MediaTypeError("The Content-Encoding must be gzip or identity. Send the body with one of them.")
    return encoding == "gzip"


def _inflate(body: bytes) -> bytes:
    stream = zlib.decompressobj(_GZIP)
    try:
        plain = stream.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as exc:
        raise InvalidRequestError("The body is not valid gzip. Send it again, or uncompressed.") from exc
    if len(plain) > MAX_BODY_BYTES:
        raise _too_large()
    if not stream.eof or stream.unused_data:
        raise InvalidRequestError(
            "The gzip stream is incomplete or followed by other data. Send it again, or uncompressed."
        )
    return plain


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"The body is longer than {MAX_BODY_BYTES // 1024} KB. Send fewer events in a batch."
    )
