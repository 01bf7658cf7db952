"""Metrics in Prometheus' format, and one log line for each request. Neither contains client addresses."""

import collections
import logging
import time
from collections.abc import Iterable
from http import HTTPMethod

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .bearer import require_token
from .schema import SyncResult, errors

logger = logging.getLogger("sidflow.requests")

_ONLY_PROMETHEUS = (
    "The metrics need the token that SIDFLOW_METRICS_TOKEN has on the server. "
    "Send it as `Authorization: Bearer TOKEN`."
)

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds in seconds. A sync takes milliseconds; a slow upload, up to half a minute."""


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "sidflow_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "sidflow_request_seconds",
            "Time until the response was sent.",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._events = Counter("sidflow_events", "Events received.", ["result"], registry=self.registry)
        self._commits = Counter("sidflow_commits", "Commits of events.", ["result"], registry=self.registry)

    def count_commit(self, success: bool) -> None:
        """Count a commit of the writer."""
        self._commits.labels("stored" if success else "failed").inc()

    def count_events(self, results: Iterable[SyncResult]) -> None:
        """Count the events of a batch by result."""
        for status, count in collections.Counter(result.status for result in results).items():
            self._events.labels(status).inc(count)

    def count_request(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request."""
        method = scope["method"] if scope["method"] in HTTPMethod.__members__ else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        facts = {"method": method, "route": route, "status": status, "milliseconds": round(seconds * 1000, 2)}
        logger.info("request", extra=facts)


class RequestMetrics:
    """ASGI middleware that records the requests to `app` in `metrics`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or the lifespan."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_record)
        finally:
            self._metrics.count_request(scope, status, time.perf_counter() - began)


def metrics_router(metrics: Metrics, token: str) -> APIRouter:
    """Create the route that Prometheus scrapes; it needs the token."""

    def check(request: Request) -> None:
        require_token(request, token, _ONLY_PROMETHEUS)

    router = APIRouter(dependencies=[Depends(check)])

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **errors(403)},
    )
    def read() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
