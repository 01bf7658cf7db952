"""The server's errors, and the JSON format in which clients get them.

::

    Exception
    ├── ConfigurationError                 the settings are invalid; raised at startup
    └── ServerError                        sent as {"error": {"code", "message", "field"?}}
        ├── InvalidRequestError            400
        │   ├── BatchReusedError
        │   ├── InvalidHostError
        │   └── MalformedRequestError
        ├── WrongTokenError                403
        ├── NotFoundError                  404
        │   ├── NoSongTableError
        │   └── UnknownSongError
        ├── SlowRequestError               408
        │   ├── SlowBodyError
        │   └── SlowHeadError
        ├── BodyTooLargeError              413
        ├── MediaTypeError                 415
        ├── TooManyRequestsError           429
        ├── QuotaExceededError             429
        ├── HeadTooLargeError              431
        └── UnavailableError               503
            ├── ModelUnavailableError
            ├── DatabaseUnavailableError
            ├── StoppingError
            └── TooManyConnectionsError
"""

from http import HTTPStatus
from typing import ClassVar

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from .headers import SECURITY_HEADERS

FIELD_LENGTH = 80
"""Maximum length of a client's field name in a response; the rest is cut off."""

INTERNAL_MESSAGE = "An internal error occurred in the server. Your request is not the cause. Try again later."
HTTP_MESSAGES = {
    404: "There is nothing at this address. Check the spelling.",
    405: "This address does not support that method. See the Allow header for those it supports.",
    416: "This has no such range. See the Content-Range header for its length.",
}


_HTTP_CODES = {
    413: "content_too_large",
    416: "range_not_satisfiable",
    422: "unprocessable_content",
}
"""Codes of statuses whose phrases newer versions of Python have changed."""


class ConfigurationError(Exception):
    """The settings are invalid. The message is for the operator."""


class ServerError(Exception):
    """A request that the server can't fulfill.

    Parameters
    ----------
    message
        What happened, why, and what to do. It is sent to the client: no paths, no traces.
    field
        Dotted name of the invalid part of the request.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidRequestError(ServerError):
    """The body isn't JSON or doesn't match the schema."""

    status = 400
    code = "invalid_request"


class BatchReusedError(InvalidRequestError):
    """A batch id came again with other events."""

    code = "batch_reused"

    def __init__(self) -> None:
        super().__init__(
            "The batch has the id of an earlier one, but other events, so none of it was stored. "
            "Send them in a batch with a new id.",
            "batchId",
        )


class InvalidHostError(InvalidRequestError):
    """The Host header is missing, empty, invalid, or there are several."""

    code = "invalid_host"


class MalformedRequestError(InvalidRequestError):
    """What came is not HTTP."""

    code = "malformed_request"

    def __init__(self) -> None:
        super().__init__("This is no valid HTTP request. Correct the client or proxy.")


class WrongTokenError(ServerError):
    """A request has no token, or a wrong one."""

    status = 403
    code = "wrong_token"


class NotFoundError(ServerError):
    """The server doesn't have what was asked for."""

    status = 404


class NoSongTableError(NotFoundError):
    """The server has no table of songs."""

    code = "no_song_table"


class UnknownSongError(NotFoundError):
    """The table of songs doesn't have this song."""

    code = "unknown_song"


class SlowRequestError(ServerError):
    """A part of the request did not arrive in time."""

    status = 408
    code = "request_timeout"
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class SlowBodyError(SlowRequestError):
    """The body did not arrive in time."""


class SlowHeadError(SlowRequestError):
    """The head did not arrive in time."""

    def __init__(self) -> None:
        super().__init__("The request did not arrive in time. Send it again.")


class BodyTooLargeError(ServerError):
    """The body is longer than the limit."""

    status = 413
    code = "body_too_large"


class MediaTypeError(ServerError):
    """The body isn't JSON, or is compressed with something other than gzip."""

    status = 415
    code = "unsupported_media_type"
    headers: ClassVar[dict[str, str]] = {"Accept": "application/json", "Accept-Encoding": "gzip, identity"}


class TooManyRequestsError(ServerError):
    """The client sends too many requests.

    Parameters
    ----------
    wait
        Seconds until it may try again.
    """

    status = 429
    code = "too_many_requests"

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many requests from your address. Try again in {wait} s.")
        self.headers = {"Retry-After": str(wait)}  # type: ignore[misc]


class QuotaExceededError(ServerError):
    """As many events as are taken in a day have come already.

    Parameters
    ----------
    whose
        From whom.
    wait
        Seconds until tomorrow.
    """

    status = 429
    code = "quota_exceeded"

    def __init__(self, whose: str, wait: int) -> None:
        super().__init__(
            f"The server has as many events of {whose} as it takes in a day, and stored none of this batch. "
            "Send it again tomorrow."
        )
        self.headers = {"Retry-After": str(wait)}  # type: ignore[misc]


class HeadTooLargeError(ServerError):
    """The request has too long an address, or too many or too long headers."""

    status = 431
    code = "head_too_large"

    def __init__(self) -> None:
        super().__init__("The address and the headers of the request are too long. Send less.")


class UnavailableError(ServerError):
    """Something that the server needs is temporarily unavailable."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "30"}


class ModelUnavailableError(UnavailableError):
    """There is no valid global model to serve."""

    code = "model_unavailable"


class DatabaseUnavailableError(UnavailableError):
    """The database failed. No row of the request is stored."""

    code = "database_unavailable"


class StoppingError(UnavailableError):
    """The server stops before the request is answered."""

    code = "stopping"

    def __init__(self) -> None:
        super().__init__("The server stops, so the request wasn't completed. Send it again later.")


class TooManyConnectionsError(UnavailableError):
    """The server has as many connections as it can."""

    code = "too_many_connections"

    def __init__(self) -> None:
        super().__init__("The server has as many connections as it can. Try again later.")


def install_error_handlers(app: FastAPI) -> None:
    """Send every error of `app` as JSON in the same format."""
    app.add_exception_handler(ServerError, _answer_server_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(ClientDisconnect, _answer_disconnect)
    app.add_exception_handler(Exception, _answer_crash)


def _error(
    status: int, code: str, message: str, field: str | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    error = {"code": code, "message": message}
    if field:
        error["field"] = field[:FIELD_LENGTH]
    return JSONResponse({"error": error}, status, {"Cache-Control": "no-store", **(headers or {})})


def error_response(error: ServerError) -> JSONResponse:
    """Return the response to a request that the server can't fulfill."""
    return _error(error.status, error.code, error.message, error.field, error.headers)


def plain_error(status: int, headers: dict[str, str]) -> JSONResponse:
    """Return the response for a status for which no error of ours says more."""
    phrase = HTTPStatus(status).phrase
    message = HTTP_MESSAGES.get(status, f"The request failed: {phrase}.")
    code = _HTTP_CODES.get(status, phrase.lower().replace(" ", "_"))
    return _error(status, code, message, headers=headers)


async def _answer_server_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ServerError), "registered for ServerError only"
    return error_response(exc)


async def _answer_http_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException), "registered for HTTPException only"
    return plain_error(exc.status_code, dict(exc.headers or {}))


async def _answer_validation_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError), "registered for RequestValidationError only"
    first = exc.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = f"The request is invalid: {first['msg']}. Correct it and send it again."
    return _error(422, "invalid_field", message, field)


async def _answer_disconnect(_request: Request, _exc: Exception) -> Response:
    # The client disconnected while sending. Nobody reads this response; it keeps a trace out of the log.
    return Response(status_code=400)


async def _answer_crash(_request: Request, _exc: Exception) -> Response:
    # This runs outside all middleware, so it adds the security headers itself. The exception then reaches
    # uvicorn, which logs it and drops the connection, so the client must not reuse that.
    headers = {**SECURITY_HEADERS, "Connection": "close"}
    return _error(500, "internal_error", INTERNAL_MESSAGE, headers=headers)
