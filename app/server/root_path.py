"""Serving below a path, behind a proxy that passes requests on as they are."""

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class RootPath:
    """ASGI middleware that serves `app` below a path.

    Requests without the path are accepted, too: a health check may ask the server directly.

    Parameters
    ----------
    path
        The path; slashes at its ends don't matter.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = f"/{path.strip('/')}".rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""
        if scope["type"] != "http" or not self._path:
            await self._app(scope, receive, send)
        elif scope["path"] == self._path:
            # The page's addresses are relative, so its own must end with a slash.
            await RedirectResponse(f"{self._path}/", 308)(scope, receive, send)
        else:
            within = scope["path"].startswith(f"{self._path}/")
            path = scope["path"] if within else self._path + scope["path"]
            scope.update(root_path=self._path, path=path)
            await self._app(scope, receive, send)
