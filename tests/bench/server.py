"""`make bench-server`: the server's throughput in events per second. The last line is JSON.

The real server process over HTTP on loopback, batches of 50 events, 50 connections that each send the next
batch after the last answer. The peer is SQLite alone: the same rows, already parsed, into the same
table with the same indexes and durability, one transaction for each batch. Then the front page
for 8 connections, and uploads while the stream player renders for 4 clients, compared with uploads
alone.
"""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import create_engine, func, select

from app.server.database import migrate
from app.server.db_connection import parse_url
from app.server.feedback import rows_of
from app.server.schema import SyncRequest
from app.server.tables import events
from sidflow_feedback.vocabulary import ACTIONS, FEATURE_NAMES, MAX_UPLOAD_EVENTS
from tests.bench.harness import Figures, medians, percentile, run, spread
from tests.bench.server_load import front_page_figures, stream_figures
from tests.postgres import PostgresMissingError, new_database, postgres
from tests.served import serve

CONNECTIONS: Final = 50
DOUBLED: Final = 20
"""One of this many batches is sent twice."""

COLUMNS: Final = [column.name for column in events.columns if column.name != "id"]


@dataclass(slots=True)
class Load:
    """Seconds in total and per request, and the accepted uuids."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)


def measure(*, rounds: int = 5, batches: int = 400, pages: int = 4000) -> Figures:
    """Return medians of the rounds, each of `batches` batches; 400 of them are 20,000 events.

    The front page is requested `pages` times.
    """
    rng = random.Random(64)
    sent = [[_batch(rng) for _ in range(batches)] for _ in range(rounds)]
    with tempfile.TemporaryDirectory() as folder:
        figures = _sqlite_figures(Path(folder), sent) | _postgres_figures(Path(folder), sent)
        with serve(Path(folder), SIDFLOW_RATE_LIMIT="0", SIDFLOW_DAILY_EVENTS="0") as served:
            figures |= front_page_figures(served.url, pages)
            figures |= stream_figures(served.url, sent, lambda url, part: _send(url, part).latencies)
    return figures


def _sqlite_figures(folder: Path, rounds: Sequence[list[dict[str, Any]]]) -> Figures:
    url = f"sqlite:///{folder / 'server' / 'feedback.sqlite3'}"
    costs, loads = [], []
    with serve(folder, SIDFLOW_RATE_LIMIT="0", SIDFLOW_DAILY_EVENTS="0", SIDFLOW_DATABASE_URL=url) as served:
        for number, batches in enumerate(rounds):
            load = _send(served.url, batches)
            bare = _bare(folder / f"bare{number}.sqlite3", batches)
            loads.append(load)
            costs.append(_round(load, bare, len(batches) * MAX_UPLOAD_EVENTS))
    lost, duplicates = _compare(url, loads)
    return {
        **medians(costs),
        "ratio_range": spread(costs, "ratio"),
        "lost": lost,
        "duplicates": duplicates,
    }


def _round(load: Load, bare: float, count: int) -> dict[str, float]:
    return {
        "ingest_events_s": count / load.seconds,
        "sqlite_bare_events_s": count / bare,
        "ratio": bare / load.seconds,
        "p50_ms": 1000 * median(load.latencies),
        "p99_ms": 1000 * percentile(load.latencies, 0.99),
    }


def _postgres_figures(folder: Path, rounds: Sequence[list[dict[str, Any]]]) -> Figures:
    try:
        with postgres() as server, new_database(server) as url:
            with serve(
                folder, SIDFLOW_RATE_LIMIT="0", SIDFLOW_DAILY_EVENTS="0", SIDFLOW_DATABASE_URL=url
            ) as served:
                loads = [_send(served.url, batches) for batches in rounds]
            lost, duplicates = _compare(url, loads)
    except PostgresMissingError as exc:
        print(exc)
        return dict.fromkeys(("postgres_events_s", "postgres_lost", "postgres_duplicates"))
    seconds = median(load.seconds for load in loads)
    return {
        "postgres_events_s": len(rounds[0]) * MAX_UPLOAD_EVENTS / seconds,
        "postgres_lost": lost,
        "postgres_duplicates": duplicates,
    }


def _batch(rng: random.Random) -> dict[str, Any]:
    """Return a batch as a client sends it: half ratings, half actions."""
    half = MAX_UPLOAD_EVENTS // 2
    return {
        "batchId": _uuid(rng),
        "ratings": [_event(rng) | {"ratings": {"e": 4, "m": 3, "c": 2}} for _ in range(half)],
        "implicit": [_event(rng) | {"action": rng.choice(ACTIONS)} for _ in range(MAX_UPLOAD_EVENTS - half)],
    }


def _event(rng: random.Random) -> dict[str, Any]:
    tune = rng.randrange(60_000)
    return {
        "uuid": _uuid(rng),
        "sidPath": f"MUSICIANS/{tune % 26:02}/Composer_{tune % 2000}/Tune_{tune}.sid",
        "song": 1,
        "features": {name: rng.random() * 1000 for name in FEATURE_NAMES},
    }


def _uuid(rng: random.Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _send(url: str, batches: Sequence[dict[str, Any]]) -> Load:
    bodies = [json.dumps(batch).encode() for batch in batches]
    return asyncio.run(_send_all(url, bodies))


async def _send_all(url: str, bodies: Sequence[bytes]) -> Load:
    load, waiting = Load(), iter([*bodies, *bodies[::DOUBLED]])
    began = time.perf_counter()
    await asyncio.gather(*(_connection(url, waiting, load) for _ in range(CONNECTIONS)))
    load.seconds = time.perf_counter() - began
    return load


async def _connection(url: str, waiting: Iterator[bytes], load: Load) -> None:
    """Send the waiting bodies one by one; a cheap client, since it shares the machine with the server."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for body in waiting:
        began = time.perf_counter()
        head = f"POST /api/feedback/sync HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
        answer = await _answer(reader)
        load.latencies.append(time.perf_counter() - began)
        results = json.loads(answer)["results"]
        load.accepted += [result["uuid"] for result in results if result["status"] == "accepted"]
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise SystemExit(f"The server answered {head!r}")
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    return await reader.readexactly(length)


def _bare(file: Path, batches: Sequence[dict[str, Any]]) -> float:
    """Return the seconds that SQLite alone needs for the same rows."""
    migrate(f"sqlite:///{file}")
    places = ", ".join("?" * len(COLUMNS))
    statement = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({places})"
    rows = [_tuples(batch) for batch in batches]
    with _sqlite(file) as connection:
        began = time.perf_counter()
        for batch in rows:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(statement, batch)
            connection.execute("COMMIT")
        return time.perf_counter() - began


@contextmanager
def _sqlite(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        yield connection


def _tuples(batch: dict[str, Any]) -> list[tuple[Any, ...]]:
    arrival = {"day": datetime.now(UTC).date(), "network": 0}
    rows = rows_of(SyncRequest.model_validate(batch), arrival)
    return [tuple(str(row[name]) if name == "day" else row[name] for name in COLUMNS) for row in rows]


def _compare(url: str, loads: Sequence[Load]) -> tuple[int, int]:
    """Return how many acknowledged events are missing from the database, and how many are in it twice."""
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        stored = set(connection.scalars(select(events.c.uuid)))
        count = connection.scalar(select(func.count()).select_from(events)) or 0
    engine.dispose()
    accepted = [uuid for load in loads for uuid in load.accepted]
    return len(set(accepted) - stored), count - len(stored) + len(accepted) - len(set(accepted))


if __name__ == "__main__":
    run(measure)
