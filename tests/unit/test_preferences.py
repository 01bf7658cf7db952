"""Preferences: off by default, bounded, and never broken by stored values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.preferences import PREFERENCES, Choice, Switch, WholeNumber, validated

DEFAULTS = PREFERENCES.defaults
ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


def test_training_and_sharing_are_off_by_default() -> None:
    assert (DEFAULTS["training"], DEFAULTS["sync"]) == (False, False)


@pytest.mark.parametrize(
    ("name", "minimum", "maximum", "default"),
    [
        ("iterations", 10, 1000, 200),
        ("samples", 16, 4096, 512),
        ("cadence", 5, 1440, 60),
        ("budget", 10, 1000, 100),
    ],
)
def test_numbers_have_the_stated_limits(name: str, minimum: int, maximum: int, default: int) -> None:
    assert DEFAULTS[name] == default
    assert PREFERENCES.problem(name, minimum) is None
    assert PREFERENCES.problem(name, maximum) is None
    for value in (minimum - 1, maximum + 1):
        problem = PREFERENCES.problem(name, value)
        assert problem == f"Enter a whole number from {minimum} to {maximum}."


def test_a_number_is_a_whole_one() -> None:
    for value in (5.0, "5", None, True):
        assert WholeNumber(5, 0, 10).problem(value) == "Enter a whole number from 0 to 10."


def test_a_switch_is_on_or_off() -> None:
    assert Switch(False).problem(True) is None
    for value in (1, 0, "on", None):
        assert Switch(False).problem(value) == "Choose on or off."


def test_a_choice_is_one_of_the_choices_and_defaults_to_the_first() -> None:
    theme = Choice("auto", "light", "dark")
    assert theme.default == "auto"
    assert [theme.problem(choice) for choice in ("auto", "light", "dark")] == [None] * 3
    for value in ("pink", "", None, 3):
        assert theme.problem(value) == "Choose one of auto, light, dark."


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_every_default_is_valid(name: str) -> None:
    assert PREFERENCES.problem(name, DEFAULTS[name]) is None


@pytest.mark.parametrize("broken", [{"privacy": "3"}, {"privacy": 4}, {"budget": 1001}, {"budget": None}])
def test_nothing_is_shared_if_a_safeguard_is_unreadable(broken: dict[str, Any]) -> None:
    assert validated({"sync": True, "privacy": "1", "budget": 50})["sync"]
    assert validated({"sync": True})["sync"]
    assert not validated({"sync": True, "privacy": "1", "budget": 50} | broken)["sync"]


def test_an_unknown_setting_is_a_problem() -> None:
    assert PREFERENCES.problem("turbo", True) == "There is no setting 'turbo'."


def test_valid_values_are_kept_and_the_others_replaced_by_defaults() -> None:
    stored = {"training": True, "cadence": 4, "learner": "ridge", "iterations": "200", "gone": 1}
    assert validated(stored) == DEFAULTS | {"training": True, "learner": "ridge"}
    assert validated({}) == DEFAULTS


@given(st.dictionaries(st.sampled_from([*DEFAULTS, "gone"]), ANYTHING))
def test_any_stored_values_give_valid_preferences(stored: dict[str, Any]) -> None:
    preferences = validated(stored)
    assert preferences.keys() == DEFAULTS.keys()
    assert all(PREFERENCES.problem(name, value) is None for name, value in preferences.items())
    assert validated(preferences) == preferences
