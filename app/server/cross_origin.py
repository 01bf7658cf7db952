"""Cross-origin requests: pages of other sites can share feedback with this server, if it lists them."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

SHARED_PATHS = ("/api/feedback/sync", "/api/model/latest")
"""What other origins may use. Not the players: those act on this network."""

DAY = 86_400
"""Seconds for which browsers remember the answer to a preflight."""


class CrossOrigin:
    """ASGI middleware that allows cross-origin requests to `SHARED_PATHS`.

    Parameters
    ----------
    app
        The application.
    origins
        Allowed origins, such as ``https://radio.example``; ``*`` allows all.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "If-None-Match"],
            expose_headers=["Date", "ETag", "Retry-After"],
            max_age=DAY,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""
        shared = scope["type"] == "http" and _path(scope) in SHARED_PATHS
        await (self._shared if shared else self._app)(scope, receive, send)


def _path(scope: Scope) -> str:
    """Return the path of a request below the root path."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
