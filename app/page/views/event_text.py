"""What the listener did, in words."""

import json

from pyscript import window

from sidflow_feedback.vocabulary import DIMENSIONS

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from collections.abc import Mapping

    from sidflow_feedback.types import Dimension, EventRow

ON_THE_SERVER = {
    "no": "",
    "perhaps": " It may have reached the server, which can't tell whose it is and keeps it.",
    "yes": " The server has got it already, can't tell whose it is, and keeps it.",
}
"""Of an event that was deleted here."""


def describe_event(record: "EventRow", title: str) -> str:
    """Return what an event says, and when it happened."""
    # Must be a float: a whole number of this size reaches JavaScript cut to 32 bits.
    when = window.Date.new(float(record["timestamp"])).toLocaleString()
    text = title + ": " + _what(record) + ", " + str(when)
    return text + (" (" + json.dumps(record["lastError"]) + ")" if record["lastError"] else "")


def format_ratings(ratings: "Mapping[Dimension, int]") -> str:
    """Return ratings as ``e 4, m 2, c 3``."""
    return ", ".join(name + " " + str(ratings[name]) for name in DIMENSIONS if name in ratings)


def _what(record: "EventRow") -> str:
    if record["kind"] == "rating":
        return "rated " + format_ratings(record["ratings"])
    return str(record["action"]).replace("_", " ")
