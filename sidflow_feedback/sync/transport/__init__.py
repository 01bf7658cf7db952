"""The network, as far as the library needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.types import Milliseconds, Record

LONGEST_PAUSE: Final = 86_400.0
"""Seconds that a server can ask us to wait at most."""


@dataclass(frozen=True, slots=True)
class Response:
    """Answer of a server: HTTP status, headers with lower-case names, and the JSON body if there is one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Record | None = None

    def retry_after(self, now: Milliseconds) -> float | None:
        """Return the seconds that the server asks to wait, None when it does not, or not in a way of HTTP.

        A date counts from the server's own ``Date`` where it tells that: the listener's clock may be wrong.
        """
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdecimal():
            return min(float(value), LONGEST_PAUSE)
        until = _http_date(value)
        if until is None:
            return None
        since = _http_date(self.headers.get("date", "")) or datetime.fromtimestamp(now / 1000, tz=UTC)
        return min(max(0.0, (until - since).total_seconds()), LONGEST_PAUSE)


class Transport(Protocol):
    """Carries anonymized batches to the sync server, and the global model back.

    Both calls raise `SyncError` without a status when no answer came (offline, reset, timeout).
    """

    async def send(self, batch: AnonymizedBatch, *, timeout: float) -> Response:
        """POST a batch; give up after `timeout` seconds and abort the request."""

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:
        """GET the global model's manifest; status 304 when it is still the one named by `etag`."""


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
