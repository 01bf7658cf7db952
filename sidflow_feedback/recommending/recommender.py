"""The recommender: what the model expects of every tune, which tune comes next, and why."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from sidflow_feedback.errors import InvalidRecordError
from sidflow_feedback.learning.model import Model, in_range
from sidflow_feedback.recommending.explanation import Explanation
from sidflow_feedback.recommending.feature_table import FeatureTable
from sidflow_feedback.recommending.ranking import Ranking, queue
from sidflow_feedback.vocabulary import DIMENSIONS, FEATURE_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from sidflow_feedback.clock import Clock
    from sidflow_feedback.events import ImplicitEvent
    from sidflow_feedback.store import FeedbackStore
    from sidflow_feedback.types import Milliseconds, Record

HISTORY: Final = 500
"""Actions that say which tunes were heard lately and which are disliked: some 200 tunes."""

CHUNK: Final = 4096
"""Songs predicted at once: bounds memory at about 2 MB, whatever the size of the library."""

_PREFERENCE = DIMENSIONS.index("p")
_DAY: Final[Milliseconds] = 86_400_000


class Recommender:
    """Ranks the library when somebody asks after model or library have changed.

    Parameters
    ----------
    store
        Where the listener's actions are read.
    model
        Returns the model to predict with; raises `TrainingError` as long as there is none.
    clock
        Tells the day: each day draws other surprises.
    """

    def __init__(self, store: FeedbackStore, model: Callable[[], Model], clock: Clock) -> None:
        self.library = FeatureTable()
        self._store = store
        self._model = model
        self._clock = clock
        self._ranked: _Ranked | None = None

    def add(self, tunes: Record) -> list[int]:
        """Take tunes from a page; return the row of each one's first song.

        Parameters
        ----------
        tunes
            ``paths``, the number of ``songs`` of each, and ``features``, a row for each song: base64 of
            little-endian 32-bit floats.

        Raises
        ------
        InvalidRecordError
            It is not that.
        """
        return self.library.add(tunes["paths"], tunes["songs"], _rows(tunes["features"]))

    def scores(self) -> Record:
        """Return the version of the ``model`` and its ``scores``: e, m, c, p of each song, as in `add`.

        Raises
        ------
        TrainingError
            There is no model yet.
        """
        return _scored(self._model(), self.library.features)

    def predict(self, songs: Record) -> Record:
        """Return ``model`` and ``scores``, as `scores` does, of songs that need not be in the library.

        Parameters
        ----------
        songs
            Their ``features``, as in `add`; NaN where not known.

        Raises
        ------
        TrainingError
            There is no model yet.
        InvalidRecordError
            These are not features.
        """
        return _scored(self._model(), _rows(songs["features"]))

    async def queue(
        self, *, limit: int, exploration: int, place: int, heard: Sequence[int] = ()
    ) -> list[tuple[int, bool]]:
        """Return what comes next: the row of each tune's first song, and whether it is a surprise.

        Parameters
        ----------
        limit
            Most tunes.
        exploration, place
            See `ranking.queue`.
        heard
            Rows of tunes heard last, latest first, of which the store may not know yet.

        Raises
        ------
        TrainingError
            There is no model yet.
        StoreError
            The actions can't be read.
        """
        ranking, library = self._ranking(), self.library
        actions = await self._store.implicit(HISTORY)
        found = queue(
            ranking,
            library.identities,
            heard=self._heard(heard, actions),
            disliked=self._disliked(actions),
            exploration=exploration,
            place=place,
            seed=int(self._clock.epoch() // _DAY),
        )
        rows = library.starts[found.order[:limit]].tolist()
        return list(zip(rows, found.surprises[:limit].tolist(), strict=True))

    def why(self, row: int) -> Record | None:
        """Return why the model expects what it expects of a song; None where its features are not known.

        For each of e, m, c and p: ``baseline``, ``prediction`` and ``reasons``, the features with their
        ``effect`` and whether the song's is ``above`` the average, greatest effect first.

        Raises
        ------
        TrainingError
            There is no model yet.
        InvalidRecordError
            There is no such row.
        """
        model, library = self._model(), self.library
        if not 0 <= row < len(library.features):
            raise InvalidRecordError("row", f"there is no song {row} in a library of {len(library.features)}")
        features = library.features[row].astype(np.float64)
        if np.isnan(features[0]):
            return None
        explanation = Explanation.of(model.predict_many, features, library.average)
        return {name: _reasons(explanation, i) for i, name in enumerate(DIMENSIONS)}

    def _ranking(self) -> Ranking:
        model, revision = self._model(), self.library.revision
        if self._ranked is None or self._ranked.model is not model or self._ranked.revision != revision:
            self._ranked = _Ranked.of(model, self.library)
        return self._ranked.ranking

    def _heard(self, rows: Iterable[int], actions: Iterable[ImplicitEvent]) -> list[int]:
        here = [number for row in rows if (number := self.library.number_at(row)) is not None]
        stored = self._numbers(event for event in actions if event.action == "play")
        return list(dict.fromkeys([*here, *stored]))

    def _disliked(self, actions: Iterable[ImplicitEvent]) -> list[int]:
        judgments: dict[str, ImplicitEvent] = {}
        for event in actions:
            if event.action in ("like", "dislike"):
                judgments.setdefault(event.track.item_id, event)
        return self._numbers(event for event in judgments.values() if event.action == "dislike")

    def _numbers(self, events: Iterable[ImplicitEvent]) -> list[int]:
        found = (self.library.number(event.track.item_id) for event in events)
        return [number for number in found if number is not None]


@dataclass(frozen=True, slots=True, eq=False)
class _Ranked:
    """What a model makes of the library: a tune is ranked by its first song, with which it begins."""

    model: Model
    revision: int
    ranking: Ranking

    @classmethod
    def of(cls, model: Model, library: FeatureTable) -> _Ranked:
        preferences = _outputs(model, library.features[library.starts])[:, _PREFERENCE]
        return cls(model, library.revision, Ranking.of(preferences))


def _scored(model: Model, features: NDArray[np.float32]) -> Record:
    scores = in_range(_outputs(model, features)).astype("<f4")
    return {"model": model.version, "scores": base64.b64encode(scores.tobytes()).decode()}


def _outputs(model: Model, features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the model's outputs for rows of features, shape (rows, 4), a chunk at a time."""
    outputs = np.empty((len(features), len(DIMENSIONS)), np.float32)
    for start in range(0, len(outputs), CHUNK):
        songs = slice(start, start + CHUNK)
        outputs[songs] = model.outputs(features[songs].astype(np.float64))
    return outputs


def _rows(text: str) -> NDArray[np.float32]:
    data = base64.b64decode(text)
    if len(data) % (4 * len(FEATURE_NAMES)):
        raise InvalidRecordError("features", f"must be rows of {len(FEATURE_NAMES)} 32-bit floats")
    return np.frombuffer(data, "<f4").reshape(-1, len(FEATURE_NAMES))


def _reasons(explanation: Explanation, output: int) -> dict[str, Any]:
    effects = explanation.contributions[:, output]
    return {
        "baseline": float(explanation.baseline[output]),
        "prediction": float(explanation.prediction[output]),
        "reasons": [
            {"feature": FEATURE_NAMES[i], "effect": float(effects[i]), "above": bool(explanation.above[i])}
            for i in np.argsort(-abs(effects), kind="stable")
        ],
    }
