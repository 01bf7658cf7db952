"""Quotas for a day: of a network, and of all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest

from app.server.application import create_app
from app.server.errors import QuotaExceededError
from app.server.quota import Quota
from app.server.settings import Settings

from .answers import SYNC, error, statuses
from .conftest import Rows, Serve
from .deltas import batch, rating

DAY = 86_400
HERE, NEIGHBOR, ELSEWHERE = map(ip_address, ("192.0.2.1", "192.0.2.77", "198.51.100.1"))


class Calendar:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 2, 3, 23, 59, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def forwarded(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


def limited(serve: Serve, settings: Settings, *, network: int = 0, total: int = 0) -> httpx.Client:
    limits = replace(settings, daily_events=network, total_daily_events=total, trusted_proxies="127.0.0.1")
    return serve(create_app(limits))


def check_refused(answer: httpx.Response) -> None:
    found = error(answer, 429, "quota_exceeded")
    assert "tomorrow" in found["message"]
    assert 0 < int(answer.headers["retry-after"]) <= DAY + 1


def test_network_has_a_quota(serve: Serve, settings: Settings, rows: Rows) -> None:
    client = limited(serve, settings, network=5)
    full = batch(rating(), rating(), rating())
    assert statuses(client.post(SYNC, json=full, headers=forwarded("192.0.2.1"))) == ["accepted"] * 3
    for address in ("192.0.2.1", "192.0.2.77"):
        more = batch(rating(), rating(), rating())
        check_refused(client.post(SYNC, json=more, headers=forwarded(address)))
    assert len(rows()) == 3, "nothing of a refused batch is stored"
    assert statuses(client.post(SYNC, json=batch(rating(), rating()), headers=forwarded("192.0.2.1")))
    assert statuses(client.post(SYNC, json=batch(rating()), headers=forwarded("198.51.100.1")))
    assert statuses(client.post(SYNC, json=batch(rating()), headers=forwarded("2001:db8::1")))


def test_all_share_a_quota(serve: Serve, settings: Settings) -> None:
    client = limited(serve, settings, total=3)
    assert statuses(client.post(SYNC, json=batch(rating(), rating()), headers=forwarded("192.0.2.1")))
    check_refused(client.post(SYNC, json=batch(rating(), rating()), headers=forwarded("198.51.100.1")))
    assert statuses(client.post(SYNC, json=batch(rating()), headers=forwarded("198.51.100.1")))


def test_what_is_not_stored_does_not_count(serve: Serve, settings: Settings) -> None:
    client = limited(serve, settings, network=4)
    sent = batch(rating(), rating(), {})
    for _ in range(5):
        assert client.post(SYNC, json=sent).status_code == 200
    refused = batch(rating()) | {"batchId": sent["batchId"]}
    for _ in range(5):
        error(client.post(SYNC, json=refused), 400, "batch_reused")
    assert statuses(client.post(SYNC, json=batch(rating(), rating()))) == ["accepted"] * 2
    check_refused(client.post(SYNC, json=batch(rating())))


def test_new_day_has_a_new_quota() -> None:
    calendar = Calendar()
    quota = Quota(10, 15, calendar)
    quota.take(HERE, 10)
    with pytest.raises(QuotaExceededError) as caught:
        quota.take(NEIGHBOR, 1)
    assert caught.value.headers == {"Retry-After": "61"}
    quota.take(ELSEWHERE, 5)
    with pytest.raises(QuotaExceededError):
        quota.take(None, 1)
    calendar.now += timedelta(minutes=2)
    quota.take(HERE, 10)
    quota.give_back(ELSEWHERE, 5)
    quota.take(None, 5)
    with pytest.raises(QuotaExceededError):
        quota.take(ELSEWHERE, 1)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.quota.MAX_NETWORKS", 10)
    quota = Quota(10, 0)
    for number in range(100):
        try:
            quota.take(ip_address(f"10.0.{number}.1"), 1)
        except QuotaExceededError:
            assert number >= 20
            break
    else:
        raise AssertionError("those beyond the limit share one quota")
    quota.take(ip_address("10.0.0.1"), 9)
