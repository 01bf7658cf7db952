"""From events to rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest

from sidflow_feedback.events import ImplicitEvent, RatingEvent
from sidflow_feedback.learning.dataset import Collector, Dataset
from sidflow_feedback.learning.judgments import HALF_LIFE_DAYS, IMPLIED_PREFERENCES
from sidflow_feedback.types import Action
from sidflow_feedback.vocabulary import ACTIONS
from tests.unit.listening import START, action, collected, matrix, rating

DAY = 86_400_000

EventT = TypeVar("EventT", RatingEvent, ImplicitEvent)


def dataset(
    ratings: Sequence[RatingEvent] = (),
    implicit: Sequence[ImplicitEvent] = (),
    *,
    now: float = START,
    limit: int = 512,
) -> Dataset:
    return collected(_newest_first(ratings), _newest_first(implicit), now=now, limit=limit)


def _newest_first(events: Iterable[EventT]) -> list[EventT]:
    return sorted(events, key=lambda event: -event.timestamp)


def test_missing_labels_are_masked() -> None:
    rows = dataset([rating(1, {"e": 4, "c": 2}), rating(2, {"p": 5})])
    by_tune = {
        tuple(f): (label, weight)
        for f, label, weight in zip(rows.features.tolist(), rows.labels, rows.weights, strict=True)
    }
    for number, labels, weights in ((1, [4, 0, 2, 0], [1, 0, 1, 0]), (2, [0, 0, 0, 5], [0, 0, 0, 1])):
        label, weight = by_tune[tuple(matrix(range(number, number + 1))[0].tolist())]
        np.testing.assert_array_equal(label, labels)
        np.testing.assert_array_equal(weight, weights)


def test_the_latest_rating_of_each_dimension_counts() -> None:
    rows = dataset([rating(1, {"e": 1, "m": 2}), rating(1, {"e": 5}, at=START + 1)])
    assert len(rows) == 1
    np.testing.assert_array_equal(rows.labels[0], [5, 2, 0, 0])


def test_a_like_writes_preference_and_nothing_else() -> None:
    rows = dataset(implicit=[action(1, "like")])
    np.testing.assert_array_equal(rows.labels[0], [0, 0, 0, 5])
    np.testing.assert_array_equal(rows.weights[0], [0, 0, 0, 0.8])


@pytest.mark.parametrize("name", ACTIONS)
def test_what_an_action_implies(name: Action) -> None:
    rows = dataset(implicit=[action(1, name)])
    if name == "play":
        assert len(rows) == 0
    else:
        assert (rows.labels[0, 3], rows.weights[0, 3]) == pytest.approx(IMPLIED_PREFERENCES[name])


@pytest.mark.parametrize("name", ["skip", "skip_early"])
def test_leaving_after_a_listen_implies_nothing(name: Action) -> None:
    assert len(collected([], [action(1, name, listened_seconds=240.0, length=3000.0)])) == 0
    assert len(collected([], [action(1, name, listened_seconds=50.0, length=100.0)])) == 0
    assert len(collected([], [action(1, name, listened_seconds=49.0, length=100.0)])) == 1
    assert len(collected([], [action(1, name, length=100.0)])) == 1


def test_actions_are_averaged_by_weight_and_weigh_at_most_as_a_rating() -> None:
    rows = dataset(implicit=[action(1, "replay")] * 3 + [action(1, "skip_early")])
    assert rows.labels[0, 3] == pytest.approx((3 * 0.4 * 4.5 + 0.3 * 1.5) / 1.5)
    assert rows.weights[0, 3] == 1


def test_the_latest_judgment_of_preference_wins() -> None:
    disliked, liked = action(1, "dislike", at=START + 1), action(1, "like", at=START + 2)
    rated = rating(1, {"p": 2}, at=START + 3)
    assert dataset(implicit=[disliked, liked]).labels[0, 3] == 5
    assert dataset([rated], [disliked, liked]).labels[0, 3] == 2
    later = action(1, "dislike", at=START + 4)
    assert (dataset([rated], [liked, later]).labels[0, 3], dataset([rated], [later]).weights[0, 3]) == (
        1,
        0.8,
    )
    assert dataset(implicit=[liked, action(1, "skip_early", at=START + 5)]).labels[0, 3] == 5


def test_a_dislike_does_not_fade() -> None:
    rows = dataset(implicit=[action(1, "dislike")], now=START + 10 * HALF_LIFE_DAYS * DAY)
    assert (rows.labels[0, 3], rows.weights[0, 3]) == (1, 0.8)


def test_an_action_weighs_half_after_the_half_life() -> None:
    rows = dataset(implicit=[action(1, "like")], now=START + HALF_LIFE_DAYS * DAY)
    assert rows.weights[0, 3] == pytest.approx(0.4)
    assert rows.labels[0, 3] == 5


def test_a_clock_that_was_set_back_gives_no_weight_above_the_stated() -> None:
    assert dataset(implicit=[action(1, "like")], now=START - 1000 * DAY).weights[0, 3] == 0.8


def test_a_rated_preference_wins_over_a_later_skip() -> None:
    rows = dataset([rating(1, {"p": 4})], [action(1, "skip_early", at=START + 5)])
    assert (rows.labels[0, 3], rows.weights[0, 3]) == (4, 1)


def test_tunes_without_features_are_skipped_and_counted() -> None:
    rows = dataset(
        [rating(1), rating(2, features=False)],
        [action(3, "like", features=False), action(4, "play", features=False)],
    )
    assert (len(rows), rows.skipped) == (1, 2)


def test_features_may_come_from_another_event_of_the_tune() -> None:
    rows = dataset([rating(1, features=False)], [action(1, "play")])
    assert (len(rows), rows.skipped) == (1, 0)


def test_subsongs_are_tunes_of_their_own() -> None:
    first = rating(1)
    second = RatingEvent(
        uuid=first.uuid,
        timestamp=START,
        track=type(first.track)(item_id=first.track.item_id, song=2, features=first.track.features),
        ratings={"e": 1},
    )
    assert len(dataset([first, second])) == 2


def test_the_limit_keeps_the_events_that_came_first() -> None:
    ratings = [rating(number, at=START + number) for number in range(10)]
    liked = [action(number, "like", at=START + 1000) for number in range(100, 110)]
    rows = dataset(ratings, liked, limit=12)
    assert len(rows) == 12
    assert (rows.weights[:, 0] > 0).sum() == 10
    np.testing.assert_array_equal(dataset(ratings, limit=4).features, matrix(range(6, 10))[::-1])


def test_nothing_gives_no_rows() -> None:
    rows = dataset()
    assert (len(rows), rows.skipped) == (0, 0)
    assert rows.features.shape == (0, 8)


def test_songs_of_one_item_have_one_number() -> None:
    first = rating(1)
    second = replace(first, track=replace(first.track, song=2))
    assert dataset([first, second, rating(2)]).items.tolist() in ([0, 0, 1], [0, 1, 1])


def test_work_is_cut_into_steps() -> None:
    ratings = [rating(number) for number in range(160)]
    collector = Collector(now=START)
    assert sum(1 for _ in collector.take(ratings)) >= 20
    assert sum(1 for _ in collector.dataset(512)) >= 10
