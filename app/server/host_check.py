"""The Host header: requests without exactly one valid one are refused."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import InvalidHostError, error_response

_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:[0-9]{1,5})?")


class HostCheck:
    """ASGI middleware that refuses requests to `app` without one valid Host header (RFC 9112, 3.2).

    Without it, whatever reads the host would take the address that the server listens on for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""
        if scope["type"] == "http" and not _is_valid([v for name, v in scope["headers"] if name == b"host"]):
            error = InvalidHostError("The request has no valid Host header. Correct the client or proxy.")
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_valid(hosts: list[bytes]) -> bool:
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None
