"""The schema of the server's JSON. Validation is strict: no unknown fields, no coercion.

Names are camelCase on the wire and snake_case in Python.
"""

import base64
import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from sidflow_feedback.sync.delta_rules import UUID, uuid_problem
from sidflow_feedback.sync.item_ids import item_id_problem
from sidflow_feedback.types import Action
from sidflow_feedback.vocabulary import (
    MAX_EPSILON,
    MAX_ITEM_ID,
    MAX_RATING,
    MAX_SONGS,
    MAX_UPLOAD_EVENTS,
    MIN_EPSILON,
    MIN_RATING,
)

_VERSION = re.compile(r"[!-~]{1,128}")


def _check_uuid(value: str) -> str:
    if problem := uuid_problem(value):
        raise PydanticCustomError("uuid", "{problem}", {"problem": problem})
    return value


def _check_version(value: str) -> str:
    if _VERSION.fullmatch(value) is None:
        raise PydanticCustomError("version", "must be 1 to 128 printable ASCII characters without spaces")
    return value


def _check_item_id(value: str) -> str:
    problem = item_id_problem(value)
    if problem is not None:
        raise PydanticCustomError("item_id", "{problem}", {"problem": problem})
    return value


def _check_base64(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except ValueError as exc:
        raise PydanticCustomError("base64", "must be base64") from exc
    return value


def _matches(pattern: re.Pattern[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern.pattern}$"})


Uuid = Annotated[str, AfterValidator(_check_uuid), _matches(UUID)]
Version = Annotated[str, AfterValidator(_check_version), _matches(_VERSION)]
ItemId = Annotated[
    str,
    AfterValidator(_check_item_id),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": MAX_ITEM_ID}),
]
Song = Annotated[int, Field(ge=1, le=MAX_SONGS)]
Score = Annotated[int, Field(ge=MIN_RATING, le=MAX_RATING)]
Epsilon = Annotated[FiniteFloat, Field(ge=MIN_EPSILON, le=MAX_EPSILON)]
Base64 = Annotated[str, AfterValidator(_check_base64)]


class Wire(BaseModel):
    """Base class of everything sent or received."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, strict=True)


class Features(Wire):
    """The eight audio features of a song, in the order of a model's inputs."""

    energy: FiniteFloat
    rms: FiniteFloat
    spectral_centroid: FiniteFloat
    spectral_rolloff: FiniteFloat
    zero_crossing_rate: FiniteFloat
    bpm: FiniteFloat
    confidence: FiniteFloat
    duration: FiniteFloat


class Ratings(Wire):
    """Scores from 1 to 5 for energy, mood, complexity, and preference; at least one is required."""

    e: Score | None = None
    m: Score | None = None
    c: Score | None = None
    p: Score | None = None

    @model_validator(mode="after")
    def _check_any(self) -> Self:
        if (self.e, self.m, self.c, self.p) == (None, None, None, None):
            raise PydanticCustomError("ratings", "must contain a score for at least one of e, m, c, and p")
        return self


class Delta(Wire):
    """The common fields of ratings and implicit events.

    `epsilon` is the privacy loss of the event's ratings or action under randomized response. If it is null,
    they are exact.
    """

    uuid: Uuid
    item_id: ItemId = Field(alias="sidPath")
    song: Song
    features: Features | None = None
    epsilon: Epsilon | None = None


class RatingDelta(Delta):
    """A rating of a song."""

    ratings: Ratings


class ImplicitDelta(Delta):
    """A listener's action on a song."""

    action: Action


Events = Annotated[list[Any], Field(json_schema_extra={"maxItems": MAX_UPLOAD_EVENTS})]


class SyncRequest(Wire):
    """A client's batch. Events are validated one by one, so that an invalid one doesn't affect the others."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"minItems": 1}}}
                for name in ("ratings", "implicit")
            ]
        }
    )

    batch_id: Uuid
    ratings: Events = []
    implicit: Events = []

    @model_validator(mode="after")
    def _check_count(self) -> Self:
        count = len(self.ratings) + len(self.implicit)
        if not 1 <= count <= MAX_UPLOAD_EVENTS:
            raise PydanticCustomError(
                "count",
                "ratings and implicit together must contain 1 to {limit} events, not {count}",
                {"limit": MAX_UPLOAD_EVENTS, "count": count},
            )
        return self


class SyncResult(Wire):
    """The result for one event. `uuid` is null if the event has no valid one."""

    uuid: str | None
    status: Literal["accepted", "duplicate", "rejected"]
    reason: str | None = None


class SyncAnswer(Wire):
    """One result per event of the batch: first the ratings, then the implicit events, in the order sent."""

    batch_id: str
    results: list[SyncResult]


class ErrorDetail(Wire):
    """What happened, why, and what to do. `field` is the invalid part of the request."""

    code: str
    message: str
    field: str | None = None


class ErrorAnswer(Wire):
    """The response to a request that failed."""

    error: ErrorDetail


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` for a route that may respond with these errors."""
    return {status: {"model": ErrorAnswer} for status in statuses}


class Health(Wire):
    """The response to a health check.

    `lastCommit` and `lastFailure` say when events were stored last, and when that failed; null: not since the
    start.
    """

    status: Literal["ok"] = "ok"
    version: str
    last_commit: datetime | None = None
    last_failure: datetime | None = None


class SimilarSong(Wire):
    """A song that sounds like the one that was asked for.

    `length` is null if the song doesn't fall silent; `similarity` is from -1 to 1.
    """

    path: str
    md5: str
    song: Song
    title: str
    author: str
    released: str
    length: FiniteFloat | None
    features: Features
    similarity: FiniteFloat


class SimilarSongs(Wire):
    """The most similar songs of other files, at most one of each, the most similar first."""

    songs: list[SimilarSong]


class CollectionInfo(Wire):
    """The collection of this site; without one, everything is null.

    Attributes
    ----------
    name
        Of its folder.
    tunes
        Number of tunes.
    catalog, md5, analyses, stil
        Addresses of its files, relative to the page's; null if there is none. Other content has another name.
    """

    name: str | None = None
    tunes: int = 0
    catalog: str | None = None
    md5: str | None = None
    analyses: str | None = None
    stil: str | None = None


class FeatureStats(Wire):
    """Mean and standard deviation of each feature, for scaling a model's inputs."""

    feature_names: list[str]
    means: list[FiniteFloat]
    stds: list[FiniteFloat]

    @model_validator(mode="after")
    def _check_lengths(self) -> Self:
        if not len(self.feature_names) == len(self.means) == len(self.stds):
            raise PydanticCustomError("lengths", "featureNames, means, and stds must have the same length")
        return self


class Manifest(Wire):
    """A model in the TensorFlow.js layers format. Missing parts are null."""

    model_config = ConfigDict(extra="ignore")

    version: Version | None = None
    metadata: dict[str, Any] | None = None
    feature_stats: FeatureStats | None = None
    model_topology: dict[str, Any] | None = None
    weight_specs: list[dict[str, Any]] | None = None
    weight_data: Base64 | None = None


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Return the dotted name of the first invalid field ("" for the whole) and what is wrong with it.

    A name is the client's: what isn't Unicode in it can't be sent back, and is replaced.
    """
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    return name.encode(errors="replace").decode(), first["msg"]
