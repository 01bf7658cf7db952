"""A transport without a network, for tests and simulations."""

from __future__ import annotations

from collections.abc import Callable

from sidflow_feedback.errors import SyncError
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.types import Record


def accept_all(batch: AnonymizedBatch) -> Response:
    """Respond as a server does that has seen none of the events before."""
    results = [{"uuid": delta.uuid, "status": "accepted", "reason": None} for delta in batch.deltas]
    return Response(200, body={"batchId": batch.batch_id, "results": results})


class MemoryTransport:
    """A `Transport` that passes each batch to a function.

    Parameters
    ----------
    server
        Responds to a batch; may raise `SyncError` to simulate a broken connection.
    model
        The global model's manifest; None simulates a server without a model.

    Attributes
    ----------
    online
        Whether requests reach the server.
    sent
        All batches so far.
    model_requests
        The etag of each request for the model so far.
    """

    def __init__(
        self,
        server: Callable[[AnonymizedBatch], Response] = accept_all,
        model: Record | None = None,
    ) -> None:
        self._server = server
        self.model = model
        self.online = True
        self.sent: list[AnonymizedBatch] = []
        self.model_requests: list[str | None] = []

    async def send(self, batch: AnonymizedBatch, *, timeout: float) -> Response:  # noqa: ARG002
        self._require_online()
        self.sent.append(batch)
        return self._server(batch)

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:  # noqa: ARG002
        self.model_requests.append(etag)
        self._require_online()
        if self.model is None:
            return Response(503, body={"error": {"code": "no_model", "message": "There is no model yet."}})
        version = str(self.model.get("version"))
        if etag == version:
            return Response(304, headers={"etag": version})
        return Response(200, headers={"etag": version}, body=self.model)

    def _require_online(self) -> None:
        if not self.online:
            raise SyncError("The server can't be reached: the connection is down.")
