"""An Ultimate 64 or 1541 Ultimate in the listener's network, by its REST API (firmware 3.11 and later).

https://1541u-documentation.readthedocs.io/en/latest/api/api_calls.html
"""

import asyncio
import ipaddress
import json
import uuid
from http.client import HTTPConnection, HTTPException
from typing import Any

from ..errors import InvalidRequestError
from .errors import PlayerUnavailableError

TIMEOUT = 4.0
"""Seconds for each step of a call: the device is near."""

MAX_ANSWER = 64 * 1024
DEFAULT_PORT = 80


class UltimatePlayer:
    """Sends what the page asks for to the device, which sends no CORS headers itself."""

    async def unavailable(self, address: str) -> str | None:
        """Say why it can't be used; None when it can."""
        if not address:
            return "Give the address of your Ultimate 64 below, for example 192.168.1.64."
        try:
            await self._call(address, "GET", "version")
        except (PlayerUnavailableError, InvalidRequestError) as exc:
            return exc.message
        return None

    async def play(self, address: str, data: bytes, song: int) -> None:
        """Play a song from its beginning."""
        body, media_type = _attachment(data)
        await self._call(address, "POST", f"runners:sidplay?songnr={song}", body, media_type)

    async def pause(self, address: str) -> None:
        """Halt the processor; the chip holds the note that sounds."""
        await self._call(address, "PUT", "machine:pause")

    async def resume(self, address: str) -> None:
        """Let the processor go on."""
        await self._call(address, "PUT", "machine:resume")

    async def stop(self, address: str) -> None:
        """Reset the machine: there is no other way to silence it."""
        await self._call(address, "PUT", "machine:resume")
        await self._call(address, "PUT", "machine:reset")

    async def state(self, address: str) -> dict[str, Any]:
        """Return a status of None: the device does not tell. That it answers is all that is known."""
        await self._call(address, "GET", "version")
        return {"status": None, "song": 0, "error": ""}

    async def aclose(self) -> None:
        """Leave the device as it is."""

    async def _call(
        self, address: str, method: str, path: str, body: bytes = b"", media_type: str = ""
    ) -> None:
        host, port = checked(address)
        headers = {"Content-Type": media_type} if body else {}
        await asyncio.to_thread(_exchange, host, port, method, f"/v1/{path}", body, headers)


def checked(address: str) -> tuple[str, int]:
    """Return host and port of an address in the listener's own network.

    Only an IP address is taken, not a name, which could mean another machine the next time. Those of the
    internet are refused: the server must not be made to call others.

    Raises
    ------
    InvalidRequestError
        If it is something else.
    """
    host, colon, port = address.partition(":")
    try:
        ip = ipaddress.IPv4Address(host)
        number = int(port) if colon else DEFAULT_PORT
    except ValueError as exc:
        raise InvalidRequestError(
            "The Ultimate's address must be an IPv4 address such as 192.168.1.64, or 192.168.1.64:8080.",
            "address",
        ) from exc
    own = ip.is_loopback or (ip.is_private and not (ip.is_link_local or ip.is_unspecified or ip.is_reserved))
    if not own or not 0 < number < 65536:
        raise InvalidRequestError(
            "The Ultimate's address must be one of your own network (10.x, 172.16-31.x, 192.168.x): "
            "the server calls no others. Correct it in Preferences.",
            "address",
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
    """Make one call; redirects are not followed."""
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        status, text = answer.status, answer.read(MAX_ANSWER)
    except (OSError, HTTPException) as exc:
        reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
        raise PlayerUnavailableError(
            f"The Ultimate at {host} does not answer ({reason}). Switch it on, and check its address in "
            "Preferences and its network settings."
        ) from exc
    finally:
        connection.close()
    if status == 403:
        raise PlayerUnavailableError(
            f"The Ultimate at {host} wants its network password, which this page does not know. "
            "Empty it in the device's network settings."
        )
    if problem := _problem(status, text):
        raise PlayerUnavailableError(
            f"The Ultimate at {host} refused: {problem}. Check its firmware (3.11 or later)."
        )


def _problem(status: int, text: bytes) -> str:
    try:
        errors = json.loads(text)["errors"] if text else []
        said = "; ".join(str(error)[:200] for error in errors)
    except (ValueError, TypeError, KeyError):
        return "its answer is not that of an Ultimate"
    return said or ("" if status == 200 else f"status {status}")
