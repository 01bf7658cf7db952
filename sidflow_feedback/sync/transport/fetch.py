"""The transport in the browser, which uses `fetch`."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from js import AbortController, Object, fetch
from pyodide.ffi import JsException, to_js

from sidflow_feedback.errors import SyncError
from sidflow_feedback.sync.deltas import AnonymizedBatch
from sidflow_feedback.sync.transport import Response
from sidflow_feedback.types import Record


class FetchTransport:
    """A `Transport` over HTTP. Canceling a call aborts its request.

    Parameters
    ----------
    model_url, sync_url
        Addresses of the global model's manifest, and of the endpoint for shared feedback. Without the latter,
        nothing can be sent.
    """

    def __init__(self, model_url: str, sync_url: str | None = None) -> None:
        self._model_url = model_url
        self._sync_url = sync_url

    async def send(self, batch: AnonymizedBatch, *, timeout: float) -> Response:
        if self._sync_url is None:
            raise SyncError("This site has no server that accepts shared feedback, so nothing is sent.")
        return await self._request(
            self._sync_url,
            timeout,
            method="POST",
            body=batch.to_json(),
            # The listener's languages would tell uploads apart.
            headers={"Content-Type": "application/json", "Accept-Language": "*"},
            credentials="omit",
            referrerPolicy="no-referrer",
            redirect="error",  # The listener agreed to this server only.
        )

    async def fetch_model(self, *, etag: str | None, timeout: float) -> Response:
        headers = {"If-None-Match": etag} if etag else {}
        # Must be `no-store`: with its cache, the browser would turn a 304 into a 200.
        return await self._request(self._model_url, timeout, headers=headers, cache="no-store")

    async def _request(self, url: str, timeout: float, **options: Any) -> Response:
        controller = AbortController.new()
        options["signal"] = controller.signal
        try:
            async with asyncio.timeout(timeout):
                answer = await fetch(url, to_js(options, dict_converter=Object.fromEntries))
                headers, text = Object.fromEntries(answer.headers).to_py(), await answer.text()
        except TimeoutError as exc:
            raise SyncError(f"The server can't be reached: no answer within {timeout:g} s.") from exc
        except JsException as exc:
            raise SyncError("The server can't be reached.") from exc  # Browsers don't tell why.
        finally:
            controller.abort()  # Has no effect on a completed request.
        return Response(answer.status, headers, _json(text))


def _json(text: str) -> Record | None:
    try:
        body = json.loads(text)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
