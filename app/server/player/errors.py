"""Errors of the players."""

from ..errors import ServerError, UnavailableError


class PlayerUnavailableError(UnavailableError):
    """The program or device is missing or does not respond."""

    code = "player_unavailable"


class LocalPlayersOffError(ServerError):
    """The players on this machine and network are off."""

    status = 403
    code = "local_players_off"


class NotThisMachineError(ServerError):
    """A request to play on this machine came from another one, or through a proxy."""

    status = 403
    code = "not_this_machine"


class ForeignSiteError(ServerError):
    """A page of another site wants to use a player."""

    status = 403
    code = "foreign_site"


class UnplayableTuneError(ServerError):
    """The file can't be played."""

    status = 422
    code = "unplayable_tune"


class RenderingStoppedError(ServerError):
    """A tune took the server too much time or memory."""

    status = 422
    code = "rendering_stopped"

    def __init__(self) -> None:
        super().__init__(
            "The server stopped this tune, because it took too much time or memory. "
            "Play it with the player in the page."
        )


class NoSuchStreamError(ServerError):
    """The rendering does not exist or was dropped."""

    status = 404
    code = "no_such_stream"


class TooManyStreamsError(ServerError):
    """Too many renderings were requested."""

    status = 429
    code = "too_many_streams"
    headers = {"Retry-After": "10"}  # noqa: RUF012
