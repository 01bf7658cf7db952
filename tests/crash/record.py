"""Runs in the page's MicroPython, after `app/page/main.py`: records events at a steady rate, undoes a few."""

import js

from app.page import main

reports = globals()["REPORTS"]  # Address for reports; the test defines it above this text.
pause = globals()["PAUSE"]  # Milliseconds between two events; likewise.

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from sidflow_feedback.types import Track

TRACK: "Track" = {
    "item_id": "Crash/Tune.sid",
    "song": 1,
    "length": 120.0,
    "length_source": "catalog",
    "features": None,
}
UNDONE = 20
"""Of so many events, one is undone at once."""

count = 0


def record() -> None:
    """Record an event, and report it to the test before anything else; or report why it wasn't recorded."""
    global count
    page = main.page  # Built a moment later.
    if page is None:
        return
    count += 1
    if count % 2:
        identity = page.feedback.recorder.action("play", TRACK, 0.0)
    else:
        identity = page.feedback.recorder.rating({"e": 1 + count % 5}, TRACK)
    if identity is None:
        notice = js.document.querySelector("#notice").textContent
        js.tell(reports + "/unrecorded/" + js.encodeURIComponent(notice))
    else:
        if count % 2:
            js.tell(reports + "/played/" + identity)
        js.tell(reports + "/recorded/" + identity)
        if count % UNDONE == 0:
            page.feedback.undo(identity)
            js.tell(reports + "/undone/" + identity)


js.setInterval(record, pause)
