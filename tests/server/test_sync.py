"""Each event is stored once, in each kind of database."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, func, select, text

from app.server.db_connection import parse_url
from app.server.networks import NUMBERS
from app.server.tables import events
from sidflow_feedback.vocabulary import MAX_UPLOAD_EVENTS

from .answers import SYNC, error, statuses
from .conftest import Rows, both_databases
from .deltas import FEATURES, batch, implicit, rating

pytestmark = both_databases


def test_batch_is_stored(client: httpx.Client, rows: Rows) -> None:
    body = batch(rating(), implicit=(implicit(features=None),))
    answer = client.post(SYNC, json=body)
    assert answer.json() == {
        "batchId": body["batchId"],
        "results": [
            {"uuid": sent["uuid"], "status": "accepted", "reason": None}
            for sent in (*body["ratings"], *body["implicit"])
        ],
    }
    shared = {
        "batch_id": body["batchId"],
        "sid_path": "MUSICIANS/H/Hubbard_Rob/Commando.sid",
        "song": 1,
        "day": datetime.now(UTC).date(),
        "epsilon": None,
        "network": rows()[0]["network"],
    }
    assert 0 <= shared["network"] < NUMBERS
    columns = "energy rms spectral_centroid spectral_rolloff zero_crossing_rate bpm confidence duration"
    snake = dict(zip(columns.split(), FEATURES.values(), strict=True))
    scores = {"e": 4, "m": 3, "c": None, "p": None}
    assert rows() == [
        {"id": 1, "uuid": body["ratings"][0]["uuid"], "action": None} | shared | scores | snake,
        {"id": 2, "uuid": body["implicit"][0]["uuid"], "action": "like"}
        | shared
        | dict.fromkeys(scores)
        | dict.fromkeys(snake),
    ]


def test_same_batch_twice_counts_once(client: httpx.Client, rows: Rows) -> None:
    body = batch(rating(), rating(), implicit=(implicit(),))
    assert statuses(client.post(SYNC, json=body)) == ["accepted"] * 3
    before = rows()
    assert statuses(client.post(SYNC, json=body)) == ["duplicate"] * 3
    assert rows() == before


def test_first_event_with_a_uuid_wins(client: httpx.Client, rows: Rows) -> None:
    first, second = rating(), rating(ratings={"e": 1})
    second["uuid"] = first["uuid"]
    body = batch(first, second, implicit=(implicit(uuid=first["uuid"]),))
    assert statuses(client.post(SYNC, json=body)) == ["accepted", "duplicate", "duplicate"]
    assert [row["e"] for row in rows()] == [4]


def test_new_events_among_duplicates_are_stored(client: httpx.Client, rows: Rows) -> None:
    known, new = rating(), rating()
    client.post(SYNC, json=batch(known))
    assert statuses(client.post(SYNC, json=batch(new, known))) == ["accepted", "duplicate"]
    assert {row["uuid"] for row in rows()} == {known["uuid"], new["uuid"]}


def test_racing_clients_count_each_event_once(client: httpx.Client, rows: Rows) -> None:
    body = batch(*(rating() for _ in range(20)))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(SYNC, json=body), range(16)))
    counts = Counter(status for answer in answers for status in statuses(answer))
    assert counts == {"accepted": 20, "duplicate": 300}
    assert len(rows()) == 20


def test_batch_of_invalid_events_stores_nothing(client: httpx.Client, rows: Rows) -> None:
    assert statuses(client.post(SYNC, json=batch({}, {}))) == ["rejected", "rejected"]
    assert rows() == []


def test_full_batch_is_accepted(client: httpx.Client, rows: Rows) -> None:
    body = batch(*(rating() for _ in range(MAX_UPLOAD_EVENTS)))
    assert statuses(client.post(SYNC, json=body)) == ["accepted"] * MAX_UPLOAD_EVENTS
    assert len(rows()) == MAX_UPLOAD_EVENTS


def change(database_url: str, statement: str) -> None:
    """Change the database behind the server's back."""
    engine = create_engine(parse_url(database_url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_broken_database_is_503_and_stores_nothing(
    client: httpx.Client, database_url: str, tmp_path: Path, rows: Rows
) -> None:
    change(database_url, "ALTER TABLE events RENAME TO hidden")
    body = batch(rating())
    answer = client.post(SYNC, json=body)
    error(answer, 503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert str(tmp_path) not in answer.text
    assert "SQL" not in answer.text
    error(client.get("/api/health"), 503, "database_unavailable")
    change(database_url, "ALTER TABLE hidden RENAME TO events")
    assert statuses(client.post(SYNC, json=body)) == ["accepted"]
    assert len(rows()) == 1


def test_readers_do_not_block_the_writer(client: httpx.Client, database_url: str) -> None:
    count = select(func.count()).select_from(events)
    client.post(SYNC, json=batch(rating()))
    engine = create_engine(parse_url(database_url), isolation_level="SERIALIZABLE")
    with engine.connect() as reader:
        if engine.dialect.name == "sqlite":
            reader.exec_driver_sql("BEGIN")
        assert reader.scalar(count) == 1
        assert statuses(client.post(SYNC, json=batch(rating()))) == ["accepted"]
        assert reader.scalar(count) == 1
    engine.dispose()


@pytest.mark.parametrize("epsilon", [0.1, 1, 2.5, 10])
def test_epsilon_is_stored(client: httpx.Client, rows: Rows, epsilon: float) -> None:
    body = batch(rating(epsilon=epsilon), rating(), implicit=(implicit(epsilon=epsilon),))
    assert statuses(client.post(SYNC, json=body)) == ["accepted"] * 3
    assert [row["epsilon"] for row in rows()] == [epsilon, None, epsilon]


def test_batch_id_with_other_events_is_refused(client: httpx.Client, rows: Rows) -> None:
    first = batch(rating(), rating())
    assert statuses(client.post(SYNC, json=first)) == ["accepted"] * 2
    other = batch(rating(), first["ratings"][0]) | {"batchId": first["batchId"]}
    error(client.post(SYNC, json=other), 400, "batch_reused")
    assert len(rows()) == 2
    assert statuses(client.post(SYNC, json=first)) == ["duplicate"] * 2
    other["batchId"] = batch()["batchId"]
    assert statuses(client.post(SYNC, json=other)) == ["accepted", "duplicate"]
