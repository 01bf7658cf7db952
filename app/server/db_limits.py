"""What keeps a database that hangs, or isn't where it was, from holding up the server or losing events."""

import os
import shutil
import socket
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

STATEMENT_SECONDS: Final = 3
"""What a statement may take, and what it may wait for a lock. Clients wait for an answer for 15 s."""

POOL: Final[dict[str, Any]] = {"pool_size": 2, "max_overflow": 2, "pool_timeout": STATEMENT_SECONDS}
"""Options of the server's engine: one connection for the writer, one for the health check."""

MIN_FREE_BYTES: Final = 256 * 1024
"""Space that SQLite needs for a commit of the writer, which has at most 1,000 events."""

_FULL: Final = "its disk is full"
_LOCKED: Final = "another program has locked it"
_UNWRITABLE: Final = "it can't be written"
_MOVED: Final = "its file was moved or replaced"
_SQLITE_REASONS: Final = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
    sqlite3.SQLITE_IOERR: _UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: _MOVED,
    sqlite3.SQLITE_CORRUPT: "its file is damaged",
    sqlite3.SQLITE_NOTADB: "its file is damaged",
}
_SQLSTATE_REASONS: Final = {
    "53100": _FULL,
    "55P03": _LOCKED,
    "57014": "it takes too long",
    "25006": _UNWRITABLE,
    "42501": _UNWRITABLE,
}


def failure_reason(exc: BaseException) -> str:
    """Return why a database failed, in words that anybody may read: no paths, no statements."""
    cause: Any = getattr(exc, "orig", None) or exc
    if isinstance(cause, sqlite3.Error):
        return _SQLITE_REASONS.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, "it refuses the statement")
    return _SQLSTATE_REASONS.get(getattr(cause, "sqlstate", None) or "", "it does not answer as it should")


def limit_statements(engine: Engine) -> None:
    """Let PostgreSQL end what takes too long. For the server only: migrations may take their time."""
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _set_timeouts)


def _set_timeouts(connection: DBAPIConnection, _record: object) -> None:
    milliseconds = STATEMENT_SECONDS * 1000
    cursor = connection.cursor()
    # Not as options of the connection: the URL may have some, and a pooler may refuse them.
    for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        cursor.execute(f"SET {name} = {milliseconds}")
    cursor.close()
    connection.commit()


class ConnectionCutter:
    """Ends the waiting of threads for a PostgreSQL that doesn't answer, not even to time-outs.

    It has a duplicate of each socket, which is still the same one when a connection is closed meanwhile.
    """

    def __init__(self, engine: Engine) -> None:
        self._sockets: dict[int, socket.socket] = {}
        if engine.dialect.name == "postgresql":
            # First of all: whatever comes after it may hang.
            event.listen(engine, "connect", self._opened, insert=True)
            event.listen(engine, "close", self._closed)

    def cut(self) -> None:
        """End all connections at once; the threads that wait for one get an error."""
        for peer in list(self._sockets.values()):
            with suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)

    def _opened(self, connection: Any, _record: object) -> None:
        self._sockets[id(connection)] = socket.socket(fileno=os.dup(connection.fileno()))

    def _closed(self, connection: Any, _record: object) -> None:
        if peer := self._sockets.pop(id(connection), None):
            peer.close()


class SqliteFile:
    """Knows which file each connection has open, and whether it is still the one at its path.

    A file that was moved away takes commits as before, and whoever looks at its path never sees them.
    """

    def __init__(self, engine: Engine) -> None:
        self._path: Path | None = None
        name = engine.url.database or ""
        if engine.dialect.name == "sqlite" and not name.startswith("file:"):
            self._path = Path(name).absolute()
            event.listen(engine, "do_connect", self._require)
            event.listen(engine, "connect", self._remember)

    def problem(self, connection: Connection) -> str | None:
        """Return why nothing can be acknowledged that this connection has committed, None if it can."""
        if self._path is None or connection.info.get("file") == _identity(self._path):
            return None
        connection.invalidate()  # The next one opens what is at the path now.
        return _MOVED

    def space_problem(self) -> str | None:
        """Return why nothing can be stored, None if there is enough space on the disk."""
        if self._path is None or shutil.disk_usage(self._path.parent).free >= MIN_FREE_BYTES:
            return None
        return _FULL

    def _require(self, _dialect: object, _record: object, _args: object, _options: object) -> None:
        """Refuse to connect if there is no file: SQLite would make an empty one."""
        if self._path is not None and not self._path.exists():
            error = sqlite3.OperationalError("the database file is gone")
            error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
            raise error

    def _remember(self, _connection: object, record: Any) -> None:
        assert self._path is not None, "listens only with a path"
        record.info["file"] = _identity(self._path)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
