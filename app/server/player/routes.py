"""`/api/player`: the available players and their controls."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from sidflow_feedback.vocabulary import MAX_SONGS

from ..errors import ServerError
from ..rate import RateLimit
from .access import LocalAccess, require_same_site
from .cli import CliPlayer
from .request import UploadedTune, chosen_song
from .stream import MAX_SECONDS, Streams
from .ultimate import UltimatePlayer

Song = Annotated[int, Query(ge=0, le=MAX_SONGS)]
Seconds = Annotated[float, Query(ge=1, le=MAX_SECONDS)]
Name = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Remote = Literal["cli", "u64"]
Command = Literal["pause", "resume", "stop"]


class Device(Protocol):
    """A player on this machine or network."""

    def unavailable(self) -> Awaitable[str | None]:
        """Return why it can't be used, or None if it can."""

    def play(self, data: bytes, song: int) -> Awaitable[None]:
        """Play a song from its beginning, in place of the current one."""

    def pause(self) -> Awaitable[None]:
        """Pause."""

    def resume(self) -> Awaitable[None]:
        """Resume."""

    def stop(self) -> Awaitable[None]:
        """Stop."""

    def state(self) -> Awaitable[dict[str, Any]]:
        """Return status, song, and error. The status is None if it is unknown."""

    def aclose(self) -> Awaitable[None]:
        """Release all resources."""


@dataclass
class Players:
    """The server's players."""

    cli: Device = field(default_factory=CliPlayer)
    u64: Device = field(default_factory=UltimatePlayer)
    streams: Streams = field(default_factory=Streams)

    def device(self, name: Remote) -> Device:
        """Return a device by name."""
        return self.cli if name == "cli" else self.u64

    async def aclose(self) -> None:
        """Close all players."""
        await self.cli.aclose()
        await self.u64.aclose()
        await self.streams.aclose()


def player_router(players: Players, access: LocalAccess, limit: RateLimit) -> APIRouter:
    """Create the routes of `players`; `access` guards those that make a machine sound."""
    # Internal to the page; may change.
    router = APIRouter(
        prefix="/api/player", include_in_schema=False, dependencies=[Depends(require_same_site)]
    )

    @router.get("")
    async def available(request: Request) -> dict[str, str | None]:
        """Return why each player can't be used, or None if it can."""
        try:
            access(request)
        except ServerError as exc:
            return {"stream": None, "cli": exc.message, "u64": exc.message}
        cli, u64 = players.cli, players.u64
        return {"stream": None, "cli": await cli.unavailable(), "u64": await u64.unavailable()}

    @router.post("/tune")
    async def describe(tune: UploadedTune) -> dict[str, Any]:
        return tune.info

    _add_streams(router, players.streams, limit)
    _add_devices(router, players, access)
    return router


def _add_streams(router: APIRouter, streams: Streams, limit: RateLimit) -> None:
    @router.post("/stream")
    async def render(
        request: Request, tune: UploadedTune, seconds: Seconds = MAX_SECONDS, song: Song = 0
    ) -> dict[str, Any]:
        name = await streams.begin(limit.pseudonym(request), tune, chosen_song(tune, song), seconds)
        return {**tune.info, "url": f"api/player/stream/{name}.wav"}

    @router.api_route("/stream/{name}.wav", methods=["GET", "HEAD"])
    async def stream(request: Request, name: Name) -> Response:
        return streams.answer(name, request.headers.get("range"))


def _add_devices(router: APIRouter, players: Players, access: LocalAccess) -> None:
    guarded = [Depends(access)]

    @router.post("/{name}", dependencies=guarded)
    async def play(name: Remote, tune: UploadedTune, song: Song = 0) -> dict[str, Any]:
        await players.device(name).play(tune.data, chosen_song(tune, song))
        return tune.info

    @router.put("/{name}/{command}", dependencies=guarded)
    async def command(name: Remote, command: Command) -> dict[str, Any]:
        device = players.device(name)
        await {"pause": device.pause, "resume": device.resume, "stop": device.stop}[command]()
        return {}

    @router.get("/{name}", dependencies=guarded)
    async def state(name: Remote) -> dict[str, Any]:
        return await players.device(name).state()
