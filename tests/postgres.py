"""A PostgreSQL server of one's own: Debian's package, in a temporary folder, on a loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.patience import PATIENCE


class PostgresMissingError(Exception):
    """PostgreSQL can't be had here; the message says why."""


@contextmanager
def postgres(*options: str) -> Iterator[str]:
    """Run a server with these further options; yield the URL of its first database.

    Raises
    ------
    PostgresMissingError
        It is not installed, or the system has no user to run it as.
    """
    programs, user = _programs(), _user()
    with tempfile.TemporaryDirectory(prefix="sidflow-postgres-") as folder:
        if user:
            shutil.chown(folder, **user)
        with Path(folder, "log").open("wb") as log:
            as_user: dict[str, Any] = {"stdout": log, "stderr": log, "cwd": folder, **(user or {})}
            if user:
                as_user["extra_groups"] = []
            with _running(programs, Path(folder), options, as_user) as url:
                yield url


@contextmanager
def _running(
    programs: Path, folder: Path, options: tuple[str, ...], as_user: dict[str, Any]
) -> Iterator[str]:
    data, port = str(folder / "data"), _free_port()
    init = [str(programs / "initdb"), "--no-sync", "--auth", "trust", "--username", "sidflow"]
    subprocess.run([*init, "--encoding", "UTF8", "--locale", "C", "--pgdata", data], check=True, **as_user)
    command = [str(programs / "postgres"), "-D", data, "-p", str(port), "-h", "127.0.0.1"]
    server: subprocess.Popen[bytes] = subprocess.Popen(
        [*command, "-c", "unix_socket_directories=", *options], **as_user
    )
    try:
        url = f"postgresql://sidflow@127.0.0.1:{port}/postgres"
        _wait_for(url, server, folder / "log")
        yield url
    finally:
        server.terminate()
        server.wait()


@contextmanager
def hung(url: str) -> Iterator[None]:
    """Stop all processes of the server at `url`: it neither answers nor ends. At the end, let them go on."""
    with psycopg.connect(url) as connection:
        [folder] = connection.execute("SHOW data_directory").fetchone() or ("",)
    postmaster = int(Path(folder, "postmaster.pid").read_text().split()[0])
    processes = [postmaster]
    try:
        # The postmaster first: it must not start others meanwhile.
        os.kill(postmaster, signal.SIGSTOP)
        processes += _children(postmaster)
        for process in processes[1:]:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in listed.split()]


@contextmanager
def new_database(url: str, encoding: str = "UTF8") -> Iterator[str]:
    """Make a database on the server at `url`; yield its URL, and drop it at the end."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0")
        yield url.rpartition("/")[0] + "/" + name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _programs() -> Path:
    """Return the folder of the newest version's programs: Debian keeps them out of the way."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts[-3])
    found = str(versions[-1]) if versions else shutil.which("postgres")
    if not found:
        raise PostgresMissingError("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    return Path(found).parent


def _user() -> dict[str, str] | None:
    """Return whom to run it as, None for ourselves: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam("postgres")
    except KeyError as exc:
        raise PostgresMissingError("PostgreSQL can't run as root, and there is no user postgres") from exc
    return {"user": "postgres", "group": "postgres"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url, connect_timeout=round(PATIENCE)).close()
            return
        except psycopg.OperationalError as exc:
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from exc
            time.sleep(0.05)
