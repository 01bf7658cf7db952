"""What a delta on the wire may be: one set of rules, for the client and the server.

The client checks what it is about to send, so that it makes nothing that a server refuses; the server takes
patterns and ranges from here. `tests/server/test_delta_rules.py` compares both with any values.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from sidflow_feedback.sync.item_ids import item_id_problem
from sidflow_feedback.vocabulary import (
    ACTIONS,
    DIMENSIONS,
    FEATURE_NAMES,
    MAX_EPSILON,
    MAX_RATING,
    MAX_SONGS,
    MIN_EPSILON,
    MIN_RATING,
)

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""A uuid as it is sent. In lower case it is stored, so both forms are the same event."""

_FIELDS: Final = ("uuid", "sidPath", "song")
_OPTIONAL: Final = ("features", "epsilon")

Problem = tuple[str, str]
"""The dotted name of a field, and what it must be."""


def delta_problem(record: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with a delta as it is sent; None if a server accepts it.

    Parameters
    ----------
    record
        What `AnonymizedDelta.to_record` returns: a rating if it has ``ratings``, otherwise an action.
    """
    content = "ratings" if "ratings" in record else "action"
    for name in (*_FIELDS, content):
        if name not in record:
            return name, "is missing"
    for name in record:
        if name not in (*_FIELDS, *_OPTIONAL, content):
            return name, "is unknown"
    checks = (
        ("uuid", uuid_problem(record["uuid"])),
        ("sidPath", _item_id_problem(record["sidPath"])),
        ("song", _integer_problem(record["song"], 1, MAX_SONGS)),
        ("epsilon", _epsilon_problem(record.get("epsilon"))),
    )
    for name, problem in checks:
        if problem is not None:
            return name, problem
    check = _ratings_problem if content == "ratings" else _action_problem
    return _features_problem(record.get("features")) or check(record[content])


def uuid_problem(value: object) -> str | None:
    """Return why a value can't be the id of an event or a batch; None if it can."""
    if isinstance(value, str) and UUID.fullmatch(value):
        return None
    return "must be a UUID in hexadecimal with dashes"


def _item_id_problem(value: object) -> str | None:
    return item_id_problem(value) if isinstance(value, str) else "must be a string"


def _integer_problem(value: object, minimum: int, maximum: int) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum:
        return None
    return f"must be an integer from {minimum} to {maximum}"


def _is_finite(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and abs(value) <= sys.float_info.max  # type: ignore[arg-type]


def _epsilon_problem(value: object) -> str | None:
    if value is None or (_is_finite(value) and MIN_EPSILON <= value <= MAX_EPSILON):  # type: ignore[operator]
        return None
    return f"must be a number from {MIN_EPSILON} to {MAX_EPSILON}"


def _features_problem(value: object) -> Problem | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return "features", "must be an object or null"
    for name in FEATURE_NAMES:
        if not _is_finite(value.get(name)):
            return f"features.{name}", "must be a finite number"
    unknown = [name for name in value if name not in FEATURE_NAMES]
    return (f"features.{unknown[0]}", "is unknown") if unknown else None


def _ratings_problem(value: object) -> Problem | None:
    if not isinstance(value, Mapping):
        return "ratings", "must be an object"
    for name, rating in value.items():
        if name not in DIMENSIONS:
            return f"ratings.{name}", "is unknown"
        problem = None if rating is None else _integer_problem(rating, MIN_RATING, MAX_RATING)
        if problem is not None:
            return f"ratings.{name}", problem
    if all(rating is None for rating in value.values()):
        return "ratings", f"must have at least one of {', '.join(DIMENSIONS)}"
    return None


def _action_problem(value: object) -> Problem | None:
    if isinstance(value, str) and value in ACTIONS:
        return None
    return "action", f"must be one of {', '.join(ACTIONS)}"
