"""Any input from a client: the answer is well-formed, valid events are kept, the server stays up.

`make test-fuzz-server` tries more inputs.
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from sqlalchemy import create_engine, select

from app.server.application import create_app
from app.server.db_connection import parse_url
from app.server.settings import Settings
from app.server.tables import events

from .answers import JSON, SYNC
from .conftest import module_settings, running
from .deltas import FEATURES, batch, implicit, rating

RATING_FIELDS = [
    *("uuid", "sidPath", "song", "features", "modelVersion", "day", "epsilon", "ratings", "surprise"),
    *(f"features.{name}" for name in (*FEATURES, "surprise")),
    *(f"ratings.{name}" for name in "emcpx"),
]
IMPLICIT_FIELDS = [name for name in RATING_FIELDS if not name.startswith("ratings")] + ["action"]
ENVELOPE = ["batchId", "baseModelVersion", "ratings", "implicit", "surprise"]

numbers = st.one_of(
    st.integers(),
    st.integers(min_value=-(10**400), max_value=10**400),
    st.floats(),
    st.sampled_from([0, -1, 5, 6, 2**31, 2**63, 2**64, 1e308, -1e308, 5e-324, float("nan"), float("inf")]),
)
texts = st.one_of(
    st.text(st.characters(codec="utf-8")),
    st.sampled_from(
        [
            *("", " ", "\0", "../../etc/passwd", "C:\\x.sid", "'; DROP TABLE events; --", "💥", "NaN"),
            *("like", "Like", "2026-02-30", "2026-02-03", "00000000-0000-0000-0000-00000000000g"),
        ]
    ),
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


class Target:
    """A running server, used for all requests, and its database."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client, self._engine = client, create_engine(parse_url(url))

    def send(self, body: bytes, headers: dict[str, str] = JSON) -> httpx.Response:
        """Post a body; in any case the server must stay up and reveal nothing about itself."""
        answer = self._client.post(SYNC, content=body, headers=headers)
        note(f"{answer.status_code} {answer.text[:300]}")
        assert answer.status_code in (200, 400, 413, 415)
        assert answer.headers["content-type"] == "application/json"
        for secret in ("Traceback", "/tmp", "site-packages", "sqlite", "SELECT", "INSERT"):
            assert secret not in answer.text
        if answer.status_code != 200:
            found = answer.json()["error"]
            assert found["code"]
            assert len(found["message"]) < 500
        return answer

    def stored(self, *uuids: Any) -> int:
        """Return how many of these events are in the database."""
        with self._engine.connect() as connection:
            return len(connection.execute(select(events.c.id).where(events.c.uuid.in_(uuids))).all())

    def close(self) -> None:
        """Close its own connections."""
        self._engine.dispose()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    settings: Settings = module_settings(tmp_path_factory.mktemp("fuzz"))
    with running(create_app(settings)) as client:
        target = Target(client, settings.database_url)
        yield target
        assert client.get("/api/health").status_code == 200
        target.close()


def changed(event: dict[str, Any], field: str, value: object) -> dict[str, Any]:
    outer, _, inner = field.partition(".")
    return {**event, outer: {**event[outer], inner: value} if inner else value}


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def check_second_is_bad(target: Target, answer: httpx.Response, field: str, good: list[str]) -> None:
    results = answer.json()["results"]
    result = results.pop(1)
    assert [(item["uuid"], item["status"]) for item in results] == [(uuid, "accepted") for uuid in good]
    assert target.stored(*good) == len(good)
    if result["status"] == "rejected":
        assert result["reason"].startswith(field.partition(".")[0])
    else:
        assert target.stored(result["uuid"]) == 1


@given(field=st.sampled_from(RATING_FIELDS), value=values)
def test_any_value_in_any_field_of_a_rating(target: Target, field: str, value: object) -> None:
    good, liked = rating(), implicit()
    answer = target.send(encoded(batch(good, changed(rating(), field, value), implicit=(liked,))))
    check_second_is_bad(target, answer, field, [good["uuid"], liked["uuid"]])


@given(field=st.sampled_from(IMPLICIT_FIELDS), value=values)
def test_any_value_in_any_field_of_an_action(target: Target, field: str, value: object) -> None:
    good, liked = rating(), implicit()
    answer = target.send(encoded(batch(good, implicit=(changed(implicit(), field, value), liked))))
    check_second_is_bad(target, answer, field, [good["uuid"], liked["uuid"]])


@given(value=values)
def test_any_value_for_an_event(target: Target, value: object) -> None:
    good = rating()
    answer = target.send(encoded(batch(value, good)))
    assert [item["status"] for item in answer.json()["results"]] == ["rejected", "accepted"]


@given(field=st.sampled_from(ENVELOPE), value=values)
def test_any_value_in_the_envelope(target: Target, field: str, value: object) -> None:
    answer = target.send(encoded(batch(rating(), implicit=(implicit(),)) | {field: value}))
    if answer.status_code == 400:
        assert answer.json()["error"].get("field", field) == field


@given(value=values)
def test_any_json(target: Target, value: object) -> None:
    assert target.send(encoded(value)).status_code == 400


@given(
    st.binary() | st.builds(lambda cut: encoded(batch(rating()))[:cut], st.integers(0, 400)),
    st.sampled_from([None, "gzip", "GZIP", "identity", "br", "deflate", "gzip, gzip", "x"]),
    st.sampled_from(["application/json", "application/json; charset=latin-1", "text/plain", "", "json"]),
    st.booleans(),
)
def test_any_bytes(target: Target, body: bytes, encoding: str | None, media: str, packed: bool) -> None:
    headers = {"Content-Type": media} | ({"Content-Encoding": encoding} if encoding else {})
    answer = target.send(gzip.compress(body) if packed else body, headers)
    expected = media.startswith("application/json") and encoding in (None, "gzip", "GZIP", "identity")
    assert answer.status_code == (400 if expected else 415)


@given(place=st.integers(0, 2000), junk=st.binary(max_size=8), length=st.integers(0, 40))
def test_any_damage(target: Target, place: int, junk: bytes, length: int) -> None:
    whole = encoded(batch(*(rating() for _ in range(4))))
    answer = target.send(whole[:place] + junk + whole[place + length :])
    if answer.status_code == 200:
        kept = [item["uuid"] for item in answer.json()["results"] if item["status"] == "accepted"]
        assert target.stored(*kept) == len(kept)
