"""Plays on an Ultimate 64 or 1541 Ultimate in the local network with its REST API (firmware 3.11 or later).

https://1541u-documentation.readthedocs.io/en/latest/api/api_calls.html
"""

import asyncio
import ipaddress
import json
import uuid
from http.client import HTTPConnection, HTTPException
from typing import Any

from ..errors import ConfigurationError
from .errors import PlayerUnavailableError

TIMEOUT = 4.0
"""Seconds for each step of a call. The device is in the local network."""

MAX_ANSWER = 64 * 1024
DEFAULT_PORT = 80


class UltimatePlayer:
    """Forwards the page's calls to the device, which doesn't send CORS headers itself.

    Parameters
    ----------
    address
        The device's host and port, chosen by whoever runs the server; None if there is none. Never an address
        from a request: with that, a page could make the server call anything in its network.
    """

    def __init__(self, address: tuple[str, int] | None = None) -> None:
        self._address = address

    async def unavailable(self) -> str | None:
        """Return why it can't be used, or None if it can."""
        try:
            await self._call("GET", "version")
        except PlayerUnavailableError as exc:
            return exc.message
        return None

    async def play(self, data: bytes, song: int) -> None:
        """Play a song from its beginning."""
        body, media_type = _attachment(data)
        await self._call("POST", f"runners:sidplay?songnr={song}", body, media_type)

    async def pause(self) -> None:
        """Halt the processor. The chip sustains the current note."""
        await self._call("PUT", "machine:pause")

    async def resume(self) -> None:
        """Resume the processor."""
        await self._call("PUT", "machine:resume")

    async def stop(self) -> None:
        """Reset the machine, which is the only way to silence it."""
        await self._call("PUT", "machine:resume")
        await self._call("PUT", "machine:reset")

    async def state(self) -> dict[str, Any]:
        """Return a status of None: the device doesn't report it. An error means that it doesn't respond."""
        await self._call("GET", "version")
        return {"status": None, "song": 0, "error": ""}

    async def aclose(self) -> None:
        """Do nothing: the device keeps its state."""

    async def _call(self, method: str, path: str, body: bytes = b"", media_type: str = "") -> None:
        if self._address is None:
            raise PlayerUnavailableError(
                "No Ultimate 64 is known. Start the server with its address, for example "
                "`sidflow-feedback serve --local-players --ultimate 192.168.1.64`."
            )
        host, port = self._address
        headers = {"Content-Type": media_type} if body else {}
        await asyncio.to_thread(_exchange, host, port, method, f"/v1/{path}", body, headers)


def parse_device_address(text: str) -> tuple[str, int]:
    """Return host and port of an address in a local network.

    Host names are rejected, because they could resolve to another machine later.

    Raises
    ------
    ConfigurationError
        If the address is anything else.
    """
    host, colon, port = text.partition(":")
    try:
        ip = ipaddress.IPv4Address(host)
        number = int(port) if colon else DEFAULT_PORT
    except ValueError as exc:
        raise ConfigurationError(
            "--ultimate or SIDFLOW_ULTIMATE must be an IPv4 address such as 192.168.1.64:8080, "
            f"not {text!r}. Correct it."
        ) from exc
    own = ip.is_loopback or (ip.is_private and not (ip.is_link_local or ip.is_unspecified or ip.is_reserved))
    if not own or not 0 < number < 65536:
        raise ConfigurationError(
            "--ultimate or SIDFLOW_ULTIMATE must be in your local network (10.x, 172.16-31.x, 192.168.x), "
            f"not {text!r}. Correct it."
        )
    return str(ip), number


def _attachment(data: bytes) -> tuple[bytes, str]:
    boundary = uuid.uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="tune.sid"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return (
        head.encode() + data + f"\r\n--{boundary}--\r\n".encode(),
        f"multipart/form-data; boundary={boundary}",
    )


def _exchange(host: str, port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    """Send a request. Redirects are not followed."""
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read(MAX_ANSWER)
    except (OSError, HTTPException) as exc:
        reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        raise PlayerUnavailableError(
            f"The Ultimate at {host} does not respond ({reason}). Switch it on, then check its network "
            "settings and the address with which the server was started."
        ) from exc
    finally:
        connection.close()
    if status == 403:
        raise PlayerUnavailableError(
            f"The Ultimate at {host} requires a network password, which this page can't send. "
            "Clear it in the device's network settings."
        )
    if problem := _problem(status, text):
        raise PlayerUnavailableError(
            f"The Ultimate at {host} refused: {problem}. Check that its firmware is 3.11 or later."
        )


def _problem(status: int, text: bytes) -> str:
    try:
        errors = json.loads(text)["errors"] if text else []
        messages = "; ".join(str(error)[:200] for error in errors)
    except (ValueError, TypeError, KeyError):
        return "its response is not that of an Ultimate"
    return messages or ("" if status == 200 else f"status {status}")
