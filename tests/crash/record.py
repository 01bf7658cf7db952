"""Runs in the page's own MicroPython, after `app/page/main.py`: records 50 events a second."""

import js

reports = globals()["REPORTS"]  # Where to tell what was recorded; the test has put it before this text.

TRACK = {
    "sidPath": "Crash/Tune.sid",
    "song": 1,
    "length": 120.0,
    "lengthSource": "catalog",
    "features": None,
}
count = 0


def record() -> None:
    """Record an event, and then, before anything else, tell the test of it."""
    global count
    page = globals().get("page")  # Made by main.py, whose names this script shares, a moment later.
    if page is None:
        return
    count += 1
    if count % 2:
        identity = page.feedback.recorder.action("play", TRACK, 0.0)
    else:
        identity = page.feedback.recorder.rating({"e": 1 + count % 5}, TRACK)
    if identity is not None:
        js.tell(reports + "/recorded/" + identity)


js.setInterval(record, 20)
