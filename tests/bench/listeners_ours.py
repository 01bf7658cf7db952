"""The library's own trainer for `make bench-listeners`, run after run as a listener's days go."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.events import ImplicitEvent, RatingEvent, TrackContext
from sidflow_feedback.idle.manual import ManualIdleClock
from sidflow_feedback.learning.model import Model, Network
from sidflow_feedback.learning.scaler import FeatureScaler
from sidflow_feedback.learning.trainer import Trainer
from sidflow_feedback.learning.trainer_types import TrainingSettings
from sidflow_feedback.store.memory import MemoryStore
from sidflow_feedback.vocabulary import FEATURE_NAMES, MAX_SONGS, NEUTRAL_RATING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sidflow_feedback.events import Event
    from sidflow_feedback.learning.trainer_types import Run
    from sidflow_feedback.types import Action, FloatArray
    from tests.bench.listeners_sets import Split

FIRST: Final = 8
"""Ratings before the first run."""

DAY: Final = 20.0
"""Seconds between two sessions: none of the figures depends on more."""


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """A model after some ratings, and the run that made it."""

    count: int
    model: Model
    run: Run


def neutral_model() -> Model:
    """Return a global model that knows nothing, for features that are standardized."""
    network = Network.random(64)
    network.layers[-1][:] = 0
    network.layers[-1][-1] = NEUTRAL_RATING
    return Model("global-0", "global-0", FeatureScaler((0.0,) * 8, (1.0,) * 8), network)


def learn(split: Split, sizes: Sequence[int], *, actions: bool = False) -> list[Learned]:
    """Return what the trainer has learned after each number of ratings; it runs whenever they have doubled.

    With `actions`, the listener likes and dislikes instead of rating.
    """
    return asyncio.run(_learn(split, sizes, actions))


async def _learn(split: Split, sizes: Sequence[int], actions: bool) -> list[Learned]:
    events = [event(split, row, i, actions) for i, row in enumerate(split.train.tolist())]
    store, clock = MemoryStore(), ManualIdleClock(grant=50, every=0.001)
    songs = _library(split)
    settings = TrainingSettings(enabled=True, samples=4096 if len(events) > 512 else 512)
    found = []
    async with Trainer(store, clock, neutral_model(), settings, songs=lambda: songs) as trainer:
        given = 0
        for count in _days(sizes):
            if count > len(events):
                break
            await store.add(events[given:count])
            given = count
            run = await run_now(trainer, clock)
            if count in sizes:
                found.append(Learned(count, trainer.model, run))
    return found


async def run_now(trainer: Trainer, clock: ManualIdleClock) -> Run:
    asked = asyncio.ensure_future(trainer.train_now())
    while not asked.done():
        await clock.advance(DAY)
    return asked.result()


def _days(sizes: Sequence[int]) -> list[int]:
    return sorted({*sizes, *(FIRST * 2**i for i in range(20) if FIRST * 2**i <= max(sizes))})


def _library(split: Split) -> FloatArray:
    """Return the features of at most 512 songs: a listener's library has the songs to predict, too."""
    songs = np.unique(split.listener.songs, return_index=True)[1]
    chosen = np.random.default_rng(1).permutation(songs)[:512]
    library: FloatArray = split.listener.features[chosen]
    return library


def event(split: Split, row: int, number: int, actions: bool) -> Event:
    listener = split.listener
    sound = dict(zip(FEATURE_NAMES, listener.features[row].tolist(), strict=True))
    # Several people's ratings of one piece are those of its songs.
    song = 1 if listener.dimension == "p" else 1 + number % MAX_SONGS
    track = TrackContext(item_id=f"Bench/{listener.songs[row]}.sid", song=song, features=sound)
    uuid, time = f"{number:08x}-0000-4000-8000-000000000000", int(1_767_225_600_000 + number)
    rating = int(listener.ratings[row])
    if actions:
        action: Action = "like" if rating > NEUTRAL_RATING else "dislike"
        return ImplicitEvent(uuid=uuid, timestamp=time, track=track, action=action)
    return RatingEvent(uuid=uuid, timestamp=time, track=track, ratings={listener.dimension: rating})
