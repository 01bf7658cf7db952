"""The network, as far as the library needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sidflow_feedback.privacy import AnonymisedBatch
from sidflow_feedback.types import Record


@dataclass(frozen=True, slots=True)
class Response:
    """Answer of a server: HTTP status, headers with lower-case names, and the JSON body if there is one."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Record | None = None


class Transport(Protocol):
    """Carries anonymised batches to the sync server, and the global model back.

    Both calls raise `SyncError` without a status when no answer came (offline, reset, timeout).
    """

    async def send(self, batch: AnonymisedBatch, *, timeout: float) -> Response:
        """POST a batch; give up after `timeout` seconds and abort the request."""

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:
        """GET the global model's manifest; status 304 when it is still the one named by `etag`."""
