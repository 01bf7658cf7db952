"""Old events are deleted, by the command and by the server; uploads go on meanwhile."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from app.server import retention
from app.server.application import create_app
from app.server.database import migrate
from app.server.db_connection import connect, parse_url
from app.server.settings import Settings
from app.server.tables import events
from tests.patience import PATIENCE, wait_until

from .answers import SYNC, statuses
from .conftest import Rows, Serve, both_databases
from .deltas import batch, rating

pytestmark = both_databases

TODAY = datetime.now(UTC).date()


def store(database_url: str, ages: Sequence[int]) -> None:
    """Store an event of each of these ages, in days."""
    migrate(database_url)
    engine = connect(parse_url(database_url))
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(insert(events), [_row(TODAY - timedelta(days=age)) for age in ages])
    engine.dispose()


def _row(day: date) -> dict[str, Any]:
    name = str(uuid4())
    return {"uuid": name, "batch_id": name, "sid_path": "A.sid", "song": 1, "day": day, "action": "like"}


def ages(rows: Rows) -> list[int]:
    return [(TODAY - row["day"]).days for row in rows()]


def run_prune(database_url: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "prune", *options],
        env={**os.environ, "SIDFLOW_DATABASE_URL": database_url, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_command_deletes_what_is_older(database_url: str, rows: Rows) -> None:
    # The clock was wrong for some of them, so they are in no order.
    store(database_url, [400, 31, 5, 0, 900, 10, -300, 50])
    found = run_prune(database_url, "--days", "30")
    assert json.loads(found.stdout) == {"deleted": 4, "kept_days": 30}
    assert ages(rows) == [5, 0, 10, -300]
    found = run_prune(database_url, SIDFLOW_RETENTION_DAYS="7")
    assert json.loads(found.stdout) == {"deleted": 1, "kept_days": 7}


def test_command_needs_an_age(database_url: str) -> None:
    found = run_prune(database_url)
    assert found.returncode == 1
    assert "--days" in found.stderr
    assert run_prune(database_url, "--days", "0").returncode == 2


def test_server_deletes_what_is_older_while_it_takes_uploads(
    serve: Serve, settings: Settings, database_url: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PRUNE_IDS", 10)
    store(database_url, [100] * 500 + [1] * 5)
    client = serve(create_app(replace(settings, retention_days=30)))
    for _ in range(5):
        assert statuses(client.post(SYNC, json=batch(rating()))) == ["accepted"]
    wait_until(lambda: len(rows()) == 10)
    assert sorted(ages(rows)) == [0] * 5 + [1] * 5


def test_failed_try_is_followed_by_another(
    serve: Serve, settings: Settings, database_url: str, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    whole = retention.prune

    def prune(*arguments: Any) -> int:
        tries.append(1)
        if len(tries) < 3:
            raise SystemExit("injected")
        return whole(*arguments)

    monkeypatch.setattr(retention, "prune", prune)
    monkeypatch.setattr(retention, "EVERY_SECONDS", 0.01)
    store(database_url, [100, 1])
    serve(create_app(replace(settings, retention_days=30)))
    wait_until(lambda: len(rows()) == 1)


def test_events_are_kept_unless_somebody_says_otherwise(
    serve: Serve, settings: Settings, database_url: str, rows: Rows
) -> None:
    store(database_url, [5000])
    client = serve(create_app(settings))
    assert statuses(client.post(SYNC, json=batch(rating()))) == ["accepted"]
    assert len(rows()) == 2
