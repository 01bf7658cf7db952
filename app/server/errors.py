"""Errors of the server, and the one JSON shape in which a client sees them.

::

    Exception
    ├── ConfigurationError                 the settings cannot work; raised before anything is served
    └── ServerError                        answered as {"error": {"code", "message", "field"?}}
        ├── InvalidRequestError            400
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
"""Longest part of a client's own field name that an answer repeats, in characters."""

INTERNAL_MESSAGE = "The server failed while it answered; nothing that you sent is at fault. Try again later."
HTTP_MESSAGES = {
    404: "There is nothing at this address. Check how it is spelled.",
    405: "This address does not take that method. The Allow header lists those that it takes.",
}


class ConfigurationError(Exception):
    """The settings cannot work: a message for whoever starts the server."""


class ServerError(Exception):
    """A request that could not be answered as asked.

    Parameters
    ----------
    message
        What happened, why, and what to do. It is sent to the client: never a path or a trace.
    field
        Dotted name of the part of the request that is at fault.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class InvalidRequestError(ServerError):
    """The body is not JSON, or not of the form that this address takes."""

    status = 400
    code = "invalid_request"


class SlowBodyError(ServerError):
    """The body did not arrive in time."""

    status = 408
    code = "request_timeout"
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class BodyTooLargeError(ServerError):
    """The body is longer than the cap."""

    status = 413
    code = "body_too_large"


class MediaTypeError(ServerError):
    """The body is declared as something other than JSON, plain or gzipped."""

    status = 415
    code = "unsupported_media_type"
    headers: ClassVar[dict[str, str]] = {"Accept": "application/json", "Accept-Encoding": "gzip, identity"}


class TooManyRequestsError(ServerError):
    """The client asks too often.

    Parameters
    ----------
    wait
        Seconds until it may ask again.
    """

    status = 429
    code = "too_many_requests"

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many requests from your address. Ask again in {wait} s.")
        self.headers = {"Retry-After": str(wait)}  # type: ignore[misc]


class UnavailableError(ServerError):
    """Something that the answer needs is missing for now."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "30"}


class ModelUnavailableError(UnavailableError):
    """There is no global model that can be served."""

    code = "model_unavailable"


class DatabaseUnavailableError(UnavailableError):
    """The database did not take the rows; none of them is kept."""

    code = "database_unavailable"


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` a JSON answer of the one shape."""
    app.add_exception_handler(ServerError, _answer_server_error)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_validation_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    app.add_exception_handler(Exception, _answer_crash)


def _error(
    status: int, code: str, message: str, field: str | None = None, headers: dict[str, str] | None = None
) -> JSONResponse:
    error = {"code": code, "message": message}
    if field:
        error["field"] = field[:FIELD_LENGTH]
    return JSONResponse({"error": error}, status, {"Cache-Control": "no-store", **(headers or {})})


async def _answer_server_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ServerError), "registered for ServerError only"
    return _error(exc.status, exc.code, exc.message, exc.field, exc.headers)


async def _answer_http_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException), "registered for HTTPException only"
    phrase = HTTPStatus(exc.status_code).phrase
    message = HTTP_MESSAGES.get(exc.status_code, f"The request was refused: {phrase}.")
    code = phrase.lower().replace(" ", "_")
    return _error(exc.status_code, code, message, headers=dict(exc.headers or {}))


async def _answer_validation_error(_request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError), "registered for RequestValidationError only"
    first = exc.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    message = f"A part of the request is not as it must be: {first['msg']}. Correct it and send it again."
    return _error(422, "invalid_field", message, field)


async def _answer_nobody(_request: Request, _exc: Exception) -> Response:
    # The client left while it was sending: no one reads this, and the log needs no trace of it.
    return Response(status_code=400)


async def _answer_crash(_request: Request, _exc: Exception) -> Response:
    # Answered outside all middleware, so the headers of every answer are added here. The exception goes on
    # to uvicorn, which logs it and then drops the connection: the client must not use that one again.
    headers = {**SECURITY_HEADERS, "Connection": "close"}
    return _error(500, "internal_error", INTERNAL_MESSAGE, headers=headers)
