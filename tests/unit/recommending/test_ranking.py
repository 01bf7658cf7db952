"""The order of listening: best first, a stated share of surprises, nothing dropped, nothing that jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidflow_feedback.recommending.ranking import Queue, Ranking, queue

UNKNOWN = float("nan")


def ask(preferences: list[float], **options: object) -> Queue:
    identities = np.arange(len(preferences), dtype=np.uint32) * 7919 + 13
    return queue(Ranking.of(np.array(preferences)), identities, **options)  # type: ignore[arg-type]


def falling(count: int) -> list[float]:
    return [5 - 4 * i / count for i in range(count)]


def test_best_comes_first_and_equals_in_the_order_of_the_library() -> None:
    found = ask([2.0, 5.0, 3.0, 5.0, 2.0])
    assert found.order.tolist() == [1, 3, 2, 0, 4]
    assert not found.surprises.any()


@given(st.lists(st.sampled_from([-9.5, -0.0, 0.0, 1e-30, 3.1, 3.2, 7e4, UNKNOWN]), max_size=12))
def test_order_is_the_stable_one_of_a_comparison_sort(given: list[float]) -> None:
    preferences = np.array([1.0, 5.0, *given])
    assert Ranking.of(preferences).order.tolist() == np.argsort(-preferences, kind="stable").tolist()


def test_unknown_come_after_and_are_not_dropped() -> None:
    assert ask([UNKNOWN, 1.0, UNKNOWN, 4.0]).order.tolist() == [3, 1, 0, 2]
    assert ask([UNKNOWN, UNKNOWN], exploration=50).order.tolist() == [0, 1]


def test_model_without_preferences_changes_nothing_and_has_no_surprises() -> None:
    found = ask([3.0 + 0.04 * (i % 3 == 0) for i in range(20)], exploration=50, recent=[0])
    assert found.order.tolist() == [*range(1, 20), 0]
    assert not found.surprises.any()
    assert ask([3.0 + 0.06 * (i % 3 == 0) for i in range(20)]).order[:3].tolist() == [0, 3, 6]


def test_recent_items_come_back_after_the_unknown_longest_ago_first_and_disliked_last() -> None:
    found = ask([5.0, 4.0, 3.0, 2.0, 1.0, UNKNOWN], recent=[1, 4], disliked=[0])
    assert found.order.tolist() == [2, 3, 5, 4, 1, 0]
    both = ask([5.0, 4.0, 3.0, 2.0], recent=[0, 1], disliked=[0])
    assert both.order.tolist() == [2, 3, 1, 0]


def test_half_of_the_library_counts_as_recent_at_most() -> None:
    assert ask(falling(6), recent=[0, 1, 2, 3, 4, 5]).order.tolist() == [3, 4, 5, 2, 1, 0]


@pytest.mark.parametrize("exploration", [0, 1, 10, 15, 33, 40, 50])
def test_share_of_surprises_is_exact_in_each_hundred(exploration: int) -> None:
    for offset in (0, 7, 99, 350):
        surprises = ask(falling(1000), exploration=exploration, offset=offset).surprises[:500]
        assert [surprises[i : i + 100].sum() for i in range(400)] == [exploration] * 400
    gaps = np.diff(np.flatnonzero(surprises))
    assert not gaps.size or gaps.max() - gaps.min() <= 1


def test_surprises_are_of_the_better_half_and_the_rest_stays_in_order() -> None:
    found = ask(falling(40), exploration=20)
    assert all(tune < 20 for tune in found.order[found.surprises])
    rest = found.order[~found.surprises]
    assert rest.tolist() == sorted(rest.tolist())
    assert found.order[found.surprises].tolist() != sorted(found.order[found.surprises].tolist())


def test_surprises_are_what_may_be_better_than_predicted() -> None:
    """All are certain but a few, whose deviation is large: only these can be drawn before the others."""
    preferences, deviations = np.array(falling(400)), np.full(400, 1e-6)
    unsure = np.arange(100, 140)
    deviations[unsure] = 10.0
    found = queue(Ranking.of(preferences, deviations), np.arange(400, dtype=np.uint32), exploration=5, seed=1)
    drawn = found.order[found.surprises][:8]
    assert np.isin(drawn, unsure).all()


def test_same_seed_same_order_another_seed_other_surprises() -> None:
    first, again, other = (ask(falling(200), exploration=20, seed=seed) for seed in (1, 1, 2))
    assert first.order.tolist() == again.order.tolist()
    assert first.surprises.tolist() == other.surprises.tolist()
    assert first.order[first.surprises].tolist() != other.order[other.surprises].tolist()
    drawn = [tuple(ask(falling(200), exploration=20, seed=seed).order[:5]) for seed in range(50)]
    assert len({order[4] for order in drawn}) > 15, "the lots are not drawn by chance"


@pytest.mark.parametrize("exploration", [0, 15, 40])
def test_order_does_not_jump_while_the_queue_is_played(exploration: int) -> None:
    whole = ask(falling(60), exploration=exploration, seed=3)
    recent: list[int] = []
    for offset in range(30):
        now = ask(falling(60), exploration=exploration, seed=3, offset=offset, recent=recent)
        assert now.order[:5].tolist() == whole.order[offset : offset + 5].tolist()
        assert now.surprises[:5].tolist() == whole.surprises[offset : offset + 5].tolist()
        recent.insert(0, int(now.order[0]))


def test_smallest_libraries() -> None:
    assert ask([], exploration=50).order.tolist() == []
    alone = ask([3.0], exploration=50, offset=1, recent=[0])
    assert alone.order.tolist() == [0]
    assert not alone.surprises.any()
    assert ask([3.0], disliked=[0]).order.tolist() == [0]
    assert ask([3.0, 2.0], recent=[0]).order.tolist() == [1, 0]


@given(
    preferences=st.lists(st.just(UNKNOWN) | st.sampled_from([1.0, 2.5, 5.0, 7.0]), max_size=30),
    data=st.data(),
    exploration=st.integers(0, 50),
    offset=st.integers(0, 1000),
    seed=st.integers(0, 2**40),
)
def test_every_tune_is_there_once_whatever_is_asked(
    preferences: list[float], data: st.DataObject, exploration: int, offset: int, seed: int
) -> None:
    tunes = st.integers(0, len(preferences) - 1) if preferences else st.nothing()
    recent, disliked = data.draw(st.lists(tunes, unique=True)), data.draw(st.lists(tunes))
    found = ask(
        preferences, recent=recent, disliked=disliked, exploration=exploration, offset=offset, seed=seed
    )
    assert sorted(found.order.tolist()) == list(range(len(preferences)))
    assert len(found.surprises) == len(preferences)
