"""`POST /api/feedback/sync`: stores a batch of anonymous events, each event once."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError

from sidflow_feedback.sync.delta_rules import uuid_problem

from .body import read_json
from .client_address import client_address
from .database import Rows
from .errors import FIELD_LENGTH, InvalidRequestError
from .metrics import Metrics
from .networks import Networks
from .quota import Quota
from .rate import RateLimit
from .schema import (
    Delta,
    ImplicitDelta,
    RatingDelta,
    SyncAnswer,
    SyncRequest,
    SyncResult,
    errors,
    first_problem,
)
from .tables import events
from .writer import Writer

_EMPTY_ROW = dict.fromkeys(column.name for column in events.columns if column.name != "id")


# FastAPI must not read the body: it would do so without a size limit.
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": SyncRequest.model_json_schema()}},
    }
}


def feedback_router(writer: Writer, metrics: Metrics, limit: RateLimit, quota: Quota) -> APIRouter:
    """Create the route that stores synced events with `writer`, as many as `quota` allows."""
    router = APIRouter(prefix="/api/feedback", dependencies=[Depends(limit)])
    networks = Networks()

    @router.post(
        "/sync",
        response_model=SyncAnswer,
        responses=errors(400, 408, 413, 415, 429, 503),
        openapi_extra=_BODY,
    )
    async def sync(request: Request) -> Response:
        batch = _parse_batch(await read_json(request))
        day, address = datetime.now(UTC).date(), client_address(request)
        arrival = {"day": day, "network": networks.number(address, day)}

        async def add(rows: Rows) -> set[str]:
            quota.take(address, len(rows))
            added: set[str] = set()
            try:
                added = await writer.add(rows)
            finally:
                quota.give_back(address, len(rows) - len(added))
            return added

        answer = await _store(batch, arrival, add)
        metrics.count_events(answer.results)
        return Response(answer.model_dump_json(by_alias=True), media_type="application/json")

    return router


def _parse_batch(value: object) -> SyncRequest:
    try:
        return SyncRequest.model_validate(value)
    except ValidationError as exc:
        field, problem = first_problem(exc)
        message = f"The batch is invalid: {problem}. None of it was stored. Correct it and send it again."
        raise InvalidRequestError(message, field or None) from exc


def rows_of(batch: SyncRequest, arrival: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows for the valid events of a batch; `arrival` has day and network."""
    return [_row(item, batch) | arrival for item in _check(batch) if not isinstance(item, SyncResult)]


async def _store(
    batch: SyncRequest, arrival: dict[str, Any], add: Callable[[Rows], Awaitable[set[str]]]
) -> SyncAnswer:
    checked = _check(batch)
    rows = [_row(item, batch) | arrival for item in checked if not isinstance(item, SyncResult)]
    added = await add(rows) if rows else set()
    results = [item if isinstance(item, SyncResult) else _result(item, added) for item in checked]
    return SyncAnswer.model_validate({"batchId": batch.batch_id, "results": results})


def _check(batch: SyncRequest) -> list[Delta | SyncResult]:
    ratings = [_check_event(RatingDelta, value) for value in batch.ratings]
    return ratings + [_check_event(ImplicitDelta, value) for value in batch.implicit]


def _check_event(kind: type[Delta], value: Any) -> Delta | SyncResult:
    try:
        return kind.model_validate(value)
    except ValidationError as exc:
        field, problem = first_problem(exc)
        uuid = value.get("uuid") if isinstance(value, dict) else None
        valid = uuid_problem(uuid) is None
        reason = f"{field[:FIELD_LENGTH] or 'event'}: {problem}"
        return SyncResult(uuid=uuid if valid else None, status="rejected", reason=reason)


def _row(delta: Delta, batch: SyncRequest) -> dict[str, Any]:
    """Flatten an event to the columns of the table. Missing values are null."""
    row = _EMPTY_ROW | vars(delta)
    for nested in (row.pop("ratings", None), row.pop("features")):
        if nested is not None:
            row |= vars(nested)
    row["sid_path"] = row.pop("item_id")
    row["uuid"] = delta.uuid.lower()
    row["batch_id"] = batch.batch_id.lower()
    return row


def _result(delta: Delta, added: set[str]) -> SyncResult:
    """Return the result for an event. Its uuid leaves `added`, so that a second one is a duplicate.

    The client knows its event by the uuid as it was sent, whether in capitals or not.
    """
    stored = delta.uuid.lower()
    if stored not in added:
        return SyncResult(uuid=delta.uuid, status="duplicate")
    added.remove(stored)
    return SyncResult(uuid=delta.uuid, status="accepted")
