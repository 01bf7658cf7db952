"""Runs in Pyodide before the library is imported: reports the library's lines to the tests' server."""

import json
import sys
from types import CodeType
from typing import Any

import js
from pyodide.ffi import create_proxy, to_js

ADDRESS = "/test/lines"
PAUSE_MS = 300
PACKAGE = "sidflow_feedback/"

monitoring: Any = vars(sys)["monitoring"]  # New in Python 3.12.
found: dict[str, list[int]] = {}


def on_line(code: CodeType, line: int) -> object:
    """Note a line of the library; no line is reported twice."""
    at = code.co_filename.rfind(PACKAGE)
    if at >= 0:
        found.setdefault(code.co_filename[at:], []).append(line)
    return monitoring.DISABLE


def send() -> None:
    """Send the lines that ran since the last time."""
    if found:
        options = {"method": "POST", "keepalive": True, "body": json.dumps(found)}
        address = js.URL.new(ADDRESS, js.location.origin)
        js.fetch(address, to_js(options, dict_converter=js.Object.fromEntries))
        found.clear()


monitoring.use_tool_id(monitoring.COVERAGE_ID, "lines")
monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.LINE, on_line)
monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.LINE)
js.setInterval(create_proxy(send), PAUSE_MS)
