"""Security headers of all responses."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (
    "default-src 'none'",
    # PyScript and Pyodide create functions from strings. Inline scripts and scripts of other hosts, which an
    # injection would use, stay blocked.
    "script-src 'self' 'unsafe-eval'",
    "worker-src 'self'",
    "connect-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
)
_ONLY_IN_HEADER = "frame-ancestors 'none'"
# `static/js/trusted-types.js` has the policy. Workers have no document into which anything could be injected.
_TRUSTED_TYPES = ("require-trusted-types-for 'script'", "trusted-types default")

CONTENT_SECURITY_POLICY = "; ".join((*_POLICY, _ONLY_IN_HEADER))
"""Of all responses but the page, and thus of its workers."""

PAGE_POLICY_META = "; ".join((*_POLICY, *_TRUSTED_TYPES))
"""Of a page whose host sends no headers."""

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "camera",
        "display-capture",
        "geolocation",
        "microphone",
        "midi",
        "payment",
        "serial",
        "usb",
    )
)
"""What the page never asks for, so that nothing injected can."""

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Cross-origin isolation: SharedArrayBuffer needs it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGE_HEADERS = SECURITY_HEADERS | {"Content-Security-Policy": f"{PAGE_POLICY_META}; {_ONLY_IN_HEADER}"}
"""Those of the page."""


class SecurityHeaders:
    """ASGI middleware that adds to the responses of `app` what they lack of `SECURITY_HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
