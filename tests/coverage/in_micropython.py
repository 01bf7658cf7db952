"""Runs on the page: collects the lines that ran, and sends them to the tests' server."""

import json

import js

ADDRESS = "/test/lines"
PAUSE_MS = 300

arrays: dict[str, bytearray] = {}
sent: dict[str, bytearray] = {}


def array(path: str, count: int) -> bytearray:
    """Return the array in which a module marks its lines."""
    arrays[path] = bytearray(count)
    sent[path] = bytearray(count)
    return arrays[path]


def send(*_event: object) -> None:
    """Send the lines that ran since the last time."""
    lines = {path: found for path, found in ((path, _new(path)) for path in arrays) if found}
    if lines:
        options = js.JSON.parse('{"method": "POST", "keepalive": true}')
        options.body = json.dumps(lines)
        js.fetch(ADDRESS, options)


def _new(path: str) -> list[int]:
    ran, known = arrays[path], sent[path]
    found = [line for line in range(len(ran)) if ran[line] and not known[line]]
    for line in found:
        known[line] = 1
    return found


js.setInterval(send, PAUSE_MS)
js.addEventListener("pagehide", send)
