"""The outermost layer: whatever refuses a request, it is refused in our JSON."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import StoppingError, error_response, plain_error

_OF_THE_BODY = ("content-type", "content-length", "content-encoding", "etag", "last-modified")


class Refusals:
    """ASGI middleware that turns every refusal of `app` into our JSON.

    Starlette answers some requests in plain text: a preflight of another site, a range that a file doesn't
    have. And uvicorn answers so if it stops before a request is answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self._app(scope, receive, answer.send)
        except asyncio.CancelledError:
            if answer.started:
                raise
            await error_response(StoppingError())(scope, receive, send)


class _Answer:
    """One answer on its way to the client."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._replaced = False
        self.started = False

    async def send(self, message: Message) -> None:
        """Pass on a message, or our JSON instead of a refusal in something else."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            if message["status"] >= HTTPStatus.BAD_REQUEST and not _is_json(headers):
                await self._replace(message["status"], headers)
        if not self._replaced:
            await self._send(message)

    async def _replace(self, status: int, headers: MutableHeaders) -> None:
        self._replaced = True
        kept = {name: value for name, value in headers.items() if name not in _OF_THE_BODY}
        response = plain_error(status, kept)
        start = {"type": "http.response.start", "status": status, "headers": response.raw_headers}
        await self._send(start)
        await self._send({"type": "http.response.body", "body": response.body})


def _is_json(headers: MutableHeaders) -> bool:
    return headers.get("content-type", "").startswith("application/json")
