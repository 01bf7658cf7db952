from pathlib import Path

import httpx
import pytest

from app.server.application import create_app
from app.server.headers import PAGE_HEADERS, SECURITY_HEADERS
from app.server.settings import Settings

from .conftest import Serve, connected

MOUNTS = ["/static", "/static/vendor", "/page", "/sidflow_feedback"]


def put(path: Path, content: bytes = b"content") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def raw_get(client: httpx.Client, target: str) -> bytes:
    """Send `target` byte for byte: httpx would tidy it."""
    with connected(client) as peer:
        peer.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := peer.recv(65536):
            answer += part
    return answer


def test_index(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.text == "<!doctype html><title>page</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert client.head("/").status_code == 200
    assert client.get("/page/index.html").text == answer.text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.wasm", "application/wasm"),
        ("a-1.0-py3-none-any.whl", "application/zip"),
        ("a.zip", "application/zip"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.json", "application/json"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.py", "text/x-python; charset=utf-8"),
        ("a.sid", "audio/prs.sid"),
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
    ],
)
def test_media_types(client: httpx.Client, settings: Settings, name: str, media_type: str) -> None:
    put(settings.static / "x" / name)
    answer = client.get(f"/static/x/{name}")
    assert answer.content == b"content"
    assert answer.headers["content-type"] == media_type


def test_addresses(client: httpx.Client, settings: Settings) -> None:
    folders = (settings.static, settings.vendor, settings.page, settings.library)
    for folder, address in zip(folders, MOUNTS, strict=True):
        put(folder / "sub" / "file.py", address.encode())
        assert client.get(f"{address}/sub/file.py").text == address


def test_etag_revalidates(client: httpx.Client, settings: Settings) -> None:
    path = put(settings.static / "a.js", b"old")
    first = client.get("/static/a.js")
    assert first.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get("/static/a.js", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    put(path, b"newer")
    assert client.get("/static/a.js", headers=known).text == "newer"


def test_range(client: httpx.Client, settings: Settings) -> None:
    put(settings.vendor / "a.whl", b"0123456789")
    answer = client.get("/static/vendor/a.whl", headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content) == (206, b"234")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/static/a.js", 200),
        ("/static/none.js", 404),
        ("/api/health", 200),
        ("/api/model/latest", 200),
        ("/api/feedback/sync", 405),
    ],
)
def test_isolation_headers(client: httpx.Client, settings: Settings, path: str, status: int) -> None:
    put(settings.static / "a.js")
    answer = client.get(path)
    assert answer.status_code == status
    for name, value in (PAGE_HEADERS if path == "/" else SECURITY_HEADERS).items():
        assert answer.headers.get_list(name) == [value]


def test_isolation_headers_on_304(client: httpx.Client) -> None:
    answer = client.get("/", headers={"If-None-Match": client.get("/").headers["etag"]})
    assert answer.status_code == 304
    assert PAGE_HEADERS.items() <= {key.title(): value for key, value in answer.headers.items()}.items()


@pytest.mark.parametrize(
    "escape",
    [
        "/../secret.txt",
        "/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/x/../../secret.txt",
        "/./../secret.txt",
        "//../secret.txt",
        "{absolute}",
        "/{absolute}",
        "/%2f{absolute}",
        "/..%00/secret.txt",
        "/link.txt",
        "/link/secret.txt",
    ],
)
def test_paths_outside_folders_are_404(
    client: httpx.Client, settings: Settings, tmp_path: Path, escape: str
) -> None:
    folders = (settings.static, settings.vendor, settings.page, settings.library)
    for folder, mount in zip(folders, MOUNTS, strict=True):
        (folder / "x").mkdir()
        (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
        (folder / "link").symlink_to(tmp_path)
        answer = raw_get(client, mount + escape.format(absolute=tmp_path / "secret.txt"))
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"top secret" not in answer
        assert bytes(tmp_path) not in answer
        assert b'"not_found"' in answer


@pytest.mark.parametrize(
    "path", ["/static", "/static/", "/static/x", "/static/x/", "/page", "/page/", "/lib/"]
)
def test_folders_are_not_listed(client: httpx.Client, settings: Settings, path: str) -> None:
    put(settings.static / "x" / "a.js")
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", [".env", ".git/config", "x/.hidden.js", "__pycache__/a.pyc"])
def test_hidden_files_are_not_served(client: httpx.Client, settings: Settings, name: str) -> None:
    put(settings.static / name)
    assert client.get(f"/static/{name}").status_code == 404


def test_library_serves_known_suffixes_only(client: httpx.Client, settings: Settings) -> None:
    put(settings.library / "events.py")
    put(settings.library / "notes.txt")
    assert client.get("/sidflow_feedback/events.py").status_code == 200
    assert client.get("/sidflow_feedback/notes.txt").status_code == 404


@pytest.mark.parametrize(
    "path", ["/static/" + "a" * 5000, "/static/%00", "/static/%ff", "/%ff", "/api/health/"]
)
def test_unusual_addresses(client: httpx.Client, path: str) -> None:
    assert raw_get(client, path).startswith(b"HTTP/1.1 404 ")


def test_missing_folders_are_404_until_set_up(serve: Serve, settings: Settings) -> None:
    settings.vendor.rmdir()
    client = serve(create_app(settings))
    assert client.get("/static/vendor/sid/sid.wasm").status_code == 404
    put(settings.vendor / "sid" / "sid.wasm")
    assert client.get("/static/vendor/sid/sid.wasm").status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/a.js", "/api/health"])
def test_other_methods(client: httpx.Client, path: str) -> None:
    answer = client.post(path)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
