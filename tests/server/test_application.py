from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from app.server.application import create_app
from app.server.errors import ConfigurationError
from app.server.headers import SECURITY_HEADERS
from app.server.settings import Settings

from .conftest import Serve


def test_health(client: httpx.Client) -> None:
    found = client.get("/api/health").json()
    assert (found["status"], found["version"]) == ("ok", version("sidflow-feedback"))
    assert client.head("/api/health").status_code == 200


def test_unknown_address_is_not_repeated(client: httpx.Client) -> None:
    answer = client.get("/api/<script>")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert "script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_generated_pages(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_crash_is_a_500_without_a_trace(serve: Serve, settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/crash")
    def crash() -> None:
        raise RuntimeError(f"secret of {settings.static}")

    client = serve(app)
    answer = client.get("/crash")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    assert answer.headers["connection"] == "close"
    assert client.get("/api/health").status_code == 200


def test_invalid_parameter_is_a_422(serve: Serve, settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/number")
    def number(value: int) -> int:
        return value

    answer = serve(app).get("/number", params={"value": "seven"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert (error["code"], error["field"]) == ("invalid_field", "query.value")
    assert "seven" not in error["message"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "is invalid"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
        ("mysql://user:password@host/name", "'mysql' databases are not supported"),
        ("postgresql+nodriver://user:password@host/name", "can't be loaded"),
    ],
)
def test_invalid_url(url: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        create_app(Settings.from_environment({"SIDFLOW_DATABASE_URL": url}))
    assert "password" not in str(caught.value)


async def test_database_that_fails_to_open(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    url = f"sqlite:///{tmp_path / 'file' / 'feedback.sqlite3'}"
    app = create_app(Settings.from_environment({"SIDFLOW_DATABASE_URL": url}))
    with pytest.raises(ConfigurationError, match=r"can't be opened.*set SIDFLOW_DATABASE_URL"):
        async with app.router.lifespan_context(app):
            pass


async def test_file_that_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "feedback.sqlite3"
    path.write_text("these are a listener's notes, and no database at all" * 40)
    before = path.read_bytes()
    app = create_app(Settings.from_environment({"SIDFLOW_DATABASE_URL": f"sqlite:///{path}"}))
    with pytest.raises(ConfigurationError, match="not a database"):
        async with app.router.lifespan_context(app):
            pass
    assert path.read_bytes() == before
