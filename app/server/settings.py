"""Settings of the server, from the environment and from where things are installed."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from app.setup.places import places


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the server needs to know before it starts.

    Attributes
    ----------
    database_url
        SQLAlchemy URL of the database (SQLite or PostgreSQL). `SIDFLOW_DATABASE_URL`.
    model_path
        Manifest file of the global model. `SIDFLOW_MODEL_PATH`.
    page, static, vendor, library
        Folders served at `/page`, `/static`, `/static/vendor` and `/lib/sidflow_feedback`.
    """

    database_url: str = field(repr=False)  # may hold a password
    model_path: Path
    page: Path
    static: Path
    vendor: Path
    library: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Take what `environment` sets, and the default place for the rest; an empty value is unset."""
        here = places()
        database_url = (
            environment.get("SIDFLOW_DATABASE_URL") or f"sqlite:///{here.data / 'feedback.sqlite3'}"
        )
        model_path = environment.get("SIDFLOW_MODEL_PATH") or here.vendor / "model" / "latest.json"
        return cls(
            database_url=database_url,
            model_path=Path(model_path),
            page=here.page,
            static=here.static,
            vendor=here.vendor,
            library=here.library,
        )
