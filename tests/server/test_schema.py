from typing import Any

import pytest
from pydantic import ValidationError

from app.server.schema import Features, ImplicitDelta, RatingDelta, first_problem
from sidflow_feedback.vocabulary import ACTIONS, FEATURE_NAMES

from .deltas import FEATURES, implicit, rating

HASH = "sha256:" + "0a" * 32


def problem(kind: type[RatingDelta | ImplicitDelta], value: object) -> str:
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(value)
    field, message = first_problem(caught.value)
    assert message
    return field


def test_features_match_the_library() -> None:
    assert [field.alias for field in Features.model_fields.values()] == list(FEATURE_NAMES)


@pytest.mark.parametrize("action", ACTIONS)
def test_actions(action: str) -> None:
    assert ImplicitDelta.model_validate(implicit(action=action)).action == action


@pytest.mark.parametrize("item_id", ["x.sid", "DEMOS/A-F/Äpfel & Öl.sid", "loop-7", HASH])
def test_item_ids(item_id: str) -> None:
    assert RatingDelta.model_validate(rating(sidPath=item_id)).item_id == item_id


@pytest.mark.parametrize(
    "item_id", ["", "/x.sid", "a/../x.sid", "C:x.sid", "a\x00.sid", None, 5, ["x.sid"], True]
)
def test_bad_item_ids(item_id: object) -> None:
    assert problem(RatingDelta, rating(sidPath=item_id)) == "sidPath"


@pytest.mark.parametrize("song", [1, 256])
def test_songs(song: int) -> None:
    assert RatingDelta.model_validate(rating(song=song)).song == song


@pytest.mark.parametrize("song", [0, -1, 257, 10**400, 1.5, 1.0, "1", True, None, [1]])
def test_bad_songs(song: object) -> None:
    assert problem(RatingDelta, rating(song=song)) == "song"


@pytest.mark.parametrize("ratings", [{"e": 1}, {"m": 5}, {"c": 3, "e": None}, {"p": 2}])
def test_ratings(ratings: dict[str, Any]) -> None:
    expected = dict.fromkeys("emcp") | ratings
    assert RatingDelta.model_validate(rating(ratings=ratings)).ratings.model_dump() == expected


@pytest.mark.parametrize(
    ("ratings", "field"),
    [
        ({}, "ratings"),
        ({"e": None}, "ratings"),
        (None, "ratings"),
        ([3, 3, 3], "ratings"),
        ({"e": 0}, "ratings.e"),
        ({"m": 6}, "ratings.m"),
        ({"c": "3"}, "ratings.c"),
        ({"p": 2.5}, "ratings.p"),
        ({"e": True}, "ratings.e"),
        ({"x": 3}, "ratings.x"),
    ],
)
def test_bad_ratings(ratings: object, field: str) -> None:
    assert problem(RatingDelta, rating(ratings=ratings)) == field


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), 10**400, [1.0]])
def test_bad_features(name: str, value: object) -> None:
    assert problem(RatingDelta, rating(features={**FEATURES, name: value})) == f"features.{name}"


@pytest.mark.parametrize("name", FEATURES)
def test_features_are_complete_or_null(name: str) -> None:
    partial = {key: value for key, value in FEATURES.items() if key != name}
    assert problem(RatingDelta, rating(features=partial)) == f"features.{name}"
    assert RatingDelta.model_validate(rating(features=None)).features is None


@pytest.mark.parametrize(
    "uuid", ["", "x", "0" * 32, "0" * 36, "{00000000-0000-4000-8000-000000000001}", 1, None]
)
def test_bad_uuids(uuid: object) -> None:
    assert problem(RatingDelta, rating(uuid=uuid)) == "uuid"


@pytest.mark.parametrize("action", ["", "LIKE", "buy", None, 1, ["like"]])
def test_bad_actions(action: object) -> None:
    assert problem(ImplicitDelta, implicit(action=action)) == "action"


@pytest.mark.parametrize("epsilon", [0, 0.09, 10.1, -1, 10**400, float("nan"), float("inf"), "1", True, [1]])
def test_bad_epsilons(epsilon: object) -> None:
    assert problem(RatingDelta, rating(epsilon=epsilon)) == "epsilon"
    assert problem(ImplicitDelta, implicit(epsilon=epsilon)) == "epsilon"


@pytest.mark.parametrize("epsilon", [None, 0.1, 1, 10])
def test_epsilons(epsilon: float | None) -> None:
    assert RatingDelta.model_validate(rating(epsilon=epsilon)).epsilon == epsilon


@pytest.mark.parametrize("field", ["uuid", "sidPath", "song", "ratings"])
def test_missing_fields(field: str) -> None:
    value = rating()
    del value[field]
    assert problem(RatingDelta, value) == field


@pytest.mark.parametrize(
    "field", ["sessionId", "timestamp", "day", "modelVersion", "position", "item_id", "action", "v"]
)
def test_unknown_fields_are_refused(field: str) -> None:
    assert problem(RatingDelta, rating(**{field: 1})) == field


def test_implicit_event_with_ratings_is_rejected() -> None:
    assert problem(ImplicitDelta, implicit(ratings={"e": 3})) == "ratings"
