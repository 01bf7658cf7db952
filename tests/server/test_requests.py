"""Requests that are no batch of valid events: the answer says why, and nothing else is affected."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, delete

from app.server import body as body_module
from app.server.application import create_app
from app.server.body import MAX_BODY_BYTES
from app.server.db_connection import parse_url
from app.server.errors import BodyTooLargeError
from app.server.tables import events
from sidflow_feedback.vocabulary import MAX_UPLOAD_EVENTS

from .answers import JSON, SYNC, error, statuses
from .conftest import Rows, connected, module_settings, running
from .deltas import FEATURES, batch, implicit, rating

HEAD = f"POST {SYNC} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Server:
    """The server of all tests here, and its database."""

    client: httpx.Client
    database_url: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = module_settings(tmp_path_factory.mktemp("server"))
    with running(create_app(settings)) as client:
        yield Server(client, settings.database_url)


@pytest.fixture
def database_url(server: Server) -> str:
    """The emptied database."""
    engine = create_engine(parse_url(server.database_url))
    with engine.begin() as connection:
        connection.execute(delete(events))
    engine.dispose()
    return server.database_url


@pytest.fixture
def client(server: Server, database_url: str) -> httpx.Client:  # noqa: ARG001
    return server.client


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"uuid": "not-a-uuid"}, "uuid"),
        ({"uuid": None}, "uuid"),
        ({"sidPath": "/etc/passwd.sid"}, "sidPath"),
        ({"song": 0}, "song"),
        ({"ratings": {"e": 6}}, "ratings.e"),
        ({"features": {**FEATURES, "bpm": "fast"}}, "features.bpm"),
        ({"modelVersion": "global-1"}, "modelVersion"),
        ({"day": "2026-02-03"}, "day"),
        ({"timestamp": 1_700_000_000_000}, "timestamp"),
        ({"epsilon": 0.05}, "epsilon"),
    ],
)
def test_invalid_event_is_reported_and_the_others_are_stored(
    client: httpx.Client, rows: Rows, changes: dict[str, Any], field: str
) -> None:
    good, bad, liked = rating(), rating() | changes, implicit()
    answer = client.post(SYNC, json=batch(good, bad, implicit=(liked,)))
    assert statuses(answer) == ["accepted", "rejected", "accepted"]
    result = answer.json()["results"][1]
    assert result["reason"].startswith(f"{field}: ")
    assert result["uuid"] == (None if field == "uuid" else bad["uuid"])
    assert [row["uuid"] for row in rows()] == [good["uuid"], liked["uuid"]]


@pytest.mark.parametrize("junk", [None, 7, "text", [], {}, [[[]]]])
def test_invalid_item_does_not_affect_the_other_events(
    client: httpx.Client, rows: Rows, junk: object
) -> None:
    good = rating()
    answer = client.post(SYNC, json=batch(junk, good, implicit=(junk,)))
    assert statuses(answer) == ["rejected", "accepted", "rejected"]
    assert [row["uuid"] for row in rows()] == [good["uuid"]]


def test_long_field_name_is_cut(client: httpx.Client) -> None:
    answer = client.post(SYNC, json=batch(rating(**{"x" * 5000: 1})))
    assert len(answer.json()["results"][0]["reason"]) < 200
    refused = client.post(SYNC, json=batch(rating()) | {"x" * 5000: 1})
    assert len(error(refused, 400, "invalid_request")["field"]) < 100


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"batchId": "7"}, "batchId"),
        ({"batchId": None}, "batchId"),
        ({"baseModelVersion": "global-1"}, "baseModelVersion"),
        ({"ratings": {}}, "ratings"),
        ({"implicit": "like"}, "implicit"),
        ({"sessionId": "abc"}, "sessionId"),
        ({"ratings": []}, None),
        ({"ratings": [rating() for _ in range(MAX_UPLOAD_EVENTS)], "implicit": [implicit()]}, None),
    ],
)
def test_malformed_envelope(
    client: httpx.Client, rows: Rows, changes: dict[str, Any], field: str | None
) -> None:
    answer = client.post(SYNC, json=batch(rating()) | changes)
    assert error(answer, 400, "invalid_request").get("field") == field
    assert rows() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"' + b"\xc3(" + b'"',
        b"[" * 60_000,
        b"9" * 60_000,
        b'{"a": "\\ud800"}',
        json.dumps(batch(rating())).encode()[:-1],
    ],
)
def test_body_that_is_not_a_batch(client: httpx.Client, rows: Rows, body: bytes) -> None:
    error(client.post(SYNC, content=body, headers=JSON), 400, "invalid_request")
    assert rows() == []


@pytest.mark.parametrize("number", ["1e999", "NaN", "-Infinity", "9" * 500])
def test_nan_rejects_its_event_only(client: httpx.Client, rows: Rows, number: str) -> None:
    good = rating()
    body = json.dumps(batch(rating(), good)).replace("1830.5", number, 1)
    answer = client.post(SYNC, content=body, headers=JSON)
    assert statuses(answer) == ["rejected", "accepted"]
    assert answer.json()["results"][0]["reason"].startswith("features.spectralCentroid: ")
    assert [row["uuid"] for row in rows()] == [good["uuid"]]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonx"},
        {**JSON, "Content-Encoding": "br"},
        {**JSON, "Content-Encoding": "gzip, gzip"},
    ],
)
def test_other_media_types(client: httpx.Client, rows: Rows, headers: dict[str, str]) -> None:
    answer = client.post(SYNC, content=json.dumps(batch(rating())), headers=headers)
    error(answer, 415, "unsupported_media_type")
    assert rows() == []


def test_media_type_with_charset(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert statuses(client.post(SYNC, content=json.dumps(batch(rating())), headers=headers)) == ["accepted"]


def padded(size: int) -> bytes:
    return json.dumps(batch(rating())).encode().ljust(size)


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


@pytest.mark.parametrize("chunked", [False, True])
def test_body_size_limit(client: httpx.Client, rows: Rows, chunked: bool) -> None:
    whole, over = padded(MAX_BODY_BYTES), padded(MAX_BODY_BYTES + 1)
    too_large = client.post(SYNC, content=chunks(over) if chunked else over, headers=JSON)
    error(too_large, 413, "body_too_large")
    assert rows() == []
    assert statuses(client.post(SYNC, content=chunks(whole) if chunked else whole, headers=JSON)) == [
        "accepted"
    ]


def test_endless_body_is_rejected_before_its_end(client: httpx.Client) -> None:
    head = HEAD + "Transfer-Encoding: chunked\r\n\r\n"
    with connected(client) as peer:
        peer.sendall(head.encode())
        for _ in range(MAX_BODY_BYTES // 4096 + 1):
            peer.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n")
        # The last chunk is never sent: only a server that counts while it reads can answer.
        assert peer.recv(65536).startswith(b"HTTP/1.1 413 ")


def gzipped(value: object) -> bytes:
    return gzip.compress(json.dumps(value).encode())


GZIP = {**JSON, "Content-Encoding": "gzip"}


def test_gzip(client: httpx.Client, rows: Rows) -> None:
    body = batch(*(rating() for _ in range(MAX_UPLOAD_EVENTS)))
    assert (
        statuses(client.post(SYNC, content=gzipped(body), headers=GZIP)) == ["accepted"] * MAX_UPLOAD_EVENTS
    )
    assert len(rows()) == MAX_UPLOAD_EVENTS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1f\x8b",
        b"plain",
        json.dumps(batch(rating())).encode(),
        gzipped(batch(rating()))[:-1],
        gzipped(batch(rating()))[:-9],
        gzipped(batch(rating())) + b"more",
        gzipped(batch(rating())) * 2,
        gzipped(batch(rating()))[:30] + b"\0" * 30 + gzipped(batch(rating()))[60:],
        zlib.compress(json.dumps(batch(rating())).encode()),
    ],
)
def test_broken_gzip(client: httpx.Client, rows: Rows, body: bytes) -> None:
    found = error(client.post(SYNC, content=body, headers=GZIP), 400, "invalid_request")
    assert "gzip" in found["message"]
    assert rows() == []


def test_gzip_is_decompressed_up_to_the_limit(client: httpx.Client) -> None:
    fits, bomb = gzip.compress(padded(MAX_BODY_BYTES)), gzip.compress(bytes(60_000_000))
    assert len(bomb) < MAX_BODY_BYTES
    assert statuses(client.post(SYNC, content=fits, headers=GZIP)) == ["accepted"]
    error(client.post(SYNC, content=bomb, headers=GZIP), 413, "body_too_large")
    error(
        client.post(SYNC, content=gzip.compress(padded(MAX_BODY_BYTES + 1)), headers=GZIP),
        413,
        "body_too_large",
    )


def test_ten_megabytes(client: httpx.Client, rows: Rows) -> None:
    with suppress(httpx.TransportError):  # The server may close the connection before all of it is sent.
        error(client.post(SYNC, content=padded(10_000_000), headers=JSON), 413, "body_too_large")
    assert statuses(client.post(SYNC, json=batch(rating()))) == ["accepted"]
    assert len(rows()) == 1


def test_body_that_does_not_arrive(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "BODY_SECONDS", 0.2)
    with connected(client) as peer:
        peer.sendall((HEAD + "Content-Length: 500\r\n\r\n{").encode())
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request_timeout" in answer


def test_incomplete_requests_do_not_affect_others(client: httpx.Client, rows: Rows) -> None:
    head = HEAD + "Content-Length: 500\r\n\r\n"
    for _ in range(5):
        with connected(client) as peer:
            peer.sendall(head.encode() + b'{"batchId": ')
    assert statuses(client.post(SYNC, json=batch(rating()))) == ["accepted"]
    assert len(rows()) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods(client: httpx.Client, method: str) -> None:
    answer = client.request(method, SYNC)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    if method != "HEAD":
        error(answer, 405, "method_not_allowed")


def test_gzip_bomb_is_not_decompressed_in_memory() -> None:
    bomb = gzip.compress(bytes(60_000_000))
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError):
        body_module._inflate(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
