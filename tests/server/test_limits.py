"""What a client can't do to the others: endless heads, stalled bodies, too many connections."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest

from app.server import body as body_module
from app.server import protocol
from app.server.application import create_app
from app.server.headers import SECURITY_HEADERS
from app.server.settings import Settings
from tests.patience import wait_until

from .answers import SYNC
from .conftest import Serve, connected, running

SID = "Content-Type: audio/prs.sid\r\n"
BODIES = {
    SYNC: "Content-Type: application/json\r\n",
    "/api/player/tune": SID,
    "/api/player/stream": SID,
    "/api/player/cli": SID,
    "/api/player/u64": SID,
}


def answer_of(peer: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers, and body of what the server says before it closes the connection."""
    said = b"".join(iter(lambda: peer.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(status.split()[1]), headers, body


def check_refused(peer: socket.socket, status: int, code: str) -> None:
    found, headers, body = answer_of(peer)
    assert (found, json.loads(body)["error"]["code"]) == (status, code)
    assert headers["content-type"] == "application/json"
    assert headers.items() >= {name.lower(): value for name, value in SECURITY_HEADERS.items()}.items()
    assert headers["connection"] == "close"


def send_without_end(peer: socket.socket, piece: bytes) -> None:
    """Send until the server has had enough."""
    with suppress(ConnectionError):
        for _ in range(1000):
            peer.sendall(piece)
    with suppress(OSError):
        peer.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("piece", [b"a" * 1000, b"a: b\r\n" * 200])
def test_endless_head(client: httpx.Client, piece: bytes) -> None:
    with connected(client) as peer:
        head = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + piece * 20
        peer.sendall(head[: protocol.MAX_HEAD_BYTES])
        # No more than that: what the server doesn't read would make it reset the connection.
        peer.sendall(piece[:600])
        check_refused(peer, 431, "head_too_large")
    assert client.get("/").status_code == 200


def test_head_that_is_too_large_at_once(client: httpx.Client) -> None:
    answer = client.get("/", headers={f"x-{i}": "a" * 1000 for i in range(20)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "head_too_large")
    answer = client.get("/" + "a" * 20_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "head_too_large")
    assert client.get("/", headers={"x": "a" * 10_000}).status_code == 200


def test_endless_trailer(client: httpx.Client) -> None:
    with connected(client) as peer:
        head = f"POST {SYNC} HTTP/1.1\r\nHost: x\r\n{BODIES[SYNC]}Transfer-Encoding: chunked\r\n\r\n"
        peer.sendall(head.encode() + b"2\r\n{}\r\n0\r\nX: ")
        send_without_end(peer, b"a" * 1000)
        with suppress(ConnectionResetError):
            while peer.recv(65536):
                pass
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_head_that_does_not_arrive(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    with connected(client) as peer:
        peer.sendall(start)
        check_refused(peer, 408, "request_timeout")


@pytest.mark.parametrize("path", BODIES)
def test_body_that_does_not_arrive(
    serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(body_module, "BODY_SECONDS", 0.2)
    client = serve(create_app(replace(settings, local_token="token")))
    host = f"Host: 127.0.0.1:{client.base_url.port}\r\nAuthorization: Bearer token\r\n"
    with connected(client) as peer:
        peer.sendall(f"POST {path} HTTP/1.1\r\n{host}{BODIES[path]}Content-Length: 9\r\n\r\n{{".encode())
        check_refused(peer, 408, "request_timeout")


def test_all_routes_that_read_a_body_are_tested(settings: Settings) -> None:
    app = create_app(settings)
    found = {path for path, methods in _routes(app) if "POST" in methods}
    assert found == {path.replace("/cli", "/{name}").replace("/u64", "/{name}") for path in BODIES}


def _routes(app: object) -> Iterator[tuple[str, set[str]]]:
    for route in getattr(app, "routes", ()):
        if methods := getattr(route, "methods", None):
            yield route.path, methods
        else:
            yield from _routes(getattr(route, "original_router", None))


def test_too_many_connections(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 3)
    peers = [connected(client) for _ in range(3)]
    for peer in peers:
        peer.sendall(b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
    with connected(client) as refused:
        check_refused(refused, 503, "too_many_connections")
    for peer in peers:
        peer.close()
    wait_until(lambda: client.get("/").status_code == 200)


def test_what_is_not_http(client: httpx.Client) -> None:
    with connected(client) as peer:
        peer.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n")
        check_refused(peer, 400, "malformed_request")


def test_request_that_the_end_of_the_server_interrupts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "GRACE_SECONDS", 0)
    with running(create_app(settings)) as client:
        peer = connected(client)
        head = f"POST {SYNC} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{BODIES[SYNC]}"
        peer.sendall(f"{head}Content-Length: 9\r\n\r\n".encode())
        assert peer.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n", "the server waits for the body"
    with peer:
        check_refused(peer, 503, "stopping")


def test_range_that_a_file_does_not_have(client: httpx.Client, settings: Settings) -> None:
    (settings.static / "a.css").write_text("a { }")
    for given, status, code in (
        ("bytes=90-99", 416, "range_not_satisfiable"),
        ("bytes=x", 400, "bad_request"),
    ):
        answer = client.get("/static/a.css", headers={"Range": given})
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_preflight_of_a_site_that_is_not_allowed(serve: Serve, settings: Settings) -> None:
    client = serve(create_app(replace(settings, allowed_origins=("https://radio.example",))))
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}
    answer = client.options(SYNC, headers=asked)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
