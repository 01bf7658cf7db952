"""Whom a request comes from: the client's address, which only configured proxies may replace."""

import logging
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from .errors import ConfigurationError

Address = IPv4Address | IPv6Address

FORWARDING_HEADERS = (b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip")
"""What proxies add. A request with one of them was passed on, or claims that it was."""

logger = logging.getLogger("sidflow.proxy")


def check_proxies(text: str) -> str:
    """Return the list of trusted proxies, checked.

    Raises
    ------
    ConfigurationError
        If a part is neither an address nor a network. `*` isn't one: every client could claim any address.
    """
    for part in text.replace(",", " ").split():
        try:
            ip_network(part)
        except ValueError as error:
            raise ConfigurationError(
                "SIDFLOW_TRUSTED_PROXIES must list addresses or networks of proxies, such as 127.0.0.1 or "
                f"172.30.64.0/24, not {part!r} ({error}). Correct it."
            ) from error
    return ",".join(text.replace(",", " ").split())


def parse_address(text: str) -> Address | None:
    """Return an address, None if it is none. An IPv4-mapped IPv6 address is an IPv4 address."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found


def client_address(connection: HTTPConnection) -> Address | None:
    """Return the address of the client, None if it is unknown."""
    return parse_address(connection.client.host) if connection.client else None


def is_forwarded(scope: Scope) -> bool:
    """Return whether a request was passed on by a proxy, or claims that it was."""
    return any(name in FORWARDING_HEADERS for name, _ in scope["headers"])


class ClientAddress:
    """ASGI middleware that takes the client's address from X-Forwarded-For if a trusted proxy sends it.

    Parameters
    ----------
    app
        The application.
    proxies
        Addresses and networks of the proxies, separated by commas; "": there are none.
    """

    def __init__(self, app: ASGIApp, proxies: str) -> None:
        self._app: ASGIApp = app
        self._warned = bool(proxies)
        if proxies:
            self._app = ProxyHeadersMiddleware(app, trusted_hosts=proxies)  # type: ignore[arg-type,assignment]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""
        if scope["type"] == "http":
            self._warn(scope)
            if scope["client"] and (address := parse_address(scope["client"][0])):
                scope = {**scope, "client": (str(address), scope["client"][1])}
        await self._app(scope, receive, send)

    def _warn(self, scope: Scope) -> None:
        if not self._warned and is_forwarded(scope):
            self._warned = True
            logger.warning(
                "Requests come through a proxy, and SIDFLOW_TRUSTED_PROXIES names none. All listeners share "
                "one rate limit. Set it to the proxy's address if the proxy sets X-Forwarded-For itself."
            )
