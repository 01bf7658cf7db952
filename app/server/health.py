"""`GET /api/health`: whether server and database work."""

from fastapi import APIRouter

from .database import Database
from .schema import Health, errors


def health_router(database: Database, release: str) -> APIRouter:
    """Create the route that checks `database`."""
    router = APIRouter()

    @router.get("/api/health", responses=errors(503))
    @router.api_route("/api/health", methods=["GET", "HEAD"], include_in_schema=False)
    def health() -> Health:
        database.check()
        return Health(version=release)

    return router
