"""The server's errors, and the JSON format in which clients get them.

::

    Exception
    ├── ConfigurationError                 the settings are invalid; raised at startup
    └── ServerError                        sent as {"error": {"code", "message", "field"?}}
        ├── InvalidRequestError            400
        │   ├── BatchReusedError
        │   └── InvalidHostError
        ├── WrongTokenError                403
        ├── NotFoundError                  404
        │   ├── NoSongTableError
        │   └── UnknownSongError
        ├── SlowBodyError                  408
        ├── BodyTooLargeError              413
        ├── MediaTypeError                 415
        ├── TooManyRequestsError           429
        └── UnavailableError               503
            ├── ModelUnavailableError
            └── DatabaseUnavailableError
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
}


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


class SlowBodyError(ServerError):
    """The body did not arrive in time."""

    status = 408
    code = "request_timeout"
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


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


async def _answer_server_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ServerError), "registered for ServerError only"
    return error_response(exc)


async def _answer_http_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException), "registered for HTTPException only"
    phrase = HTTPStatus(exc.status_code).phrase
    message = HTTP_MESSAGES.get(exc.status_code, f"The request failed: {phrase}.")
    code = phrase.lower().replace(" ", "_")
    return _error(exc.status_code, code, message, headers=dict(exc.headers or {}))


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
