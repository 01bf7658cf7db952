"""The ASGI application with all its routes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from .client_address import ClientAddress
from .collection.routes import collection_router, mount_collection
from .collection.site_collection import SiteCollection
from .cross_origin import CrossOrigin
from .daemon_thread import in_daemon_thread
from .database import Database
from .errors import install_error_handlers
from .feedback import feedback_router
from .files import mount_files
from .headers import SecurityHeaders
from .health import HealthCheck, health_router
from .host_check import HostCheck
from .metrics import Metrics, RequestMetrics, metrics_router
from .model import model_router
from .player.access import LocalAccess
from .player.routes import Players, player_router
from .player.stream import Streams
from .player.ultimate import UltimatePlayer
from .quota import Quota
from .rate import RateLimit, TokenBuckets
from .refusals import Refusals
from .release import Releases
from .retention import Retention
from .root_path import RootPath
from .settings import Settings
from .similar import similar_router
from .writer import CLOSE_SECONDS, Writer

RELEASE = version("sidflow-feedback")


def create_app(settings: Settings | None = None, root_path: str = "/") -> FastAPI:
    """Make the ASGI application; its lifespan opens and closes the database.

    Parameters
    ----------
    settings
        Where things are; from the environment when left out.
    root_path
        Where a proxy serves this, if it doesn't remove that path from requests.

    Raises
    ------
    ConfigurationError
        If the database URL can't work.
    """
    settings = settings or Settings.from_environment()
    database = Database(settings.database_url)
    players = Players(u64=UltimatePlayer(settings.ultimate), streams=Streams(roms=settings.roms))
    releases = Releases(settings)
    collection = _collection(settings)
    metrics = Metrics()
    writer = Writer(database, metrics.count_commit)
    retention = Retention(database, settings.retention_days)
    # No generated documentation pages: they would load scripts from other hosts.
    app = FastAPI(
        title="sidflow-feedback",
        version=RELEASE,
        lifespan=_lifespan(database, writer, retention, players, releases, collection),
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    _add_middleware(app, settings, metrics, root_path)
    install_error_handlers(app)
    limit = RateLimit(TokenBuckets(settings.rate_limit, settings.rate_burst))
    quota = Quota(settings.daily_events, settings.total_daily_events)
    app.include_router(feedback_router(writer, metrics, limit, quota))
    app.include_router(model_router(settings.model_path, settings.first_model, limit))
    app.include_router(similar_router(settings.lance, limit))
    if settings.metrics_token:
        app.include_router(metrics_router(metrics, settings.metrics_token))
    app.include_router(player_router(players, LocalAccess(settings.local_token), limit))
    app.include_router(health_router(HealthCheck(database, writer.commits), writer.commits, RELEASE))
    app.include_router(collection_router(collection))
    if collection:
        mount_collection(app, collection, releases.contents)
    mount_files(app, settings, releases)
    return app


def _lifespan(
    database: Database,
    writer: Writer,
    retention: Retention,
    players: Players,
    releases: Releases,
    collection: SiteCollection | None,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database.open()
        retention.start()
        if collection:
            collection.start()
        releases.present()  # Reads all files: the first listener need not wait for it.
        yield
        if collection:
            await collection.aclose()
        await players.aclose()
        await retention.aclose()
        await writer.aclose()
        # The last connection to SQLite tidies up, which a lock can hold up.
        await asyncio.wait({in_daemon_thread(database.close, "database-close")}, timeout=CLOSE_SECONDS)

    return lifespan


def _collection(settings: Settings) -> SiteCollection | None:
    if not settings.collection:
        return None
    return SiteCollection(settings.collection, settings.collection_analyses, settings.collection_data)


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics, root_path: str) -> None:
    """Add what handles each request, the innermost first."""
    app.add_middleware(HostCheck)
    if settings.allowed_origins:
        app.add_middleware(CrossOrigin, origins=settings.allowed_origins)
    app.add_middleware(RootPath, path=root_path)
    app.add_middleware(Refusals)
    app.add_middleware(RequestMetrics, metrics=metrics)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ClientAddress, proxies=settings.trusted_proxies)
