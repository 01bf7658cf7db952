"""The recommender: predictions for the whole library, the queue, and explanations."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError, TrainingError
from sidflow_feedback.learning.model import Model
from sidflow_feedback.recommending.explanation import Explanation
from sidflow_feedback.recommending.insights import taste_map
from sidflow_feedback.recommending.introduction import MAX_SONGS, introduction
from sidflow_feedback.recommending.opinions import Opinion, Opinions
from sidflow_feedback.recommending.ranking import Ranking, queue
from sidflow_feedback.recommending.similarity import Similarity
from sidflow_feedback.recommending.stations import INTRICATE, Places, by_feeling, by_likeness, spread
from sidflow_feedback.recommending.sureness import levels, packed, told
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES, MAX_RATING, MIN_RATING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.clock import Clock
    from sidflow_feedback.events import Event, ImplicitEvent
    from sidflow_feedback.idle.slots import Slots
    from sidflow_feedback.recommending.feature_table import Codes, FeatureTable
    from sidflow_feedback.store import FeedbackStore
    from sidflow_feedback.types import (
        Explanations,
        Items,
        LibraryScores,
        Milliseconds,
        OutputExplanation,
        QueueEntry,
        Scores,
        Songs,
        Station,
        TasteMap,
    )

HISTORY: Final = 500
"""Number of past actions that decide which items were played recently: those of about 200 items."""

CHUNK: Final = 4096
"""Songs predicted at a time: limits memory to about 2 MB for a library of any size."""

_PREFERENCE = DIMENSIONS.index("p")
_DAY: Final[Milliseconds] = 86_400_000


class Recommender:
    """Ranks the library on the first request after the model or the library has changed.

    Parameters
    ----------
    table
        The items of all pages.
    store
        Has the listener's actions.
    model
        Returns the model to predict with; raises `TrainingError` while there is none.
    clock
        Tells the day: each day draws other surprises.

    """

    def __init__(
        self, table: FeatureTable, store: FeedbackStore, model: Callable[[], Model], clock: Clock
    ) -> None:
        self.table = table
        self._store = store
        self._model = model
        self._clock = clock
        self._predicted: _Predicted | None = None
        self._ranked: _Ranked | None = None
        self._opinions = Opinions(store)
        self.similarity = Similarity(table)

    def notify(self, events: Iterable[Event]) -> None:
        """Take note of events that were stored."""
        self._opinions.notify(events)

    def reset(self) -> None:
        """Read the judgments again, because events were deleted or imported."""
        self._opinions.reset()

    def add(self, items: Items) -> list[int]:
        """Add items of a page, or update them; return the row of each item's first song.

        Raises
        ------
        InvalidRecordError
            The features aren't rows of 32-bit floats, or don't match the songs; see `FeatureTable.add`.
        """
        rows = _rows(items["features"])
        return self.table.add(items["itemIds"], items["songs"], items["startSongs"], rows)

    def collect(self, part: Collected) -> list[int]:
        """Add tunes of a listener's collection, or update them; return the row of each tune's first song.

        Raises
        ------
        InvalidRecordError
            The columns don't match; see `FeatureTable.add`.
        """
        rows = self.table.add(part.item_ids, part.songs, part.start_songs, part.features)
        self.table.describe(part.item_ids, part.composers, part.codes)
        return rows

    def scores(self) -> LibraryScores:
        """Return the predictions for all songs of the library, and how sure they are.

        Raises
        ------
        TrainingError
            There is no model yet.
        """
        predicted, model = self._predictions(), self._model()
        deviations = None if predicted.deviations is None else predicted.deviations[:, : len(told(model))]
        sureness = packed(levels(model, predicted.outputs, deviations))
        return {**_scores(model, predicted.outputs), "sureness": base64.b64encode(sureness).decode()}

    def predict(self, songs: Songs) -> Scores:
        """Return the predictions for songs that need not be in the library.

        Raises
        ------
        TrainingError
            There is no model yet.
        InvalidRecordError
            The features aren't rows of 32-bit floats.
        """
        model = self._model()
        return _scores(model, _judged(model, _rows(songs["features"]))[0])

    async def queue(
        self,
        *,
        limit: int,
        exploration: int,
        offset: int,
        recent: Sequence[int],
        station: Station | None = None,
        only: str | None = None,
    ) -> list[QueueEntry]:
        """Return the start of the queue.

        Parameters
        ----------
        limit
            Maximum number of items.
        exploration, offset
            See `ranking.queue`.
        recent
            Rows of the items played last, latest first. The store may not have these plays yet.
        station
            What plays instead of the tunes with the best predictions. A station has no surprises.
        only
            Which items may come, see `QueueQuestion`; None: all.

        Raises
        ------
        TrainingError
            There is no model yet, or nothing that the station could be made from.
        InvalidRecordError
            The station's songs don't exist.
        StoreError
            The actions can't be read.
        """
        table, day = self.table, int(self._clock.epoch() // _DAY)
        actions = await self._store.implicit(HISTORY)
        disliked = self._known(await self._opinions.having(Opinion.BAD))
        ranking = self._ranking() if station is None else await self._station(station, day)
        heard = self._recent(recent, actions)
        found = queue(
            ranking,
            table.identities,
            recent=heard,
            disliked=disliked,
            exploration=0 if station else exploration,
            offset=offset,
            seed=day,
        )
        here = self._chosen(only)[found.order]
        order, surprises = found.order[here], found.surprises[here]
        varied = spread(order, table.composers, np.asarray(heard, np.intp))[:limit]
        rows = table.firsts[order[varied]].tolist()
        return list(zip(rows, surprises[varied].tolist(), strict=True))

    async def prepare(self, slots: Slots) -> None:
        """Do in advance what finding similar items would take long for."""
        await slots.run(self.similarity.prepare())

    async def introduce(self, slots: Slots, only: str | None = None) -> list[int]:
        """Return the first rows of items whose judgment would say most about the listener: `introduction`.

        `only` says which items may come, as for `queue`.

        Raises
        ------
        StoreError
            The actions can't be read.
        """
        table = self.table
        numbers = set(self._known(await self._opinions.judged()))
        known = ~np.isnan(table.features[table.starts, 0]) & self._chosen(only)
        fresh = np.array([i for i in range(len(known)) if known[i] and i not in numbers], np.intp)
        few = fresh[np.arange(min(MAX_SONGS, len(fresh))) * len(fresh) // max(1, min(MAX_SONGS, len(fresh)))]
        features = table.features[table.starts[few]].astype(np.float64)
        chosen = await slots.run(introduction(features))
        return [int(table.firsts[few[i]]) for i in chosen]

    def places(self) -> Places:
        """Return where the tunes lie on the taste map.

        Raises
        ------
        TrainingError
            There is no model yet.
        """
        starts = self.table.starts
        return Places.of(self._predictions().at(starts).outputs, self.table.features[starts])

    def taste_map(self) -> TasteMap:
        """Return the tunes on the taste map.

        Raises
        ------
        TrainingError
            There is no model yet.
        """
        preferences = self._predictions().at(self.table.starts).outputs[:, _PREFERENCE]
        return taste_map(self.places(), preferences, self.table.firsts)

    def explain(self, row: int) -> Explanations | None:
        """Return what each feature of a song contributes to its predictions; None if they are unknown.

        Raises
        ------
        TrainingError
            There is no model yet.
        InvalidRecordError
            There is no such row.
        """
        model, table = self._model(), self.table
        if not 0 <= row < len(table.features):
            raise InvalidRecordError("row", f"must be from 0 to {len(table.features) - 1}, not {row}")
        features = table.features[row].astype(np.float64)
        if np.isnan(features[0]):
            return None
        explanation = Explanation.of(model.predict_many, features, table.average)
        return {name: _explanation(explanation, i) for i, name in enumerate(DIMENSIONS)}

    def _predictions(self) -> _Predicted:
        state = self._state()
        if self._predicted is None or self._predicted.state != state:
            model, features = self._model(), self.table.features
            wanted = sorted({*told(model), _PREFERENCE})
            self._predicted = _Predicted(state, *_judged(model, features, wanted))
        return self._predicted

    def _ranking(self) -> Ranking:
        state, starts = self._state(), self.table.starts
        if self._ranked is None or self._ranked.state != state:
            if self._predicted is not None and self._predicted.state == state:
                predicted = self._predicted.at(starts)
            else:  # All songs would take as much longer as tunes have songs.
                features = self.table.features[starts]
                predicted = _Predicted(state, *_judged(self._model(), features, [_PREFERENCE]))
            self._ranked = _Ranked(state, predicted.ranking())
        return self._ranked.ranking

    def _state(self) -> tuple[Model, int]:
        return self._model(), self.table.revision

    async def _station(self, station: Station, day: int) -> Ranking:
        table = self.table
        if "feeling" in station:
            preferences = self._ranking().preferences
            features = table.features[table.starts]
            return by_feeling(
                station["feeling"],
                features,
                table.identities,
                traits=self.similarity.traits(INTRICATE),
                preferences=preferences,
                seed=day,
            )
        if "place" in station:
            return self.places().from_place(station["place"])
        rows = station.get("rows", [])
        if station.get("likes"):
            rows = table.starts[self._known(await self._opinions.having(Opinion.GOOD))].tolist()
        if not rows:
            raise TrainingError("This station needs tunes to start from. Like some, or choose others.")
        return by_likeness(self.similarity.to(rows))

    def _chosen(self, only: str | None) -> NDArray[np.bool_]:
        """Return of each item whether it is among those that may come, shape (items,)."""
        firsts = self.table.firsts
        if only is None:
            return np.ones(len(firsts), np.bool_)
        bits = np.unpackbits(np.frombuffer(base64.b64decode(only), np.uint8), bitorder="little")
        chosen = np.zeros(max(len(self.table.features), len(bits)), np.bool_)
        chosen[: len(bits)] = bits
        return chosen[firsts]

    def _recent(self, rows: Iterable[int], actions: Iterable[ImplicitEvent]) -> list[int]:
        """Return the items played last, latest first: those at `rows`, then those of stored plays."""
        reported = [number for row in rows if (number := self.table.number_at(row)) is not None]
        stored = self._known(event.track.item_id for event in actions if event.action == "play")
        return list(dict.fromkeys([*reported, *stored]))

    def _known(self, item_ids: Iterable[str]) -> list[int]:
        """Return the numbers of those items that are in the table."""
        found = (self.table.number(item_id) for item_id in item_ids)
        return [number for number in found if number is not None]


@dataclass(frozen=True, slots=True, eq=False)
class Collected:
    """Tunes of a listener's collection; see `FeatureTable.add` and `FeatureTable.describe`."""

    item_ids: Sequence[str]
    songs: NDArray[np.uint16]
    start_songs: NDArray[np.uint16]
    features: NDArray[np.float32]
    composers: NDArray[np.uint32]
    codes: Codes


@dataclass(frozen=True, slots=True, eq=False)
class _Predicted:
    """What a model predicts for songs.

    Attributes
    ----------
    state
        The model, and the revision of the table.
    outputs
        Shape (songs, 4).
    deviations
        Of some outputs, the last of which is always the preference, shape (songs, some); None if they are
        unknown.
    """

    state: tuple[Model, int]
    outputs: NDArray[np.float32]
    deviations: NDArray[np.float32] | None

    def at(self, rows: NDArray[np.intp]) -> _Predicted:
        """Return the predictions for some of the songs."""
        deviations = None if self.deviations is None else self.deviations[rows]
        return _Predicted(self.state, self.outputs[rows], deviations)

    def ranking(self) -> Ranking:
        """Return the ranking of items whose start songs these are: they play first."""
        known = None if self.deviations is None else self.deviations[:, -1]
        if known is not None and np.isnan(known).all():
            known = None
        return Ranking.of(self.outputs[:, _PREFERENCE], known)


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    """The ranking of all items, for a state as in `_Predicted`."""

    state: tuple[Model, int]
    ranking: Ranking


def _judged(
    model: Model, features: NDArray[np.float32], wanted: Sequence[int] = ()
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the model's outputs, shape (rows, 4), and the deviations of those wanted, shape (rows, wanted).

    Works a chunk at a time. There are no deviations of a global model.
    """
    outputs = np.empty((len(features), len(DIMENSIONS)), np.float32)
    deviations = np.empty((len(features), len(wanted)), np.float32)
    for start in range(0, len(outputs), CHUNK):
        songs = slice(start, start + CHUNK)
        outputs[songs], known = model.judge(features[songs].astype(np.float64), wanted)
        if known is not None:
            deviations[songs] = known
    return outputs, None if model.uncertainty is None else deviations


def _scores(model: Model, outputs: NDArray[np.float32]) -> Scores:
    scores = np.clip(outputs, np.float32(MIN_RATING), np.float32(MAX_RATING)).astype("<f4", copy=False)
    return {"model": model.version, "scores": base64.b64encode(scores.tobytes()).decode()}


def _rows(text: str) -> NDArray[np.float32]:
    data = base64.b64decode(text)
    if len(data) % (4 * len(FEATURE_NAMES)):
        raise InvalidRecordError("features", f"must be rows of {len(FEATURE_NAMES)} 32-bit floats")
    return np.frombuffer(data, "<f4").reshape(-1, len(FEATURE_NAMES))


def _explanation(explanation: Explanation, output: int) -> OutputExplanation:
    effects = explanation.contributions[:, output]
    return {
        "baseline": float(explanation.baseline[output]),
        "prediction": float(explanation.prediction[output]),
        "reasons": [
            {"feature": FEATURE_NAMES[i], "effect": float(effects[i]), "above": bool(explanation.above[i])}
            for i in np.argsort(-abs(effects), kind="stable")
        ],
    }
