"""The network that an upload comes from, as a number that says little and only for a day.

Training limits what a single network can contribute. It needs to know which uploads of a day may have come
from the same one, and nothing else: so a keyed hash of the network and the day is cut to one of 256 numbers,
which many networks share. The key is in memory only, and made at each start.
"""

import hashlib
import secrets
from datetime import date
from ipaddress import IPv6Address
from typing import Final

from .client_address import Address

NUMBERS: Final = 256


class Networks:
    """Numbers networks, with other numbers each day."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def number(self, address: Address | None, day: date) -> int | None:
        """Return the number of a client's network on a day, None if the address is unknown."""
        if address is None:
            return None
        text = f"{day.isoformat()} ".encode() + network_prefix(address)
        return hashlib.blake2b(text, key=self._key, digest_size=1).digest()[0] % NUMBERS


def network_prefix(address: Address) -> bytes:
    """Return what all addresses of a network begin with: /24 for IPv4, /48 for IPv6."""
    return address.packed[: 6 if isinstance(address, IPv6Address) else 3]
