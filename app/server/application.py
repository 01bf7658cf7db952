"""The application: all routes, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from app.server.database import Database
from app.server.errors import install_error_handlers
from app.server.feedback import feedback_router
from app.server.files import mount_files
from app.server.headers import SecurityHeaders
from app.server.model import model_router
from app.server.schema import Health
from app.server.settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the ASGI application; its lifespan opens and closes the database.

    Parameters
    ----------
    settings
        Where things are; from the environment when left out.

    Raises
    ------
    ConfigurationError
        If the database URL cannot work.
    """
    settings = settings or Settings.from_environment()
    database = Database(settings.database_url)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database.open()
        yield
        database.close()

    # No generated documentation pages: they would load scripts from other hosts.
    app = FastAPI(title="sidflow-feedback", lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    app.add_middleware(SecurityHeaders)
    install_error_handlers(app)
    app.include_router(feedback_router(database))
    app.include_router(model_router(settings.model_path))
    release = version("sidflow-feedback")

    @app.api_route("/api/health", methods=["GET", "HEAD"])
    def health() -> Health:
        database.check()
        return Health(version=release)

    mount_files(app, settings)
    return app
