"""The tunes the engine knows: one matrix, numbers that stay, several pages that hand over the same."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.recommending.feature_table import FeatureTable


def rows(*firsts: float) -> NDArray[np.float32]:
    """Return a row of 8 for each number."""
    return np.array([[first + i for i in range(8)] for first in firsts], np.float32)


def test_songs_of_a_tune_are_neighbors_and_new_tunes_come_behind() -> None:
    library = FeatureTable()
    assert library.add(["a", "b"], [1, 2], [1, 1], rows(1, 2, 3)) == [0, 1]
    assert library.add(["c"], [1], [1], rows(4)) == [3]
    assert library.features[:, 0].tolist() == [1, 2, 3, 4]
    assert library.firsts.tolist() == library.starts.tolist() == [0, 1, 3]
    assert [library.number(path) for path in "abcd"] == [0, 1, 2, None]
    assert [library.number_at(row) for row in range(-1, 5)] == [None, 0, 1, None, 2, None]
    assert len(set(library.identities.tolist())) == 3


def test_second_page_that_hands_over_the_same_changes_nothing_but_adds_its_own() -> None:
    library = FeatureTable()
    library.add(["a", "b"], [1, 2], [1, 1], rows(1, 2, 3))
    revision = library.revision
    assert library.add(["a", "b"], [1, 2], [1, 1], rows(1, 2, 3)) == [0, 1]
    assert library.revision == revision
    assert library.add(["own", "b", "a"], [1, 2, 1], [1, 1, 1], rows(9, 2, 3, 1)) == [3, 1, 0]
    assert library.features[:, 0].tolist() == [1, 2, 3, 9]
    assert library.revision > revision


def test_features_that_come_later_are_taken_and_unknown_ones_forget_nothing() -> None:
    library = FeatureTable()
    library.add(["a", "b"], [1, 1], [1, 1], np.concatenate([rows(1), rows(np.nan)]))
    revision = library.revision
    assert library.add(["b"], [1], [1], rows(5)) == [1]
    assert library.features[1, 7] == 12
    assert library.revision > revision
    library.add(["b"], [1], [1], rows(np.nan))
    assert library.features[1, 7] == 12


def test_row_with_one_value_that_is_not_finite_is_unknown() -> None:
    library, broken = FeatureTable(), rows(1, 2)
    broken[1, 4] = np.inf
    library.add(["a", "b"], [1, 1], [1, 1], broken)
    assert np.isnan(library.features[1]).all()
    assert library.average.tolist() == rows(1)[0].tolist()


def test_average_is_of_all_songs_that_are_known() -> None:
    library = FeatureTable()
    assert np.isnan(library.average).all()
    library.add(["a", "b"], [2, 1], [1, 1], rows(1, 3, 8))
    assert library.average.tolist() == rows(4)[0].tolist()
    library.add(["c"], [1], [1], rows(20))
    assert library.average.tolist() == rows(8)[0].tolist()


@pytest.mark.parametrize(
    ("paths", "songs", "count", "message"),
    [
        (["a"], [2], 1, "2 songs"),
        (["a", "b"], [1], 1, "as many as songs"),
        (["a", "a"], [1, 1], 2, "all be different"),
        (["a"], [0], 0, "at least 1"),
        (["known"], [3], 3, "reload all tabs"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_of_it_taken(
    paths: list[str], songs: list[int], count: int, message: str
) -> None:
    library = FeatureTable()
    library.add(["known"], [1], [1], rows(1))
    known = rows(*[2.0] * count) if count else np.empty((0, 8), np.float32)
    with pytest.raises(InvalidRecordError, match=message):
        library.add(paths, songs, [1] * len(songs), known)
    assert library.features[:, 0].tolist() == [1]
    assert library.number("a") is None


def test_start_song_stands_for_its_tune_and_must_exist() -> None:
    library = FeatureTable()
    assert library.add(["a", "b"], [2, 3], [2, 3], rows(1, 2, 3, 4, 5)) == [0, 2]
    assert library.starts.tolist() == [1, 4]
    for start in (0, 4):
        with pytest.raises(InvalidRecordError, match="one song of each item"):
            library.add(["c"], [3], [start], rows(1, 2, 3))
