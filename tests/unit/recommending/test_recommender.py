"""The recommender: scores follow model and library, the queue follows the listener."""

from __future__ import annotations

import asyncio
import base64
import math
import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sidflow_feedback.clock import ManualClock
from sidflow_feedback.errors import InvalidRecordError, TrainingError
from sidflow_feedback.events import Event, event_from_record, event_to_record
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.idle.slots import Slots
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.uncertainty import Uncertainty
from sidflow_feedback.page import wire_format
from sidflow_feedback.recommending.feature_table import FeatureTable
from sidflow_feedback.recommending.recommender import CHUNK, HISTORY, Recommender
from sidflow_feedback.recommending.sureness import GUESS, NOT_SURE, SURE
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.types import Action, Explanations, Items, Record, Scores, Songs
from sidflow_feedback.vocabulary import FEATURE_NAMES

DAY = 86_400_000
BPM = FEATURE_NAMES.index("bpm")


def taste(version: str = "local-1", *, bpm: float = 1.0, beyond: float = 0.0) -> Model:
    """Return a model that prefers fast tunes: 3 at the mean tempo, `bpm` more at a deviation above."""
    network = Network((8, 4))
    network.layers[0][BPM, 3] = bpm
    network.layers[0][-1] = (2.0, 3.0, 4.0, 3.0 + beyond)
    return Model(version, "global-1", FeatureScaler((100.0,) * 8, (10.0,) * 8), network)


def features(*tempos: float) -> NDArray[np.float32]:
    rows = np.full((len(tempos), 8), 100, np.float32)
    rows[:, BPM] = tempos
    rows[np.isnan(rows[:, BPM])] = np.nan
    return rows


def handed(
    tempos: Sequence[float],
    songs: Sequence[int] | None = None,
    prefix: str = "",
    starts: Sequence[int] | None = None,
) -> Items:
    songs = songs or [1] * len(tempos)
    return {
        "itemIds": [f"{prefix}{i}.sid" for i in range(len(songs))],
        "songs": list(songs),
        "startSongs": list(starts or [1] * len(songs)),
        "features": base64.b64encode(features(*tempos).astype("<f4").tobytes()).decode(),
    }


def action(tune: int, what: Action, when: int, song: int = 1) -> Event:
    return event_from_record(
        {
            "kind": "implicit",
            "uuid": str(uuid.uuid4()),
            "timestamp": 1_700_000_000_000 + when,
            "sidPath": f"{tune}.sid",
            "song": song,
            "action": what,
        }
    )


def scores_in(answer: Scores) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(answer["scores"]), "<f4").reshape(-1, 4)


class Listener:
    """A recommender with a model that can be swapped, and a store that can be written to."""

    def __init__(
        self,
        tempos: Sequence[float],
        songs: Sequence[int] | None = None,
        starts: Sequence[int] | None = None,
    ) -> None:
        self.model: Model | None = taste()
        self.store = MemoryStore()
        self.clock = ManualClock(epoch=20_000 * DAY)
        self.recommender = Recommender(FeatureTable(), self.store, self._current, self.clock)
        self.rows = self.recommender.add(handed(tempos, songs, starts=starts))

    def _current(self) -> Model:
        if self.model is None:
            raise TrainingError("There is no model yet.")
        return self.model

    async def act(self, *events: Event) -> None:
        """Store events as the engine does, which tells the recommender."""
        await self.store.add(events)
        self.recommender.notify(events)

    async def next(self, count: int = 9, **options: object) -> list[int]:
        question: Record = {"limit": count, "exploration": 0, "offset": 0, "recent": [], **options}
        return [row for row, _ in await self.recommender.queue(**question)]

    def scores(self) -> NDArray[np.float32]:
        return scores_in(self.recommender.scores())


async def test_songs_that_are_not_in_the_library_are_predicted_alike() -> None:
    listener = Listener([110, 160])
    answer = listener.recommender.predict(Songs(features=handed([160, math.nan, 110])["features"]))
    found = scores_in(answer)
    assert answer["model"] == "local-1"
    assert np.isnan(found[1]).all()
    assert found[[2, 0]].tolist() == listener.scores().tolist()
    assert len(listener.recommender.table.features) == 2


async def test_scores_are_of_every_song_as_ratings_and_unknown_ones_are_no_numbers() -> None:
    listener = Listener([110, 160, 40, math.nan], songs=[2, 1, 1])
    assert listener.rows == [0, 2, 3]
    scores = listener.scores()
    assert scores[:3].tolist() == [[2, 3, 4, 4], [2, 3, 4, 5], [2, 3, 4, 1]]
    assert np.isnan(scores[3]).all()
    assert listener.recommender.scores()["model"] == "local-1"


async def test_queue_follows_the_model_and_the_library() -> None:
    listener = Listener([90, 110, 100])
    assert await listener.next() == [1, 2, 0]
    listener.model = taste(bpm=-1)
    assert await listener.next() == [0, 2, 1]
    listener.recommender.add(handed([80], prefix="own"))
    assert await listener.next() == [3, 0, 2, 1]
    assert await listener.next(2) == [3, 0]


async def test_tunes_are_ranked_by_their_start_song() -> None:
    tempos = [90, 200, 100]
    assert await Listener(tempos, songs=[2, 1]).next() == [2, 0]
    listener = Listener(tempos, songs=[2, 1], starts=[2, 1])
    assert await listener.next() == [0, 2], "the rows are those of song 1"
    clock = ManualIdleClock(grant=50)
    asking = asyncio.ensure_future(listener.recommender.introduce(Slots(clock)))
    while not asking.done():
        await clock.advance(1)
    assert sorted(asking.result()) == [0, 2]


def bits(*rows: int) -> str:
    """Return rows as `QueueQuestion.only` has them."""
    chosen = np.zeros(max(rows, default=0) + 1, np.uint8)
    chosen[list(rows)] = 1
    return base64.b64encode(np.packbits(chosen, bitorder="little").tobytes()).decode()


async def test_queue_has_only_the_tunes_that_may_come() -> None:
    listener = Listener([90, 110, 100, 120], songs=[1, 1, 2])
    everything = await listener.next()
    for only in ((0, 2), (1,), (), (2, 90)):
        wanted = [row for row in everything if row in only]
        assert await listener.next(only=bits(*only)) == wanted
        assert await listener.next(only=bits(*only), station={"rows": [0]}) == [
            row for row in await listener.next(station={"rows": [0]}) if row in only
        ]


async def test_what_is_cut_off_at_5_still_has_an_order() -> None:
    listener = Listener([130, 150, 140])
    assert set(listener.scores()[:, 3].tolist()) == {5.0}
    assert await listener.next() == [1, 2, 0]


async def test_what_the_store_knows_as_played_or_disliked_goes_back() -> None:
    listener = Listener([150, 140, 130, 120, 110, 100])
    await listener.store.add([action(0, "play", 1), action(1, "play", 2), action(1, "skip_early", 3)])
    assert await listener.next() == [2, 3, 4, 5, 0, 1]
    await listener.act(action(2, "dislike", 4, song=3), action(0, "dislike", 5))
    assert await listener.next() == [3, 4, 5, 1, 0, 2]
    await listener.act(action(2, "like", 6))
    assert await listener.next() == [2, 3, 4, 5, 1, 0]
    await listener.store.wipe()
    listener.recommender.reset()
    assert await listener.next() == [0, 1, 2, 3, 4, 5]


async def test_what_a_page_has_just_played_goes_back_before_the_store_knows() -> None:
    listener = Listener([150, 140, 130, 120], songs=[1, 1, 1, 1])
    assert await listener.next(recent=[0, 77, -1]) == [1, 2, 3, 0]
    await listener.store.add([action(1, "play", 1)])
    assert await listener.next(recent=[0]) == [2, 3, 1, 0]


async def test_a_dislike_counts_until_it_is_taken_back_however_many_listens_follow() -> None:
    listener = Listener([150, 140, 130, 120])
    await listener.act(action(0, "dislike", 0))
    await listener.act(*[action(3, "skip_late", 1 + i) for i in range(2 * HISTORY)])
    assert (await listener.next())[-1] == 0
    listener.recommender.reset()
    assert (await listener.next())[-1] == 0
    await listener.act(action(0, "like", 9999))
    assert (await listener.next())[0] == 0


async def test_a_later_rating_of_preference_takes_a_dislike_back() -> None:
    listener = Listener([150, 140, 130, 120])
    await listener.act(action(0, "dislike", 0))
    assert (await listener.next())[-1] == 0
    await listener.act(rated(0, 2, 5))
    assert (await listener.next())[-1] == 0
    await listener.act(rated(0, 4, 6))
    assert (await listener.next())[0] == 0
    await listener.act(*[rated(3, 3, 7 + i) for i in range(HISTORY)])
    listener.recommender.reset()
    assert (await listener.next())[0] == 0


def rated(tune: int, preference: int, when: int) -> Event:
    record = {**event_to_record(action(tune, "play", when)), "kind": "rating", "ratings": {"p": preference}}
    return event_from_record(record)


async def test_only_the_newest_actions_are_looked_at() -> None:
    listener = Listener([150, 140, 130, 120])
    await listener.store.add([action(0, "play", 0)])
    await listener.store.add([action(3, "skip", 1 + i) for i in range(HISTORY - 1)])
    assert (await listener.next())[0] == 1
    await listener.store.add([action(3, "skip", 1 + HISTORY)])
    assert (await listener.next())[0] == 0


async def test_surprises_are_told_and_drawn_again_each_day() -> None:
    listener = Listener([100 + i / 10 for i in range(100)])
    question: Record = {"limit": 100, "exploration": 20, "offset": 0, "recent": []}
    today = await listener.recommender.queue(**question)
    assert [i for i, (_, surprise) in enumerate(today) if surprise] == list(range(4, 100, 5))
    await listener.clock.advance(DAY / 2000)
    assert await listener.recommender.queue(**question) == today
    await listener.clock.advance(DAY / 1000)
    assert await listener.recommender.queue(**question) != today


async def test_large_library_is_scored_in_chunks_with_no_seam() -> None:
    tempos = np.random.default_rng(1).uniform(60, 140, 2 * CHUNK + 77)
    listener = Listener(tempos.tolist())
    expected = np.clip(3 + (tempos - 100) / 10, 1, 5)
    assert listener.scores()[:, 3] == pytest.approx(expected, abs=1e-4)
    assert await listener.next(3) == np.argsort(-tempos)[:3].tolist()


async def test_empty_library_has_an_empty_queue() -> None:
    listener = Listener([])
    assert listener.scores().shape == (0, 4)
    assert await listener.next() == []


async def test_without_a_model_it_is_said_and_taken_up_later() -> None:
    listener = Listener([100])
    listener.model = None
    for asking in (listener.next(), _why(listener, 0)):
        with pytest.raises(TrainingError, match="no model"):
            await asking
    listener.model = taste()
    assert await listener.next() == [0]


async def test_why_names_the_feature_that_moves_the_prediction() -> None:
    listener = Listener([95, 110, 95, math.nan])
    why = listener.recommender.explain(1)
    assert why is not None
    assert why["p"]["baseline"] == pytest.approx(3.0)
    assert why["p"]["prediction"] == pytest.approx(4.0)
    first = why["p"]["reasons"][0]
    assert (first["feature"], first["above"]) == ("bpm", True)
    assert first["effect"] == pytest.approx(1.0)
    assert [reason["effect"] for reason in why["e"]["reasons"]] == pytest.approx([0] * 8)
    assert listener.recommender.explain(3) is None
    for row in (-1, 4):
        with pytest.raises(InvalidRecordError, match=f"not {row}"):
            listener.recommender.explain(row)


def test_features_that_are_no_rows_are_refused() -> None:
    broken: Items = {
        "itemIds": ["a"],
        "songs": [1],
        "startSongs": [1],
        "features": base64.b64encode(b"1234567").decode(),
    }
    with pytest.raises(InvalidRecordError, match="rows of 8"):
        Listener([]).recommender.add(broken)


async def _why(listener: Listener, row: int) -> Explanations | None:
    return listener.recommender.explain(row)


async def test_how_sure_the_predictions_are_comes_with_them() -> None:
    listener = Listener([100, 180, math.nan])
    levels = base64.b64decode(listener.recommender.scores()["sureness"])
    assert [wire_format.sureness(levels, row)["p"] for row in (0, 1)] == [GUESS, GUESS]
    assert wire_format.sureness(levels, 0)["e"] == NOT_SURE
    unlike = np.zeros((4, 9, 9))
    unlike[:, BPM, BPM] = 0.1
    uncertainty = Uncertainty(unlike, np.ones(4), np.ones(4))
    listener.model = replace(taste(), uncertainty=uncertainty, tells="p")
    levels = base64.b64decode(listener.recommender.scores()["sureness"])
    assert [wire_format.sureness(levels, row)["p"] for row in (0, 1)] == [SURE, GUESS]
    assert wire_format.sureness(levels, 0)["e"] == NOT_SURE


async def test_a_listener_is_asked_about_tunes_that_they_have_not_judged() -> None:
    tempos = [*np.linspace(60, 200, 12), math.nan]
    listener = Listener(tempos, songs=[1] * 12 + [1])
    await listener.act(action(0, "like", 1), action(11, "dislike", 2), action(5, "play", 3))
    clock = ManualIdleClock(grant=50)
    asking = asyncio.ensure_future(listener.recommender.introduce(Slots(clock)))
    while not asking.done():
        await clock.advance(1)
    assert len(set(asking.result())) == 8
    assert not {0, 11, 12} & set(asking.result())
