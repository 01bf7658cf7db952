import json
from dataclasses import replace

import pytest

from app.server import rate
from app.server.application import create_app
from app.server.client_address import parse_address
from app.server.rate import TokenBuckets
from app.server.settings import Settings

from .conftest import METRICS, Rows, Serve
from .deltas import batch, rating

SYNC = "/api/feedback/sync"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_burst_then_a_steady_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(2, 5, clock)
    assert [buckets.take(b"a") for _ in range(6)] == [0, 0, 0, 0, 0, 0.5]
    clock.now = 0.25
    assert buckets.take(b"a") == 0.25
    clock.now = 0.5
    assert [buckets.take(b"a"), buckets.take(b"a")] == [0, 0.5]


def test_rejected_requests_take_no_tokens() -> None:
    clock = Clock()
    buckets = TokenBuckets(1, 1, clock)
    assert [buckets.take(b"a") for _ in range(100)][-1] == 1
    clock.now = 1
    assert buckets.take(b"a") == 0


def test_clients_have_separate_buckets() -> None:
    buckets = TokenBuckets(1, 1, Clock())
    assert [buckets.take(name) for name in (b"a", b"a", b"b")] == [0, 1, 0]


def test_clients_with_full_buckets_are_dropped() -> None:
    clock = Clock()
    buckets = TokenBuckets(1, 10, clock)
    for i in range(50):
        clock.now = i
        buckets.take(str(i).encode())
    assert len(buckets) == 10


def test_number_of_clients_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "MAX_CLIENTS", 100)
    buckets = TokenBuckets(1, 10, Clock())
    for i in range(1000):
        buckets.take(str(i).encode())
    assert len(buckets) == 100
    assert buckets.take(b"999") == 0


def test_zero_means_no_limit() -> None:
    buckets = TokenBuckets(0, 1, Clock())
    assert {buckets.take(b"a") for _ in range(1000)} == {0}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unknown", "192.0.2.1:80", True),
    ],
)
def test_addresses_of_one_client(one: str, other: str, same: bool) -> None:
    limit = rate.RateLimit(TokenBuckets(1, 1))
    assert (limit._pseudonym(parse_address(one)) == limit._pseudonym(parse_address(other))) == same


def test_pseudonyms_differ_between_starts() -> None:
    first, second = (rate.RateLimit(TokenBuckets(1, 1)) for _ in range(2))
    address = parse_address("192.0.2.1")
    assert first._pseudonym(address) != second._pseudonym(address)


def test_too_many_requests(serve: Serve, settings: Settings, rows: Rows) -> None:
    client = serve(create_app(replace(settings, rate_limit=0.01, rate_burst=3)))
    for _ in range(3):
        assert client.post(SYNC, json=batch(rating())).status_code == 200
    answers = [client.post(SYNC, json=batch(rating())), client.get("/api/model/latest")]
    for answer in answers:
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "too_many_requests"
        assert 1 < int(answer.headers["retry-after"]) <= 100
    assert len(rows()) == 3
    assert client.get("/api/health").status_code == 200
    assert client.get("/").status_code == 200


def test_rejected_before_the_body_is_read(serve: Serve, settings: Settings) -> None:
    client = serve(create_app(replace(settings, rate_limit=0.01, rate_burst=1)))
    client.get("/api/model/latest")
    assert client.post(SYNC, content=b"{" * 60_000).status_code == 429


def test_addresses_are_not_stored(serve: Serve, settings: Settings, rows: Rows) -> None:
    client = serve(create_app(settings))
    client.post(SYNC, json=batch(rating()))
    assert "127.0.0.1" not in json.dumps(rows(), default=str)
    assert "127.0.0.1" not in client.get("/metrics", headers=METRICS).text


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [("", [200, 429, 429]), ("192.0.2.9", [200, 429, 429]), ("127.0.0.0/8", [200, 429, 200])],
)
def test_only_a_configured_proxy_says_who_the_client_is(
    settings: Settings, serve: Serve, proxies: str, statuses: list[int]
) -> None:
    limited = replace(settings, rate_limit=0.01, rate_burst=1, trusted_proxies=proxies)
    client = serve(create_app(limited))
    answers = [
        client.get("/api/model/latest", headers={"X-Forwarded-For": address})
        for address in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2")
    ]
    assert [answer.status_code for answer in answers] == statuses
