"""The server's log: one JSON object a line, on standard error, without addresses."""

from typing import Any

LEVELS = ("debug", "info", "warning", "error")


def log_config(level: str) -> dict[str, Any]:
    """Return the configuration of `logging`, for messages of `level` and above."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(levelname)s %(name)s %(message)s",
                "timestamp": "time",
                "rename_fields": {"levelname": "level", "name": "logger"},
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
    }
