"""The transport: what the library needs of the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Protocol

from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.types import Milliseconds, Record

MAX_RETRY_AFTER: Final = 86_400.0
"""The longest pause, in seconds, that a server can ask for."""

FAULTS: Final = frozenset({"invalid_request", "invalid_field", "body_too_large"})
"""Codes of errors that mean that the upload itself is at fault: our server will never take it."""

BATCH_REUSED: Final = "batch_reused"
"""Code of the error that means that the events must be sent in a batch with another id."""

ERROR_CODES: Final = FAULTS | {
    BATCH_REUSED,
    "database_unavailable",
    "internal_error",
    "request_timeout",
    "too_many_requests",
    "unsupported_media_type",
}
"""Codes of all errors with which our server answers an upload."""


@dataclass(frozen=True, slots=True)
class Response:
    """A server's response: HTTP status, headers with lowercase names, and the JSON body if there is one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Record | None = None

    @property
    def error_code(self) -> str | None:
        """The code of an error of our own server; None for an answer of anything else, such as a proxy."""
        error = (self.body or {}).get("error")
        code = error.get("code") if isinstance(error, dict) else None
        return code if code in ERROR_CODES else None

    @property
    def date(self) -> Milliseconds | None:
        """The time of the server, in epoch milliseconds; None if it doesn't tell."""
        date = _http_date(self.headers.get("date", ""))
        return None if date is None else date.timestamp() * 1000

    @property
    def error_message(self) -> str:
        """The message of the error in the body."""
        error = (self.body or {}).get("error")
        return str(error.get("message")) if isinstance(error, dict) else "it gave no reason"

    def retry_after(self, now: Milliseconds) -> float | None:
        """Return the seconds that ``Retry-After`` asks to wait; None if it is missing or malformed.

        A date is compared with the server's own ``Date`` if that is present, because the listener's clock may
        be wrong.
        """
        value = self.headers.get("retry-after", "")
        if value.isascii() and value.isdecimal():
            return min(float(value), MAX_RETRY_AFTER)
        until = _http_date(value)
        if until is None:
            return None
        since = _http_date(self.headers.get("date", "")) or datetime.fromtimestamp(now / 1000, tz=UTC)
        return min(max(0.0, (until - since).total_seconds()), MAX_RETRY_AFTER)


class Transport(Protocol):
    """Carries anonymized batches to the sync server, and the global model back.

    Both methods raise `SyncError` without a status if there was no response (offline, reset, timeout).
    """

    async def send(self, batch: AnonymizedBatch, *, timeout: float) -> Response:
        """POST a batch; abort the request after `timeout` seconds."""

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:
        """GET the global model's manifest; the status is 304 if it is still the one that `etag` names."""


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
