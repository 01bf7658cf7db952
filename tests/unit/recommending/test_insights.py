"""What the model has learned, as figures."""

from __future__ import annotations

import numpy as np
import pytest

from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.run_history import MAX_RUNS, past_runs, remember
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.trainer_types import Run
from sidflow_feedback.recommending.insights import (
    AVERAGED,
    MAP_TUNES,
    effects,
    latest_ratings,
    partial_dependence,
    taste_map,
)
from sidflow_feedback.recommending.stations import Places
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.types import FloatArray
from sidflow_feedback.vocabulary import FEATURE_NAMES
from tests.contracts.samples import rating, track

MODEL = Model("local-1", "global-1", FeatureScaler((0.0,) * 8, (1.0,) * 8), Network.random(3))


def songs(count: int) -> FloatArray:
    return np.random.default_rng(5).normal(size=(count, len(FEATURE_NAMES)))


def test_effect_of_a_linear_model_is_its_slope() -> None:
    weights = np.array([[2.0, 0.0], [-1.0, 0.5], [0.0, 3.0]])
    rows, values = songs(50)[:, :3], np.array([-1.0, 0.0, 2.0])
    found = partial_dependence(lambda features: features @ weights, rows, 1, values)
    others = rows[:, [0, 2]].mean(axis=0) @ weights[[0, 2]]
    assert found == pytest.approx(others + values[:, None] * weights[1])


def test_effect_of_an_interaction_is_its_average_over_the_library() -> None:
    rows = np.array([[1.0, 1.0], [3.0, 1.0]])
    found = partial_dependence(lambda features: features[:, :1] * features[:, 1:], rows, 1, np.array([5.0]))
    assert found.tolist() == [[10.0]]


def test_nothing_is_changed_that_was_given() -> None:
    rows = songs(9)
    before = rows.copy()
    partial_dependence(MODEL.predict_many, rows, 0, np.array([9.0]))
    assert (rows == before).all()


def test_each_feature_has_its_effect_on_each_output_within_the_scale() -> None:
    library = songs(AVERAGED * 3).astype(np.float32)
    library[::7] = np.nan
    found = effects(MODEL, library)
    assert [effect["feature"] for effect in found] == list(FEATURE_NAMES)
    for effect in found:
        outputs = np.array(effect["outputs"])
        assert outputs.shape == (len(effect["values"]), 4)
        assert ((outputs >= 1) & (outputs <= 5)).all()
        assert effect["values"] == sorted(effect["values"])


def test_without_known_songs_there_is_nothing_to_show() -> None:
    unknown = np.full((3, 8), np.nan, np.float32)
    assert effects(MODEL, unknown) == []


def test_map_has_a_place_for_each_known_tune_up_to_a_limit() -> None:
    outputs = np.array([[1, 5, 3, 2], [np.nan] * 4, [4, 1, 3, 5]], np.float32)
    places = Places.of(outputs, songs(3).astype(np.float32))
    assert taste_map(places, outputs[:, 3], np.array([0, 3, 4])) == {
        "rows": [0, 4],
        "e": [1.0, 4.0],
        "m": [5.0, 1.0],
        "p": [2.0, 5.0],
        "bySound": "",
    }
    many = np.tile(outputs, (2000, 1))
    found = taste_map(Places.of(many, np.tile(songs(3), (2000, 1))), many[:, 3], np.arange(6000))
    assert len(found["e"]) == len(found["rows"]) == MAP_TUNES


def test_map_goes_by_the_sound_where_the_model_can_not_tell() -> None:
    features = songs(40).astype(np.float32)
    features[3] = np.nan
    outputs = np.full((40, 4), 3, np.float32)
    outputs[:, 0] = np.linspace(1, 5, 40)
    outputs[3] = np.nan
    places = Places.of(outputs, features)
    assert places.by_sound == "m"
    assert places.energy[5] == outputs[5, 0]
    assert np.isnan(places.mood[3])
    centroid = FEATURE_NAMES.index("spectralCentroid")
    known = ~np.isnan(places.mood)
    assert np.corrcoef(places.mood[known], features[known, centroid])[0, 1] > 0.4
    assert np.nanmin(places.mood) >= 1
    assert np.nanmax(places.mood) <= 5


def test_what_was_said_last_of_a_song_counts() -> None:
    here = track(song=1)
    events = [
        rating(track=here, ratings={"e": 5}),
        rating(track=here, ratings={"e": 1, "m": 2}),
        rating(track=track(song=2), ratings={"p": 3}),
    ]
    assert [(one["song"], one["ratings"]) for one in latest_ratings(events)] == [
        (1, {"e": 5, "m": 2}),
        (2, {"p": 3}),
    ]


async def test_the_last_runs_are_kept() -> None:
    store = MemoryStore()
    for number in range(MAX_RUNS + 3):
        await remember(
            store,
            Run(
                time=number,
                samples=9,
                skipped=0,
                duration=1.5,
                error=0.8,
                mean_error=0.9,
                learner="numpy",
                tells="p",
            ),
        )
    runs = await past_runs(store)
    assert [run["time"] for run in runs] == list(range(3, MAX_RUNS + 3))
    assert (runs[0]["error"], runs[0]["meanError"]) == (0.8, 0.9)
