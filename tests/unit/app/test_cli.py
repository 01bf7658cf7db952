import os
import re
import signal
import socket
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path
from urllib.request import urlopen

import pytest

from app.cli import main
from app.commands import serve, setup
from app.commands.serve import bind, page_address
from app.errors import SetupError
from tests.patience import PATIENCE


def test_a_taken_port_is_found_before_set_up_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "set_up", lambda: pytest.fail("set-up was started"))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    message = capsys.readouterr().err
    assert f"Port {port} of 127.0.0.1 is taken" in message
    assert "--port" in message
    assert "Traceback" not in message


@pytest.mark.parametrize(("host", "port"), [("256.1.1.1", 8064), ("127.0.0.1", 99999), ("192.0.2.1", 8064)])
def test_an_address_that_cannot_be_used_is_a_clear_error(host: str, port: int) -> None:
    with pytest.raises(SetupError, match=f"Cannot listen on port {port} of {host}"):
        bind(host, port)


def test_the_address_is_a_url() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert page_address(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_the_address_with_a_token_is_one_of_this_machine() -> None:
    with bind("0.0.0.0", 0) as listener:
        port = listener.getsockname()[1]
        assert page_address(listener) == f"http://0.0.0.0:{port}/"
        assert page_address(listener, "abc") == f"http://127.0.0.1:{port}/#token=abc"


def test_local_players_need_a_loopback_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with bind("127.0.0.1", 0) as listener:
        monkeypatch.setattr(serve, "ip_address", lambda _host: IPv4Address("192.0.2.1"))
        with pytest.raises(SetupError, match="needs a loopback address"):
            page_address(listener, "abc")


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_address_is_in_brackets() -> None:
    with bind("::1", 0) as listener:
        assert page_address(listener).startswith("http://[::1]:")


def test_a_set_up_that_cannot_go_on_is_a_message_and_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> None:
        raise SetupError("no npm [here]")

    monkeypatch.setattr(setup, "set_up", stop)
    assert main(["setup"]) == 1
    assert capsys.readouterr().err == "sidflow-feedback: no npm [here]\n"


def test_an_interruption_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "set_up", interrupt)
    assert main(["setup"]) == 130
    assert "run the command again" in capsys.readouterr().err


def test_it_prints_its_address_when_it_answers_and_ends_quietly(tmp_path: Path) -> None:
    code = "import sys; from app.cli import main, setup; setup.set_up = bool; main(['serve', '--port', '0'])"
    environment = {**os.environ, "SIDFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'feedback.sqlite3'}"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        match = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
        assert match
        with urlopen(match[0] + "api/health") as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=PATIENCE)
    assert (server.returncode, errors) == (0, "")


SERVES_BEFORE_COMPRESSION = """
import sys, time
from app import cli
from app.setup import steps
def compress(*_, **__):
    print("compressing", flush=True)
    time.sleep(600)
cli.setup.set_up, steps.compress = bool, compress
sys.exit(cli.main(["serve", "--port", "0"]))
"""


def test_it_answers_before_anything_is_compressed(tmp_path: Path) -> None:
    environment = {**os.environ, "SIDFLOW_DATABASE_URL": f"sqlite:///{tmp_path / 'feedback.sqlite3'}"}
    with subprocess.Popen(
        [sys.executable, "-c", SERVES_BEFORE_COMPRESSION], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        match = re.search(r"http://127\.0\.0\.1:\d+/", server.stdout.readline())
        assert match
        assert server.stdout.readline() == "compressing\n"
        with urlopen(match[0] + "api/health") as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE) == 0
