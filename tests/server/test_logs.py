"""The log of the console script, as operators see it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.patience import PATIENCE

from .deltas import batch, rating

SYNC = "/api/feedback/sync"
SERVE = (
    "import sys; from app.cli import main, setup; setup.set_up = bool; "
    "sys.exit(main(['serve', '--port', '0']))"
)


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "SIDFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}", **variables}


SENT = batch(rating())
"""The upload that the server gets."""


def log_of_a_server(tmp_path: Path, level: str) -> list[dict[str, Any]]:
    """Serve, send a few requests, stop; return the log."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        env=environment(tmp_path, SIDFLOW_LOG_LEVEL=level, SIDFLOW_TRUSTED_PROXIES="127.0.0.1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found
        with httpx.Client(base_url=found[0], timeout=PATIENCE) as client:
            client.post(SYNC, json=SENT, headers={"X-Forwarded-For": "192.0.2.77"})
            client.get("/static/%0a{}/%1b[31m.js")
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 0
    return [json.loads(line) for line in errors.splitlines()]


def test_requests_are_json_lines_without_addresses(tmp_path: Path) -> None:
    lines = log_of_a_server(tmp_path, "info")
    requests = [line for line in lines if line["logger"] == "sidflow.requests"]
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("POST", SYNC, 200),
        ("GET", "none", 404),
    ]
    assert all(line["level"] == "INFO" and line["milliseconds"] > 0 for line in requests)
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", line["time"]) for line in lines)
    assert "192.0.2.77" not in json.dumps(lines)
    assert "\\u001b[" not in json.dumps(lines)
    assert any(line["message"].startswith("Started server process") for line in lines)
    assert "127.0.0.1:" not in json.dumps(requests)


@pytest.mark.parametrize("level", ["info", "debug"])
def test_nothing_in_the_log_links_uploads(tmp_path: Path, level: str) -> None:
    lines = log_of_a_server(tmp_path, level)
    fields = {"time", "level", "logger", "message", "method", "route", "status", "milliseconds"}
    assert all(line.keys() == fields for line in lines if line["logger"] == "sidflow.requests")
    text = json.dumps(lines)
    for part in (SENT["batchId"], SENT["ratings"][0]["uuid"], SENT["ratings"][0]["sidPath"], "192.0.2.77"):
        assert part not in text


def test_no_log_without_problems(tmp_path: Path) -> None:
    assert log_of_a_server(tmp_path, "warning") == []


def test_exception_is_one_line() -> None:
    code = """
import logging.config
from app.server.logs import log_config
logging.config.dictConfig(log_config("error"))
try: raise RuntimeError("two\\nlines")
except RuntimeError: logging.getLogger("sidflow").exception("it failed")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    [line] = done.stderr.splitlines()
    assert "two\nlines" in json.loads(line)["exc_info"]


def test_invalid_setting_prints_a_message_and_exits_with_1(tmp_path: Path) -> None:
    variables = environment(tmp_path, SIDFLOW_RATE_LIMIT="many")
    done = subprocess.run(
        [sys.executable, "-c", SERVE], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "SIDFLOW_RATE_LIMIT must be a number" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["postgresql://user:hidden@127.0.0.1:1/name", "sqlite:////proc/none/x"])
def test_unavailable_database_prints_a_message(tmp_path: Path, url: str) -> None:
    variables = environment(tmp_path, SIDFLOW_DATABASE_URL=url)
    done = subprocess.run(
        [sys.executable, "-c", SERVE], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "can't be opened" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr
