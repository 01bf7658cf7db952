"""Local-first taste learning for the web: keeps what a listener does, and learns from it, in the browser.

A page needs `Feedback`, and what that hands out. Runs on MicroPython, Pyodide, and CPython; only a `Feedback`
needs a browser.
"""

from sidflow_feedback.errors import FeedbackError
from sidflow_feedback.page.engine_client import EngineClient
from sidflow_feedback.page.feedback import Feedback
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.player.telemetry import Telemetry

__all__ = ["EngineClient", "Feedback", "FeedbackError", "Recorder", "Telemetry"]
