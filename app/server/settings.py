"""The server's settings, from the environment and the installation."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from ..paths import Paths, paths
from ..roms import NO_ROMS, RomError, Roms, read_roms
from .client_address import check_proxies
from .day_range import DayRange
from .errors import ConfigurationError
from .logs import LEVELS
from .player.ultimate import parse_device_address

RATE_LIMIT = 2.0
"""Requests per second and address: 100 events per second, far more than a household sends."""

RATE_BURST = 240.0
"""Requests per address in a burst: two listeners who upload all 5,000 plays that a browser keeps."""

DAILY_EVENTS = 200_000
"""Events of one network in a day, 75 MB: those of 500 busy listeners, who may share a provider's address."""

TOTAL_DAILY_EVENTS = 2_000_000
"""Events of all in a day, 750 MB: those of 5,000 busy listeners."""

MAX_RETENTION_DAYS = 36_500

VARIABLES = {
    "SIDFLOW_DATABASE_URL": "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
    "SIDFLOW_MODEL_PATH": "file of the global model; versions are kept beside it",
    "SIDFLOW_RATE_LIMIT": f"requests per second of one client (default: {RATE_LIMIT:g}; 0: no limit)",
    "SIDFLOW_RATE_BURST": f"requests that one client may make at once (default: {RATE_BURST:g})",
    "SIDFLOW_DAILY_EVENTS": f"events of one network in a day (default: {DAILY_EVENTS}; 0: no limit)",
    "SIDFLOW_TOTAL_DAILY_EVENTS": f"events of all in a day (default: {TOTAL_DAILY_EVENTS}; 0: no limit)",
    "SIDFLOW_RETENTION_DAYS": "days after which events are deleted (default: 0, never)",
    "SIDFLOW_TRUSTED_PROXIES": "addresses of proxies whose X-Forwarded-For is trusted (default: none)",
    "SIDFLOW_ALLOWED_ORIGINS": "origins of other sites whose pages may share and read the model",
    "SIDFLOW_ULTIMATE": "address of your Ultimate 64, for `serve --local-players`",
    "SIDFLOW_ROMS": "folder of your C64 ROMs, for tunes that the server renders",
    "SIDFLOW_LANCE": "folder of the LanceDB table that `analyze --lance` has written, for /api/tunes/similar",
    "SIDFLOW_COLLECTION": "folder of tunes for all listeners of this site",
    "SIDFLOW_ANALYSES": "analysis file of that collection (default: the first .sidan file in it)",
    "SIDFLOW_GOLD": "CSV file of trusted ratings, on which no new model may be worse",
    "SIDFLOW_WITHOUT_DAYS": "days whose uploads training leaves out, such as 2026-02-03..2026-02-05",
    "SIDFLOW_METRICS_TOKEN": "what a request to /metrics must have; without it there are no metrics",
    "SIDFLOW_LOG_LEVEL": f"{', '.join(LEVELS)} (default: warning)",
}
"""Environment variables, with their descriptions for the command line."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The server's configuration.

    Attributes
    ----------
    database_url
        SQLAlchemy URL of the database (SQLite or PostgreSQL). `SIDFLOW_DATABASE_URL`.
    model_path
        Manifest file of the global model. `SIDFLOW_MODEL_PATH`.
    first_model
        Manifest of the global model until there is one at `model_path`.
    page, static, vendor, library
        Folders served at `/page`, `/static`, `/static/vendor` and `/sidflow_feedback`.
    changing
        Whether those files may change while they are served, as they do in a checkout.
    rate_limit, rate_burst
        Requests per second and client (0: no limit), and requests in a burst.
        `SIDFLOW_RATE_LIMIT`, `SIDFLOW_RATE_BURST`.
    daily_events, total_daily_events
        Events that are stored of one network, and of all, in a day; 0: no limit. `SIDFLOW_DAILY_EVENTS`,
        `SIDFLOW_TOTAL_DAILY_EVENTS`.
    retention_days
        Days after which events are deleted; 0: never. `SIDFLOW_RETENTION_DAYS`.
    trusted_proxies
        Comma-separated addresses and networks whose X-Forwarded-For is trusted. `SIDFLOW_TRUSTED_PROXIES`.
    local_token
        What requests to the local players must have; None: those are off.
    ultimate
        Host and port of the Ultimate 64 for the local players; None: there is none. `SIDFLOW_ULTIMATE`.
    allowed_origins
        Origins of other sites whose pages may share feedback. `SIDFLOW_ALLOWED_ORIGINS`.
    roms
        The C64's ROMs for streamed tunes. Read from the folder `SIDFLOW_ROMS`.
    lance
        Folder of the table of songs for `/api/tunes/similar`; None if there is none. `SIDFLOW_LANCE`.
    collection, collection_analyses
        Folder of tunes for all listeners, and its analysis file if that isn't in it. `SIDFLOW_COLLECTION`,
        `SIDFLOW_ANALYSES`.
    collection_data
        Gets what is published of the collection.
    gold
        CSV file of trusted ratings, on which no new model may be worse. `SIDFLOW_GOLD`.
    without_days
        Days whose uploads training leaves out. `SIDFLOW_WITHOUT_DAYS`.
    metrics_token
        What requests to `/metrics` must have; None: there are no metrics. `SIDFLOW_METRICS_TOKEN`.
    log_level
        Minimum level of log messages, one of `LEVELS`. `SIDFLOW_LOG_LEVEL`.
    """

    database_url: str = field(repr=False)  # may hold a password
    model_path: Path
    first_model: Path
    page: Path
    static: Path
    vendor: Path
    library: Path
    changing: bool = True
    rate_limit: float = RATE_LIMIT
    rate_burst: float = RATE_BURST
    daily_events: int = DAILY_EVENTS
    total_daily_events: int = TOTAL_DAILY_EVENTS
    retention_days: int = 0
    trusted_proxies: str = ""
    local_token: str | None = field(default=None, repr=False)
    ultimate: tuple[str, int] | None = None
    allowed_origins: tuple[str, ...] = ()
    roms: Roms = NO_ROMS
    lance: Path | None = None
    collection: Path | None = None
    collection_analyses: Path | None = None
    collection_data: Path = Path("collection")
    gold: Path | None = None
    without_days: tuple[DayRange, ...] = ()
    metrics_token: str | None = field(default=None, repr=False)
    log_level: str = "warning"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from `environment`. Defaults apply to missing and empty values.

        Raises
        ------
        ConfigurationError
            If a value is invalid.
        """
        here = paths()
        return cls(
            database_url=environment.get("SIDFLOW_DATABASE_URL")
            or f"sqlite:///{here.data / 'feedback.sqlite3'}",
            model_path=_model_path(environment) or here.data / "model" / "latest.json",
            first_model=here.first_model,
            page=here.page,
            static=here.static,
            vendor=here.vendor,
            library=here.library,
            changing=here.checkout,
            rate_limit=_number(environment, "SIDFLOW_RATE_LIMIT", RATE_LIMIT, minimum=0),
            rate_burst=_number(environment, "SIDFLOW_RATE_BURST", RATE_BURST, minimum=1),
            daily_events=_count(environment, "SIDFLOW_DAILY_EVENTS", DAILY_EVENTS),
            total_daily_events=_count(environment, "SIDFLOW_TOTAL_DAILY_EVENTS", TOTAL_DAILY_EVENTS),
            retention_days=_count(environment, "SIDFLOW_RETENTION_DAYS", 0, maximum=MAX_RETENTION_DAYS),
            trusted_proxies=check_proxies(environment.get("SIDFLOW_TRUSTED_PROXIES") or ""),
            ultimate=_ultimate(environment.get("SIDFLOW_ULTIMATE") or ""),
            allowed_origins=_origins(environment.get("SIDFLOW_ALLOWED_ORIGINS") or ""),
            roms=_roms(environment.get("SIDFLOW_ROMS") or "", here),
            lance=_path(environment, "SIDFLOW_LANCE"),
            collection=_collection(environment.get("SIDFLOW_COLLECTION") or ""),
            collection_analyses=_analyses(environment.get("SIDFLOW_ANALYSES") or ""),
            collection_data=here.data / "collection",
            gold=_path(environment, "SIDFLOW_GOLD"),
            without_days=_days(environment.get("SIDFLOW_WITHOUT_DAYS") or ""),
            metrics_token=environment.get("SIDFLOW_METRICS_TOKEN") or None,
            log_level=_level(environment.get("SIDFLOW_LOG_LEVEL") or "warning"),
        )


def _model_path(environment: Mapping[str, str]) -> Path | None:
    text = environment.get("SIDFLOW_MODEL_PATH")
    if text and Path(text).is_dir():
        example = Path(text, "latest.json")
        raise ConfigurationError(
            f"SIDFLOW_MODEL_PATH must name a file, and {text} is a folder. Try {example}."
        )
    return Path(text) if text else None


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(name)
    return Path(text) if text else None


def _number(environment: Mapping[str, str], name: str, default: float, *, minimum: float) -> float:
    text = environment.get(name) or default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not minimum <= value < float("inf"):
        raise ConfigurationError(f"{name} must be a number of at least {minimum}, not {text!r}. Correct it.")
    return value


def _count(environment: Mapping[str, str], name: str, default: int, *, maximum: int = 2**53) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and int(text) <= maximum):
        raise ConfigurationError(
            f"{name} must be a whole number from 0 to {maximum}, not {text!r}. Correct it."
        )
    return int(text)


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part for part in text.replace(",", " ").split())
    for origin in origins:
        if origin != "*" and not re.fullmatch(r"https?://[^/\s]+", origin):
            raise ConfigurationError(
                f"SIDFLOW_ALLOWED_ORIGINS must list origins such as https://radio.example, without a path, "
                f"not {origin!r}. Correct it."
            )
    return origins


def _roms(text: str, here: Paths) -> Roms:
    if not text:
        return NO_ROMS
    folder = Path(text).resolve()
    for served in (here.page, here.static, here.vendor, here.library):
        if folder.is_relative_to(served.resolve()):
            raise ConfigurationError(
                f"SIDFLOW_ROMS must not name a folder below {served}, which the server hands out. "
                "Move the ROMs to another folder."
            )
    try:
        return read_roms(folder)
    except RomError as error:
        raise ConfigurationError(f"SIDFLOW_ROMS can't be used. {error}") from error


def _ultimate(text: str) -> tuple[str, int] | None:
    return parse_device_address(text) if text else None


def _collection(text: str) -> Path | None:
    if text and not Path(text).is_dir():
        raise ConfigurationError(
            f"SIDFLOW_COLLECTION must name a folder of tunes, and {text} is none. "
            "Correct it, or remove the setting."
        )
    return Path(text) if text else None


def _analyses(text: str) -> Path | None:
    if text and not Path(text).is_file():
        raise ConfigurationError(
            f"SIDFLOW_ANALYSES must name an analysis file, and {text} is none. "
            "`sidflow-feedback analyze` writes one."
        )
    return Path(text) if text else None


def _days(text: str) -> tuple[DayRange, ...]:
    return tuple(DayRange.parse(part) for part in text.replace(",", " ").split())


def _level(text: str) -> str:
    if text.lower() not in LEVELS:
        raise ConfigurationError(
            f"SIDFLOW_LOG_LEVEL must be one of {', '.join(LEVELS)}, not {text!r}. Correct it."
        )
    return text.lower()
