"""The page's settings: validated, stored, and followed in other tabs."""

from __future__ import annotations

import json

import pytest

from app.page.core.settings import KEY, PAGE_SETTINGS, Settings
from sidflow_feedback.preferences import PREFERENCES


class Storage(dict[str, str]):
    """localStorage, as long as the test lasts."""

    def getItem(self, key: str) -> str | None:  # noqa: N802
        return self.get(key)

    def setItem(self, key: str, value: str) -> None:  # noqa: N802
        self[key] = value

    def removeItem(self, key: str) -> None:  # noqa: N802
        raise AssertionError(key)


def test_all_settings_have_valid_defaults() -> None:
    assert not PREFERENCES.rules.keys() & PAGE_SETTINGS.rules.keys()
    assert Settings(Storage()).values == PREFERENCES.defaults | PAGE_SETTINGS.defaults
    for name, value in PAGE_SETTINGS.defaults.items():
        assert PAGE_SETTINGS.problem(name, value) is None


@pytest.mark.parametrize("stored", ["", "{", "[]", "null", '{"theme": "pink", "training": 1, "gone": 2}'])
def test_unreadable_values_are_replaced_by_defaults(stored: str) -> None:
    assert Settings(Storage({KEY: stored})).values == Settings(Storage()).values


def test_a_change_is_stored_and_emitted() -> None:
    storage = Storage()
    settings = Settings(storage)
    seen: list[tuple[int, str]] = []
    settings.follow(lambda values: seen.append((values["cadence"], values["theme"])))
    assert settings.change("cadence", 5) is None
    assert settings.change("theme", "dark") is None
    assert seen == [(60, "auto"), (5, "auto"), (5, "dark")]
    assert Settings(storage).values == settings.values
    assert settings.preferences == PREFERENCES.defaults | {"cadence": 5}


def test_an_invalid_change_is_refused() -> None:
    storage = Storage()
    settings = Settings(storage)
    assert settings.change("cadence", 4) == "Enter a whole number from 5 to 1440."
    assert settings.change("theme", "pink") == "Choose one of auto, light, dark."
    assert storage == {}
    assert settings.values == Settings(Storage()).values


def test_a_change_in_another_tab_is_followed() -> None:
    storage = Storage()
    settings = Settings(storage)
    seen: list[str] = []
    settings.follow(lambda values: seen.append(values["theme"]))
    storage[KEY] = json.dumps({"theme": "dark"})
    settings.on_storage("other")
    settings.on_storage(KEY)
    assert seen == ["auto", "dark"]


def test_nothing_is_shared_if_a_safeguard_is_unreadable() -> None:
    stored = {"sync": True, "privacy": "unknown"}
    assert not Settings(Storage({KEY: json.dumps(stored)})).values["sync"]
