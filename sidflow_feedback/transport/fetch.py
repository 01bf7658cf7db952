"""The network in the browser: `fetch`."""

from __future__ import annotations

import json
from typing import Any

from js import AbortSignal
from pyodide.ffi import JsException
from pyodide.http import pyfetch

from sidflow_feedback.errors import SyncError
from sidflow_feedback.privacy import AnonymisedBatch
from sidflow_feedback.transport import Response
from sidflow_feedback.types import Record


class FetchTransport:
    """A `Transport` over HTTP to the server at `base_url` (the page's own origin by default).

    Cancelling a call aborts its request.
    """

    def __init__(self, base_url: str = "") -> None:
        self._base_url = base_url.rstrip("/")

    async def send(self, batch: AnonymisedBatch, *, timeout: float) -> Response:
        return await self._request(
            "/api/feedback/sync",
            timeout,
            method="POST",
            body=batch.to_json(),
            headers={"Content-Type": "application/json"},
            credentials="omit",
            referrerPolicy="no-referrer",
            redirect="error",  # Another server was not what the listener agreed to.
        )

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:
        headers = {"If-None-Match": etag} if etag else {}
        # `no-store` keeps the 304 visible: with a cache in between the browser would answer 200 itself.
        return await self._request("/api/model/latest", timeout, headers=headers, cache="no-store")

    async def _request(self, path: str, timeout: float, **options: Any) -> Response:
        signal = AbortSignal.timeout(int(timeout * 1000))
        try:
            answer = await pyfetch(self._base_url + path, signal=signal, **options)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status, headers, _json(await answer.text()))
        except (OSError, JsException) as exc:
            reason = f"no answer within {timeout:g} s." if signal.aborted else exc
            raise SyncError(f"The server can't be reached: {reason}") from exc


def _json(text: str) -> Record | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
