"""Preferences: off until switched on, bounded, and never broken by what was stored."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.preferences import BOUNDS, CHOICES, DEFAULTS, problem, validated

ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


def test_nothing_is_on_that_was_not_switched_on() -> None:
    assert (DEFAULTS["training"], DEFAULTS["sync"]) == (False, False)


@pytest.mark.parametrize(
    ("name", "least", "most", "default"),
    [
        ("iterations", 10, 1000, 200),
        ("samples", 16, 4096, 512),
        ("cadence", 5, 1440, 60),
        ("budget", 10, 1000, 100),
        ("exploration", 0, 50, 15),
        ("volume", 0, 100, 80),
    ],
)
def test_numbers_have_the_stated_bounds(name: str, least: int, most: int, default: int) -> None:
    assert (BOUNDS[name], DEFAULTS[name]) == ((least, most), default)
    assert problem(name, least) is None
    assert problem(name, most) is None
    for value in (least - 1, most + 1, float(least), str(least), None, True):
        assert problem(name, value) == f"{name} must be a whole number from {least} to {most}."


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_default_is_valid(name: str) -> None:
    assert problem(name, DEFAULTS[name]) is None


@pytest.mark.parametrize("name", ["training", "sync"])
def test_switch_is_on_or_off(name: str) -> None:
    assert problem(name, True) is None
    for value in (1, 0, "on", None):
        assert problem(name, value) == f"{name} must be on or off."


def test_choice_is_one_of_the_offered() -> None:
    assert [problem("theme", theme) for theme in CHOICES["theme"]] == [None] * 3
    assert [problem("order", order) for order in CHOICES["order"]] == [None] * 4
    for value in ("pink", "", None, 3):
        assert problem("theme", value) == "theme must be one of auto, light, dark."


@pytest.mark.parametrize("broken", [{"privacy": "3"}, {"privacy": 4}, {"budget": 1001}, {"budget": None}])
def test_nothing_is_shared_when_the_protection_can_t_be_read(broken: dict[str, Any]) -> None:
    assert validated({"sync": True, "privacy": "1", "budget": 50})["sync"]
    assert validated({"sync": True})["sync"]
    assert not validated({"sync": True, "privacy": "1", "budget": 50} | broken)["sync"]


@pytest.mark.parametrize("value", ["", "192.168.1.64", "10.0.0.1:8080", "127.0.0.1:1", "172.31.0.2"])
def test_address_of_the_listener_s_network_is_taken(value: str) -> None:
    assert problem("u64Address", value) is None


@pytest.mark.parametrize(
    "value", ["8.8.8.8", "172.32.0.1", "169.254.1.1", "ultimate", "10.0.0", "10.0.0.1:", "10.0.0.1:0",
              "10.0.0.1/x", 1, None, "10.0.0.256", "10.0.0.1:99999", "10..0.1"]
)  # fmt: skip
def test_other_addresses_are_refused(value: Any) -> None:
    assert "one of your own network" in (problem("u64Address", value) or "")


def test_unknown_setting_is_told() -> None:
    assert problem("turbo", True) == "There is no setting 'turbo'."


def test_valid_settings_are_kept_and_the_rest_defaulted() -> None:
    stored = {"training": True, "cadence": 4, "theme": "dark", "iterations": "200", "gone": 1}
    assert validated(stored) == DEFAULTS | {"training": True, "theme": "dark"}
    assert validated({}) == DEFAULTS


@given(st.dictionaries(st.sampled_from([*DEFAULTS, "gone"]), ANYTHING))
def test_whatever_was_stored_all_settings_are_there_and_valid(stored: dict[str, Any]) -> None:
    settings = validated(stored)
    assert settings.keys() == DEFAULTS.keys()
    assert all(problem(name, value) is None for name, value in settings.items())
    assert validated(settings) == settings
