"""The eight songs that a listener is asked about."""

from __future__ import annotations

import numpy as np

from sidflow_feedback.idle import finish
from sidflow_feedback.recommending.introduction import COUNT, introduction


def test_they_come_from_all_corners() -> None:
    rng = np.random.default_rng(1)
    songs = np.zeros((160, 8))
    for feature in range(3):
        songs[:, feature] = 10 * (np.arange(160) // 20 >> feature & 1) + rng.normal(0, 1, 160)
    clusters = [number // 20 for number in finish(introduction(songs))]
    assert len(set(clusters)) >= 7  # Eight at random come from five of them.


def test_they_are_further_out_than_the_library() -> None:
    songs = np.random.default_rng(2).standard_normal((300, 8))
    asked = songs[finish(introduction(songs))]
    assert np.linalg.norm(asked, axis=1).mean() > np.linalg.norm(songs, axis=1).mean()


def test_the_same_library_gives_the_same_songs() -> None:
    songs = np.random.default_rng(3).standard_normal((100, 8))
    assert finish(introduction(songs)) == finish(introduction(songs))


def test_equal_songs_are_asked_about_once_each() -> None:
    assert len(set(finish(introduction(np.ones((20, 8)))))) == COUNT


def test_a_small_library_is_asked_about_completely() -> None:
    for count in range(COUNT + 1):
        assert finish(introduction(np.random.default_rng(4).standard_normal((count, 8)))) == list(
            range(count)
        )


def test_work_is_cut_into_steps() -> None:
    songs = np.random.default_rng(5).standard_normal((512, 8))
    assert sum(1 for _ in introduction(songs)) > 60
