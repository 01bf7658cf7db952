"""Settings, and their documentation for operators."""

import ast
import re
from pathlib import Path

import pytest

from app.paths import paths
from app.server.errors import ConfigurationError
from app.server.settings import (
    DAILY_EVENTS,
    RATE_BURST,
    RATE_LIMIT,
    TOTAL_DAILY_EVENTS,
    VARIABLES,
    Settings,
)

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "server.md").read_text()


def test_each_variable_is_documented() -> None:
    assert set(re.findall(r"SIDFLOW_[A-Z_]+", GUIDE)) == set(VARIABLES)


def test_no_other_variable_is_read() -> None:
    """All variables named in the code are in the list, which the test above compares with the guide."""
    named = set()
    for path in (ROOT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= set(re.findall(r"SIDFLOW_[A-Z_]+", node.value))
    assert named == set(VARIABLES)


def test_defaults_are_documented() -> None:
    for default in (
        f"{RATE_LIMIT:g}",
        f"{RATE_BURST:g}",
        f"{DAILY_EVENTS}",
        f"{TOTAL_DAILY_EVENTS}",
        "warning",
    ):
        assert f"`{default}`" in GUIDE


def test_defaults() -> None:
    settings = Settings.from_environment(dict.fromkeys(VARIABLES, ""))
    here = paths()
    assert settings.database_url == f"sqlite:///{here.data / 'feedback.sqlite3'}"
    assert settings.model_path == here.data / "model" / "latest.json"
    assert settings.first_model == here.first_model
    assert (settings.page, settings.static) == (here.page, here.static)
    assert (settings.vendor, settings.library) == (here.vendor, here.library)
    assert (settings.rate_limit, settings.rate_burst) == (RATE_LIMIT, RATE_BURST)
    assert (settings.trusted_proxies, settings.log_level) == ("", "warning")
    assert (settings.local_token, settings.ultimate, settings.metrics_token) == (None, None, None)


def test_each_is_read_from_the_environment() -> None:
    settings = Settings.from_environment(
        {
            "SIDFLOW_DATABASE_URL": "postgresql://user:hidden@host/name",
            "SIDFLOW_MODEL_PATH": "/models/latest.json",
            "SIDFLOW_RATE_LIMIT": "0",
            "SIDFLOW_RATE_BURST": "7.5",
            "SIDFLOW_TRUSTED_PROXIES": "192.0.2.1,192.0.2.2",
            "SIDFLOW_DAILY_EVENTS": "1000",
            "SIDFLOW_TOTAL_DAILY_EVENTS": "0",
            "SIDFLOW_RETENTION_DAYS": "365",
            "SIDFLOW_ULTIMATE": "192.168.1.64",
            "SIDFLOW_LANCE": "/lance",
            "SIDFLOW_GOLD": "/gold.csv",
            "SIDFLOW_WITHOUT_DAYS": "2026-02-03..2026-02-05, 2026-03-01",
            "SIDFLOW_METRICS_TOKEN": "secret-of-prometheus",
            "SIDFLOW_LOG_LEVEL": "INFO",
        }
    )
    assert settings.database_url.endswith("@host/name")
    assert (settings.model_path, settings.first_model) == (Path("/models/latest.json"), paths().first_model)
    assert (settings.rate_limit, settings.rate_burst) == (0, 7.5)
    assert (settings.trusted_proxies, settings.log_level) == ("192.0.2.1,192.0.2.2", "info")
    assert (settings.daily_events, settings.total_daily_events) == (1000, 0)
    assert settings.retention_days == 365
    assert settings.ultimate == ("192.168.1.64", 80)
    assert (settings.lance, settings.gold) == (Path("/lance"), Path("/gold.csv"))
    assert [str(days) for days in settings.without_days] == [
        "2026-02-03..2026-02-05",
        "2026-03-01..2026-03-01",
    ]
    assert settings.metrics_token == "secret-of-prometheus"
    assert not re.search("hidden|secret", repr(settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SIDFLOW_RATE_LIMIT", "-1"),
        ("SIDFLOW_WITHOUT_DAYS", "february"),
        ("SIDFLOW_ULTIMATE", "8.8.8.8"),
        ("SIDFLOW_TRUSTED_PROXIES", "*"),
        ("SIDFLOW_TRUSTED_PROXIES", "proxy.example"),
        ("SIDFLOW_TRUSTED_PROXIES", "127.0.0.1/8"),
        ("SIDFLOW_RATE_LIMIT", "many"),
        ("SIDFLOW_RATE_LIMIT", "nan"),
        ("SIDFLOW_RATE_LIMIT", "inf"),
        ("SIDFLOW_RATE_BURST", "0"),
        ("SIDFLOW_DAILY_EVENTS", "-1"),
        ("SIDFLOW_TOTAL_DAILY_EVENTS", "1.5"),
        ("SIDFLOW_RETENTION_DAYS", "1000000"),
        ("SIDFLOW_LOG_LEVEL", "loud"),
    ],
)
def test_invalid_values(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Settings.from_environment({name: value})


def test_folder_as_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"Try {tmp_path / 'latest.json'}"):
        Settings.from_environment({"SIDFLOW_MODEL_PATH": str(tmp_path)})


def test_roms_are_read_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "kernal.bin").write_bytes(bytes(0x2000))
    assert set(Settings.from_environment({"SIDFLOW_ROMS": str(tmp_path)}).roms.images) == {"kernal"}


def test_folder_without_roms_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"SIDFLOW_ROMS can't be used\. .* holds no C64 ROM"):
        Settings.from_environment({"SIDFLOW_ROMS": str(tmp_path)})


@pytest.mark.parametrize("name", ["page", "static", "vendor", "library"])
def test_roms_in_a_served_folder_are_refused(name: str) -> None:
    folder = getattr(paths(), name)
    with pytest.raises(ConfigurationError, match="which the server hands out"):
        Settings.from_environment({"SIDFLOW_ROMS": str(folder / "roms")})
