"""Events in words."""

from app.page.views.dom import date_and_time
from app.page.views.sureness import NAMES
from sidflow_feedback.vocabulary import DIMENSIONS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidflow_feedback.types import Action, Dimension, EventRow

ACTIONS: "Mapping[Action, str]" = {
    "play": "played",
    "play_complete": "heard to the end",
    "skip_early": "skipped at the beginning",
    "skip": "skipped",
    "skip_late": "skipped near the end",
    "replay": "played again",
    "like": "liked",
    "dislike": "disliked",
}

SERVER_COPY = {
    "no": "",
    "perhaps": (
        " It may already have been uploaded. The server can't link it to you, so it can't be deleted there."
    ),
    "yes": " It was already uploaded. The server can't link it to you, so it can't be deleted there.",
}
"""What an event's ``sent`` means once the event is deleted in this browser."""


def describe_event(event: "EventRow", title: str) -> str:
    """Return a tune's title, what happened, and when."""
    text = title + ": " + _what(event) + ", " + date_and_time(event["timestamp"])
    return text + (" (" + event["lastError"] + ")" if event["lastError"] else "")


def format_ratings(ratings: "Mapping[Dimension, int]") -> str:
    """Return ratings as ``energy 4, mood 2``."""
    return ", ".join(NAMES[name] + " " + str(ratings[name]) for name in DIMENSIONS if name in ratings)


def _what(event: "EventRow") -> str:
    if event["kind"] == "rating":
        return "rated " + format_ratings(event["ratings"])
    return ACTIONS[event["action"]]
