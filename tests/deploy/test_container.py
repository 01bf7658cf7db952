"""Runs the container, the compose file, and the commands of ``docs/deploy.md``: `make test-container`."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import sync_playwright

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.deploy import containers
from tests.deploy.containers import IMAGE, POSTGRES, ROOT, Machine, Podman
from tests.deploy.documented import commands
from tests.e2e.listener import play
from tests.patience import PATIENCE, patient, wait_until
from tests.server.deltas import batch, rating

SYNC, MODEL, HEALTH = "/api/feedback/sync", "/api/model/latest", "/api/health"
SECURED = ("--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges")
CERTIFICATE = """
mkdir --parents /etc/letsencrypt/live/sidflow.example
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=sidflow.example \\
    -addext subjectAltName=DNS:sidflow.example -keyout /etc/letsencrypt/live/sidflow.example/privkey.pem \\
    -out /etc/letsencrypt/live/sidflow.example/fullchain.pem
cp /etc/letsencrypt/live/sidflow.example/fullchain.pem /usr/local/share/ca-certificates/sidflow.crt
update-ca-certificates
"""
"""In place of certbot, whose authority can't reach this machine."""


@pytest.fixture(scope="module")
def podman(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Podman:
    if not request.config.getoption("--containers"):
        pytest.skip("takes minutes and needs root: make test-container")
    containers.require_tools()
    podman = Podman(tmp_path_factory.mktemp("podman"))
    containers.make_base(podman)
    return podman


@pytest.fixture(scope="module")
def image(podman: Podman) -> str:
    containers.build_application(podman)
    return IMAGE


@pytest.fixture
def volume(podman: Podman) -> Iterator[str]:
    name = f"sidflow-test-{uuid4().hex}"
    yield name
    podman.run("volume", "rm", "--force", name)


def wait_for_health(client: httpx.Client) -> None:
    def healthy() -> bool:
        try:
            return client.get(HEALTH).status_code == 200
        except httpx.TransportError:
            return False

    wait_until(healthy, pause=0.5)


@pytest.fixture
def start(podman: Podman, image: str, volume: str) -> Iterator[Callable[[], tuple[str, httpx.Client]]]:
    """Start the container, with its data in `volume`; return its name and a client of its server."""
    names: list[str] = []
    clients = ExitStack()

    def run() -> tuple[str, httpx.Client]:
        where = ("--publish", "127.0.0.1::8064", "--volume", f"{volume}:/data")
        names.append(podman.run("run", "--detach", *SECURED, *where, image))
        url = f"http://{podman.run('port', names[-1], '8064')}"
        client = clients.enter_context(httpx.Client(base_url=url, timeout=PATIENCE))
        wait_for_health(client)
        return names[-1], client

    yield run
    clients.close()
    for name in names:
        podman.run("rm", "--force", name)


def test_image_has_a_user_without_rights_and_no_tools(podman: Podman, image: str) -> None:
    script = "id -u; for tool in pip pip3 gcc cc node npm git; do command -v $tool || true; done"
    assert podman.run("run", "--rm", "--entrypoint", "sh", image, "-c", script) == "8064"
    print("image:", podman.run("image", "inspect", "--format", "{{.Size}}", image), "bytes")


def test_container_serves_and_keeps_events(
    podman: Podman, start: Callable[[], tuple[str, httpx.Client]]
) -> None:
    name, client = start()
    assert client.get(MODEL).status_code == 200
    wasm = client.get("/static/vendor/sid/sid.wasm", headers={"Accept-Encoding": "br"})
    assert (wasm.status_code, wasm.headers["content-encoding"]) == (200, "br")
    sent = batch(rating(), rating())
    assert _results(client, sent) == ["accepted"] * 2
    podman.run("stop", name)
    assert podman.run("inspect", "--format", "{{.State.ExitCode}}", name) == "0"
    _, client = start()
    assert _results(client, sent) == ["duplicate"] * 2


def _results(client: httpx.Client, sent: dict[str, object]) -> list[str]:
    return [result["status"] for result in client.post(SYNC, json=sent).json()["results"]]


def test_page_of_the_container_plays(start: Callable[[], tuple[str, httpx.Client]]) -> None:
    _, client = start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        page = patient(browser.new_context()).new_page()
        page.goto(str(client.base_url))
        page.wait_for_selector("html[data-ui=ready]")
        play(page, 1)
        browser.close()


class Composed:
    """The services of compose.yaml, on another port."""

    def __init__(self, podman: Podman, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        text = (ROOT / "deploy" / "compose.yaml").read_text()
        assert "127.0.0.1:8064:8064" in text
        self._file = folder / "compose.yaml"
        self._file.write_text(text.replace("127.0.0.1:8064:8064", f"127.0.0.1:{port}:8064"))
        (folder / ".env").write_text("POSTGRES_PASSWORD=only-for-this-test\n")
        self._podman = podman
        self.url = f"http://127.0.0.1:{port}"

    def run(self, *arguments: str) -> str:
        program = Path(sys.executable).with_name("podman-compose")
        command = [str(program), "--project-name", "sidflow-test", "--file", str(self._file), *arguments]
        done = self._podman.attempt(command, environment={"SIDFLOW_POSTGRES_IMAGE": POSTGRES})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def composed(podman: Podman, image: str, tmp_path: Path) -> Iterator[Composed]:
    del image
    containers.build_postgres(podman, tmp_path)
    composed = Composed(podman, tmp_path)
    composed.run("up", "--detach")
    yield composed
    composed.run("down", "--volumes")


def test_compose_file_serves_with_postgresql(podman: Podman, composed: Composed) -> None:
    sent = batch(rating(), rating())
    with httpx.Client(base_url=composed.url, timeout=PATIENCE) as client:
        wait_for_health(client)
        assert _results(client, sent) == ["accepted"] * 2
    count = ("psql", "--host=/tmp", "--tuples-only", "--no-align", "--command=SELECT count(*) FROM events")
    password = ("--env", "PGPASSWORD=only-for-this-test")
    database = "sidflow-test_database_1"
    assert podman.run("exec", *password, database, *count, "--username=sidflow", "sidflow") == "2"
    _check_proxy_is_trusted(composed.url)
    composed.run("down")
    composed.run("up", "--detach")
    with httpx.Client(base_url=composed.url, timeout=PATIENCE) as client:
        wait_for_health(client)
        assert _results(client, sent) == ["duplicate"] * 2
    trained = podman.attempt(["podman", "exec", "sidflow-test_server_1", "sidflow-feedback", "train-global"])
    assert "tunes" in trained.stdout + trained.stderr


def _check_proxy_is_trusted(url: str) -> None:
    """Check that the server knows clients of a proxy on the host by their own addresses."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        first, second = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "192.0.2.2"))
        statuses = {client.get(MODEL, headers=first).status_code for _ in range(1000)}
        assert 429 in statuses
        assert client.get(MODEL, headers=second).status_code == 200


@pytest.fixture(scope="module")
def machine(podman: Podman, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    containers.build_operator(podman, tmp_path_factory.mktemp("operator"))
    machine = Machine(podman)
    yield machine
    machine.remove()


def test_commands_of_the_documentation(machine: Machine) -> None:
    _install(machine)
    post = f"curl --fail --silent --json @- https://sidflow.example{SYNC}"
    sent = json.dumps(batch(rating(), rating()))
    before, after = json.dumps(batch(rating())), json.dumps(batch(rating()))
    assert _statuses(machine.run(f"{post} <<'END'\n{sent}\nEND")) == ["accepted"] * 2
    _check_services(machine)
    [back_up, restore] = commands("Back up and restore")
    machine.run(back_up)
    assert _statuses(machine.run(f"{post} <<'END'\n{after}\nEND")) == ["accepted"]
    machine.run(restore)
    _wait_for_server(machine)
    assert _statuses(machine.run(f"{post} <<'END'\n{sent}\nEND")) == ["duplicate"] * 2
    assert _statuses(machine.run(f"{post} <<'END'\n{after}\nEND")) == ["accepted"]
    _upgrade(machine)
    assert _statuses(machine.run(f"{post} <<'END'\n{before}\nEND")) == ["accepted"]


def _statuses(answer: str) -> list[str]:
    return [result["status"] for result in json.loads(answer)["results"]]


def _install(machine: Machine) -> None:
    machine.run("update-ca-certificates; apt-get update --quiet=2")
    for command in commands("On Debian"):
        machine.run(CERTIFICATE if "certbot certonly" in command else _with_this_version(command))


def _with_this_version(command: str) -> str:
    """Install the version of this checkout."""
    wheel = next((ROOT / "dist").glob("sidflow_app-*.whl"))
    return re.sub(r"version=[\d.]+", f"version={wheel.name.split('-')[1]}", command)


def _wait_for_server(machine: Machine) -> None:
    wait_until(
        lambda: machine.attempt("curl --fail http://127.0.0.1:8064/api/health").returncode == 0, pause=0.5
    )


def _check_services(machine: Machine) -> None:
    assert machine.run("systemctl is-active sidflow-server sidflow-train.timer") == "active\nactive"
    assert machine.run("systemctl show --property=User --value sidflow-server") == "sidflow"
    assert machine.attempt("curl --fail --silent http://127.0.0.1:8064/metrics").returncode != 0
    page = machine.run("curl --fail --silent --http2 --head --show-error https://sidflow.example/")
    assert page.startswith("HTTP/2 200")
    assert "cross-origin-embedder-policy: require-corp" in page
    machine.attempt(commands("Nightly training")[0])
    logged = machine.run("journalctl --unit sidflow-train.service --output cat")
    assert "tunes" in logged or "shared" in logged
    assert "Traceback" not in logged
    back = machine.attempt(commands("Nightly training")[1])
    assert "there is none to go back to" in back.stdout + back.stderr
    print(machine.run("systemd-analyze security sidflow-server | tail --lines 1; du -sh /opt/sidflow"))
    print(machine.run("systemctl show --property=MemoryCurrent,MemoryPeak sidflow-server"))


def _upgrade(machine: Machine) -> None:
    """Switch to another version, here a copy of this one, and back."""
    [switch] = commands("Upgrade and roll back")
    [old] = machine.run("readlink /opt/sidflow/current").split()
    machine.run(f"cp --recursive /opt/sidflow/{old} /opt/sidflow/0.2.0")
    machine.run(switch)
    assert machine.run("readlink /opt/sidflow/current") == "0.2.0"
    machine.run(switch.replace("version=0.2.0", f"version={old}"))
