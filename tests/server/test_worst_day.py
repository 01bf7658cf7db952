"""The database hangs, is locked, full, or gone: pages are served, uploads answered, and nothing is lost."""

import resource
import signal
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import create_engine, select

from app.server.database import Database, migrate
from app.server.db_connection import parse_url
from app.server.errors import ConfigurationError, DatabaseUnavailableError
from app.server.tables import events
from tests.patience import PATIENCE, wait_until
from tests.postgres import PostgresMissingError, hung, new_database, postgres
from tests.served import Served, serve

from .answers import SYNC, error
from .deltas import batch, rating

PROBES = 46
"""More health checks at once than Starlette has threads for."""


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[str]:
    """A server that no other test needs while it hangs."""
    try:
        with postgres("-c", "fsync=off") as url:
            yield url
    except PostgresMissingError as exc:
        pytest.skip(str(exc))


@pytest.fixture
def postgres_database(own_postgres: str) -> Iterator[str]:
    with new_database(own_postgres) as url:
        yield url


@contextmanager
def served_at(folder: Path, database_url: str = "") -> Iterator[tuple[Served, httpx.Client]]:
    url = database_url or f"sqlite:///{folder / 'feedback.sqlite3'}"
    with (
        serve(folder, SIDFLOW_RATE_LIMIT="0", SIDFLOW_DATABASE_URL=url) as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        yield served, client


def check_refused(client: httpx.Client, body: dict[str, Any]) -> None:
    """Check that an upload is refused in our own words, while pages are served."""
    answer = client.post(SYNC, json=body)
    error(answer, 503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/").status_code == 200


def store(client: httpx.Client, body: dict[str, Any]) -> None:
    """Send a batch until it is stored, as clients do: a busy machine may need several tries."""
    wait_until(lambda: client.post(SYNC, json=body).status_code == 200)


def wait_for_illness(client: httpx.Client, reason: str) -> None:
    """Wait until the health check says why events can't be stored."""
    wait_until(lambda: reason in client.get("/api/health").text)
    error(client.get("/api/health"), 503, "database_unavailable")


def check_ends(served: Served) -> None:
    served.process.terminate()
    assert served.process.wait(timeout=PATIENCE) == -signal.SIGTERM


def is_healthy(client: httpx.Client) -> bool:
    return client.get("/api/health").status_code == 200


def stored_uuids(url: str) -> list[str]:
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        found = list(connection.scalars(select(events.c.uuid)))
    engine.dispose()
    return found


class Sender:
    """A client that sends batches, each until it is acknowledged, as ours do."""

    def __init__(self, client: httpx.Client) -> None:
        self.acknowledged: list[str] = []
        self.refusals = 0
        self._client = client
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def wait_for_more(self) -> None:
        """Wait until another event is acknowledged."""
        before = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) > before)

    def wait_for_refusal(self) -> None:
        """Wait until another batch is refused."""
        before = self.refusals
        wait_until(lambda: self.refusals > before)

    def _run(self) -> None:
        body = batch(rating(), rating())
        while not self._ended.is_set():
            answer = self._client.post(SYNC, json=body)
            if answer.status_code == 200:
                self.acknowledged += [result["uuid"] for result in answer.json()["results"]]
                body = batch(rating(), rating())
            else:
                self.refusals += 1


def test_hung_postgresql(tmp_path: Path, own_postgres: str, postgres_database: str) -> None:
    with served_at(tmp_path, postgres_database) as (served, client):
        store(client, batch(rating()))
        with hung(own_postgres):
            body = batch(rating())
            with ThreadPoolExecutor(PROBES) as pool:
                probes = [pool.submit(client.get, "/api/health") for _ in range(PROBES)]
                check_refused(client, body)
            for probe in probes:
                error(probe.result(), 503, "database_unavailable")
        wait_until(lambda: is_healthy(client))
        store(client, body)
        assert body["ratings"][0]["uuid"] in stored_uuids(postgres_database)
        with hung(own_postgres):
            threading.Thread(target=lambda: post_in_vain(client, batch(rating()))).start()
            check_ends(served)


def post_in_vain(client: httpx.Client, body: dict[str, Any]) -> None:
    with suppress(httpx.TransportError):
        client.post(SYNC, json=body)


def test_nothing_acknowledged_is_lost_while_postgresql_comes_and_goes(
    tmp_path: Path, own_postgres: str, postgres_database: str
) -> None:
    with served_at(tmp_path, postgres_database) as (_, client), Sender(client) as sender:
        for _ in range(2):
            sender.wait_for_more()
            with hung(own_postgres):
                sender.wait_for_refusal()
            disconnect_all(postgres_database)
        sender.wait_for_more()
    stored = stored_uuids(postgres_database)
    assert set(sender.acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))


def disconnect_all(url: str) -> None:
    """Do to all other connections what a restart does to them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_maintenance_does_not_hold_up_uploads(tmp_path: Path, postgres_database: str) -> None:
    with (
        served_at(tmp_path, postgres_database) as (_, client),
        psycopg.connect(postgres_database) as maintenance,
    ):
        # What VACUUM, ANALYZE, and CREATE INDEX CONCURRENTLY hold while they run.
        maintenance.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
        store(client, batch(rating()))


def test_locked_postgresql_is_refused_and_works_again(tmp_path: Path, postgres_database: str) -> None:
    with served_at(tmp_path, postgres_database) as (_, client):
        body = batch(rating())
        with psycopg.connect(postgres_database) as other:
            other.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
            check_refused(client, body)
        store(client, body)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_database_that_cannot_hold_all_text_is_refused(own_postgres: str, encoding: str) -> None:
    with new_database(own_postgres, encoding) as url, pytest.raises(ConfigurationError) as caught:
        migrate(url)
    assert encoding in str(caught.value)
    assert "--encoding UTF8" in str(caught.value)


def test_role_with_another_encoding_stores_all_text(postgres_database: str) -> None:
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET client_encoding = 'LATIN1'")
    migrate(postgres_database)
    database = Database(postgres_database)
    row = dict.fromkeys(column.name for column in events.columns if column.name != "id")
    row |= {"uuid": "1", "batch_id": "1", "sid_path": "Łódź ♫.sid", "song": 1, "day": "2026-02-03"}
    assert database.add_batches([[row]]) == [{"1"}]
    database.close()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def test_locked_sqlite(tmp_path: Path) -> None:
    with served_at(tmp_path) as (served, client):
        body = batch(rating())
        with locked(served.database):
            check_refused(client, body)
            found = error(client.get("/api/health"), 503, "database_unavailable")
            assert "Storing failed last: 20" in found["message"]
        store(client, body)
        assert (
            client.get("/api/health").json()["lastCommit"] > client.get("/api/health").json()["lastFailure"]
        )
        with locked(served.database):
            threading.Thread(target=lambda: post_in_vain(client, batch(rating()))).start()
            check_ends(served)


def test_why_sqlite_is_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.database.STATEMENT_SECONDS", 0.1)
    url = f"sqlite:///{tmp_path / 'feedback.sqlite3'}"
    migrate(url)
    database = Database(url)
    with locked(tmp_path / "feedback.sqlite3"), pytest.raises(DatabaseUnavailableError, match="locked it"):
        database.check(write=True)
    database.close()


def test_moved_sqlite_file_acknowledges_nothing(tmp_path: Path) -> None:
    with served_at(tmp_path) as (served, client):
        store(client, batch(rating()))
        body, away = batch(rating()), served.database.with_name("away.sqlite3")
        served.database.rename(away)
        check_refused(client, body)
        wait_for_illness(client, "moved or replaced")
        check_refused(client, batch(rating()))
        assert not served.database.exists(), "an empty database would take its place"
        away.rename(served.database)
        store(client, body)
        assert body["ratings"][0]["uuid"] in stored_uuids(f"sqlite:///{served.database}")
        wait_until(lambda: is_healthy(client))


def test_replaced_sqlite_file_is_used_from_then_on(tmp_path: Path) -> None:
    with served_at(tmp_path) as (served, client):
        store(client, batch(rating()))
        other = tmp_path / "other.sqlite3"
        migrate(f"sqlite:///{other}")
        for suffix in ("-wal", "-shm"):
            served.database.with_name(served.database.name + suffix).unlink(missing_ok=True)
        other.replace(served.database)
        body = batch(rating())
        check_refused(client, body)
        store(client, body)
        assert stored_uuids(f"sqlite:///{served.database}") == [body["ratings"][0]["uuid"]]


def test_full_disk(tmp_path: Path) -> None:
    with served_at(tmp_path) as (served, client):
        store(client, batch(rating()))
        body, pid = batch(*(rating() for _ in range(50))), served.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        # No file may grow, as on a full disk, which would take a file system of its own.
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
        check_refused(client, body)
        wait_for_illness(client, "can't be written")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        wait_until(lambda: is_healthy(client))
        store(client, body)


def test_disk_with_no_space_left_is_unhealthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'feedback.sqlite3'}"
    migrate(url)
    database = Database(url)
    database.check(write=True)
    monkeypatch.setattr("app.server.db_limits.MIN_FREE_BYTES", 2**80)
    with pytest.raises(DatabaseUnavailableError, match="its disk is full"):
        database.check(write=False)
    database.close()
