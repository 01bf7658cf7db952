"""Likeness and stations: against brute force, and what they never do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sidflow_feedback.analysis.embedding import DIMENSIONS, Weighting, project
from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.recommending.feature_table import Codes, FeatureTable
from sidflow_feedback.recommending.ranking import queue
from sidflow_feedback.recommending.similarity import PREPARED, Similarity, Space, ranks
from sidflow_feedback.recommending.stations import (
    GAP,
    INTRICATE,
    SHARE,
    Places,
    by_feeling,
    by_likeness,
    spread,
)
from sidflow_feedback.types import Feeling
from sidflow_feedback.vocabulary import EMBEDDING_WIDTH, FEATURE_NAMES, FEELINGS

WIDTH = 6
NO_TRAITS = np.full((500, len(INTRICATE)), np.nan, np.float32)


def table_of(
    codes: NDArray[np.uint8], known: NDArray[np.bool_] | None = None, space: str = "s"
) -> FeatureTable:
    """Return a table of items of one song each."""
    count = len(codes)
    table, ids = FeatureTable(), [f"{number}.sid" for number in range(count)]
    table.use_space(space, WIDTH)
    features = np.random.default_rng(3).random((count, 8), np.float32)
    table.add(ids, [1] * count, [1] * count, features)
    known = np.ones(count, np.bool_) if known is None else known
    table.describe(ids, np.arange(count, dtype=np.uint32) % 7, Codes(space, codes, known))
    return table


def some_codes(count: int = 300) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, WIDTH), np.uint8)


def weighted_cosine(
    one: NDArray[np.float64], other: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    dot = (weights * one * other).sum()
    return float(dot / np.sqrt((weights * one**2).sum() * (weights * other**2).sum()))


def test_similarity_is_the_weighted_cosine_of_what_the_codes_stand_for() -> None:
    chance, codes = np.random.default_rng(2), some_codes()
    codebook = chance.normal(size=(WIDTH, 256, 2)).astype(np.float32)
    weights = chance.random(2 * WIDTH)
    similarity = Similarity(table_of(codes))
    similarity.use(Space("s", codebook, weights))
    found = similarity.to([17])
    plain = codebook[np.arange(WIDTH), codes].reshape(len(codes), -1).astype(np.float64)
    assert found == pytest.approx([weighted_cosine(plain[17], row, weights) for row in plain], abs=1e-5)
    assert found.argmax() == 17


def test_several_songs_are_compared_by_the_mean_of_their_directions() -> None:
    codes = some_codes()
    similarity = Similarity(table_of(codes))
    similarity.use(Space.of_ranks("s", np.ones(WIDTH)))
    units = codes / np.linalg.norm(codes.astype(float), axis=1, keepdims=True)
    mean = units[[3, 5, 8]].mean(axis=0)
    assert similarity.to([3, 5, 8]) == pytest.approx(units @ mean / np.linalg.norm(mean), abs=1e-5)


def test_songs_without_a_code_are_unknown_and_one_as_seed_is_compared_by_features() -> None:
    known = np.ones(300, np.bool_)
    known[[4, 9]] = False
    similarity = Similarity(table_of(some_codes(), known))
    similarity.use(Space.of_ranks("s", np.ones(WIDTH)))
    assert np.flatnonzero(np.isnan(similarity.to([17]))).tolist() == [4, 9]
    by_features = similarity.to([9])
    assert by_features.argmax() == 9
    assert not np.isnan(by_features).any()


def test_vectors_that_were_prepared_in_steps_are_those_of_a_first_question() -> None:
    codes = some_codes()
    questions = [Similarity(table_of(codes)), Similarity(table_of(codes))]
    for similarity in questions:
        similarity.use(Space.of_ranks("s", np.ones(WIDTH)))
    prepared, unprepared = questions
    steps = sum(1 for _ in prepared.prepare())
    assert steps == -(-len(codes) // PREPARED) + 1
    assert not prepared.table.has_new_code.any()
    assert prepared.to([17]).tolist() == unprepared.to([17]).tolist()


def test_code_that_has_changed_counts_and_the_same_code_again_costs_nothing() -> None:
    codes = some_codes()
    table = table_of(codes)
    similarity = Similarity(table)
    similarity.use(Space.of_ranks("s", np.ones(WIDTH)))
    assert similarity.to([17])[4] < 0.99
    codes[4] = codes[17]
    for expected in ([4], []):
        known = np.ones(2, np.bool_)
        table.describe(["4.sid", "5.sid"], np.ones(2, np.uint32), Codes("s", codes[4:6], known))
        assert np.flatnonzero(table.has_new_code).tolist() == expected
        assert similarity.to([17])[4] == pytest.approx(1)


@pytest.mark.parametrize("weighting", ["all", "sound"])
def test_embeddings_are_compared_as_the_analysis_compares_them(weighting: Weighting) -> None:
    codes = np.random.default_rng(6).integers(0, 256, (50, EMBEDDING_WIDTH), np.uint8)
    vectors = project(codes, weighting)
    assert Space.of_embeddings(weighting).vectors(codes) == pytest.approx(vectors, abs=1e-5)


def test_another_weighting_keeps_the_embeddings() -> None:
    codes = np.random.default_rng(6).integers(0, 256, (50, EMBEDDING_WIDTH), np.uint8)
    table, ids = FeatureTable(), [str(number) for number in range(50)]
    similarity = Similarity(table)
    similarity.use_embeddings()
    table.add(ids, [1] * 50, [1] * 50, np.ones((50, 8), np.float32))
    table.describe(ids, np.ones(50, np.uint32), Codes(table.space, codes, np.ones(50, np.bool_)))
    weightings: list[tuple[Weighting, bool]] = [
        ("sound", False),
        ("all", True),
        ("all", False),
        ("sound", True),
    ]
    for weighting, changed in weightings:
        assert similarity.weigh(weighting) == changed
        vectors = project(codes, weighting)
        assert similarity.to([7]) == pytest.approx(vectors @ vectors[7], abs=1e-5)
    similarity.use(Space.of_ranks("s", np.ones(WIDTH)))
    assert not similarity.weigh("all")
    assert similarity.table.space == "s"


def test_codes_of_another_space_are_ignored_and_a_new_space_forgets_the_old_codes() -> None:
    table = table_of(some_codes(2))
    table.describe(
        ["0.sid"], np.ones(1, np.uint32), Codes("t", np.zeros((1, WIDTH), np.uint8), np.ones(1, bool))
    )
    assert table.codes.tolist() == some_codes(2).tolist()
    table.use_space("t", 3)
    assert (table.codes.shape, table.has_code.tolist()) == ((2, 3), [False, False])


def test_codes_that_do_not_match_the_songs_are_refused() -> None:
    table = table_of(some_codes(2))
    with pytest.raises(InvalidRecordError, match="codes"):
        table.describe(["0.sid"], np.ones(1, np.uint32), Codes("s", some_codes(2), np.ones(2, bool)))


def test_tunes_without_codes_are_described_before_there_is_a_space() -> None:
    table = FeatureTable()
    table.add(["a", "b"], [1, 2], [1, 1], np.ones((3, 8), np.float32))
    table.describe(
        ["b", "a"], np.array([5, 6], np.uint32), Codes("", np.empty((3, 0), np.uint8), np.zeros(3, bool))
    )
    assert table.composers.tolist() == [6, 5]


@pytest.mark.parametrize("rows", [[], [-1], [300]])
def test_songs_that_do_not_exist_are_refused(rows: list[int]) -> None:
    with pytest.raises(InvalidRecordError):
        Similarity(table_of(some_codes())).to(rows)


@pytest.mark.parametrize(
    ("codebook", "weights"),
    [
        (np.full((2, 4, 1), np.nan), [1, 1]),
        (np.ones((2, 4, 1)), [1, -1]),
        (np.ones((2, 4, 1)), [1, np.inf]),
        (np.ones((2, 4, 1)), [1]),
        (np.ones((2, 257, 1)), [1, 1]),
    ],
)
def test_space_that_makes_no_sense_is_refused(codebook: NDArray[np.float32], weights: list[float]) -> None:
    with pytest.raises(InvalidRecordError):
        Space("s", codebook.astype(np.float32), np.array(weights, np.float64))


def test_equal_values_have_equal_ranks() -> None:
    found = ranks(np.array([[1, 5], [3, 5], [np.nan, np.nan], [2, 7]], np.float32))
    assert found[:, 0] == pytest.approx([1 / 6, 5 / 6, np.nan, 3 / 6], nan_ok=True)
    assert found[0, 1] == found[1, 1] < found[3, 1]


def test_station_by_place_begins_with_the_nearest() -> None:
    outputs = np.array([[5, 5, 1, 1], [1, 1, 1, 1], [2, 1, 5, 5], [np.nan] * 4, [1, 3, 1, 1]], np.float32)
    station = Places(outputs[:, 0], outputs[:, 1], "").from_place([1.2, 1.0])
    assert station.order.tolist() == [1, 2, 4, 0, 3]
    assert station.known == 4


def test_station_by_likeness_begins_with_the_most_similar_and_ends_with_what_was_heard_lately() -> None:
    similarities = np.array([0.2, 0.9, np.nan, 0.5, 1.0], np.float32)
    found = queue(by_likeness(similarities), np.arange(5, dtype=np.uint32), recent=[4])
    assert found.order.tolist() == [1, 3, 0, 2, 4]
    assert not found.surprises.any()


@pytest.mark.parametrize("feeling", FEELINGS)
def test_each_feeling_has_music_that_is_unlike_that_of_its_opposite(feeling: Feeling) -> None:
    features = np.random.default_rng(4).random((500, 8), np.float32)
    features[:20] = np.nan
    identities = np.arange(500, dtype=np.uint32)
    unknown = np.full(500, np.nan)
    stations = {
        name: by_feeling(name, features, identities, traits=NO_TRAITS, preferences=unknown, seed=1)
        for name in FEELINGS
    }
    station = stations[feeling]
    opposite = stations[FEELINGS[FEELINGS.index(feeling) ^ 1]]
    assert station.known == SHARE * 480
    assert not set(station.order[: station.known]) & set(opposite.order[: opposite.known])
    assert not set(station.order[: station.known]) & set(range(20))
    assert sorted(station.order) == list(range(500))
    again = by_feeling(feeling, features, identities, traits=NO_TRAITS, preferences=unknown, seed=2)
    assert set(again.order[: again.known]) == set(station.order[: station.known])
    assert again.order[:10].tolist() != station.order[:10].tolist()


def test_calm_tunes_have_less_energy_and_better_ones_come_first() -> None:
    features = np.random.default_rng(4).random((500, 8), np.float32)
    preferences = np.random.default_rng(5).uniform(1, 5, 500)
    identities = np.arange(500, dtype=np.uint32)
    station = by_feeling("calm", features, identities, traits=NO_TRAITS, preferences=preferences, seed=1)
    chosen = station.order[: station.known]
    energy = features[:, FEATURE_NAMES.index("energy")]
    assert energy[chosen].mean() < np.quantile(energy, 0.25)
    assert (np.diff(np.round(preferences[chosen], 1)) <= 0).all()


def test_intricate_tunes_have_much_of_what_makes_them_so_where_embeddings_are_known() -> None:
    codes = np.random.default_rng(8).integers(0, 256, (500, EMBEDDING_WIDTH), np.uint8)
    table = FeatureTable()
    similarity = Similarity(table)
    similarity.use(Space.of_embeddings("sound"))
    ids, ones, known = [f"{number}" for number in range(500)], np.ones(500, np.uint32), np.ones(500, np.bool_)
    known[:100] = False
    features = np.random.default_rng(9).random((500, 8), np.float32)
    table.add(ids, [1] * 500, [1] * 500, features)
    table.describe(ids, ones, Codes(table.space, codes, known))
    traits = similarity.traits(INTRICATE)
    assert np.isnan(traits[:100]).all()
    names = [dimension.name for dimension in DIMENSIONS]
    note_rate = codes[100:, names.index("note_rate")] / 255
    assert traits[100:, INTRICATE.index("note_rate")] == pytest.approx(note_rate)
    unknown = np.full(500, np.nan)
    most = {
        feeling: by_feeling(feeling, features, ones, traits=traits, preferences=unknown, seed=1)
        for feeling in ("simple", "intricate")
    }
    means = {name: traits[station.order[: station.known]].mean(axis=1) for name, station in most.items()}
    assert np.nanmax(means["simple"]) < np.nanmin(means["intricate"])
    for station in most.values():
        assert np.isnan(traits[station.order[: station.known], 0]).any(), "the others are compared, too"


def test_composers_are_spread_also_after_those_heard_last() -> None:
    composers = np.array([1] * 6 + [2] * 6 + [3] * 6 + [4] * 6 + [0], np.uint32)
    order = np.arange(25)[::-1]
    heard = np.array([23, 17], np.intp)
    found = order[spread(order, composers, heard)]
    assert sorted(found) == sorted(order)
    played = [4, 3, *composers[found].tolist()]
    for at in range(2, 2 + 16):
        assert played[at] == 0 or played[at] not in played[at - GAP : at][-2:]
    assert found[0] == 24
    assert composers[found[1]] == 2, "4 and 3 were just heard"


def test_order_of_one_composer_or_of_unknown_ones_stays() -> None:
    for composers in (np.zeros(9, np.uint32), np.ones(9, np.uint32)):
        assert spread(np.arange(9)[::-1], composers, np.empty(0, np.intp)).tolist() == list(range(9))


def test_most_similar_tune_waits_only_for_composers_that_were_heard() -> None:
    composers = np.array([5, 5, 5, 6, 7, 8], np.uint32)
    order = np.arange(6)
    assert spread(order, composers, np.empty(0, np.intp)).tolist() == [0, 3, 4, 5, 1, 2]
