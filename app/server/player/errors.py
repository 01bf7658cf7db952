"""What can go wrong with a player, as the page is told."""

from ..errors import ServerError, UnavailableError


class PlayerUnavailableError(UnavailableError):
    """The program or device is not there, or does not answer."""

    code = "player_unavailable"


class NotThisMachineError(ServerError):
    """Somebody else's machine asks to make this one play."""

    status = 403
    code = "not_this_machine"


class UnplayableTuneError(ServerError):
    """The file is no tune that can be played."""

    status = 422
    code = "unplayable_tune"


class NoSuchStreamError(ServerError):
    """The rendering was dropped for newer ones, or never was."""

    status = 404
    code = "no_such_stream"


class TooManyStreamsError(ServerError):
    """More was asked to be rendered than this server does in a while."""

    status = 429
    code = "too_many_streams"
    headers = {"Retry-After": "10"}  # noqa: RUF012
