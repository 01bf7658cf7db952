"""Who may use the local players, which make this machine or a device in its network sound."""

from ipaddress import ip_address

from fastapi import Request

from ..bearer import require_token
from ..client_address import client_address, is_forwarded
from .errors import ForeignSiteError, LocalPlayersOffError, NotThisMachineError

_ONLY_HERE = (
    "This player works only on the machine that runs the server. Open the page there at the address that "
    "`sidflow-feedback serve --local-players` has printed, or choose another player."
)
_OFF = (
    "This player is off. It works only on the machine that runs the server: start it there with "
    "`sidflow-feedback serve --local-players`, and open the address that this prints."
)


class LocalAccess:
    """A FastAPI dependency that accepts only the page on this machine that has the token.

    Parameters
    ----------
    token
        What `serve --local-players` has printed; None if the local players are off.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: Request) -> None:
        """Let the request pass.

        Raises
        ------
        LocalPlayersOffError
            If there is no token.
        NotThisMachineError
            If the client's address or the host isn't a loopback address, or the request was passed on.
        WrongTokenError
            If the request doesn't have the token.
        """
        if self._token is None:
            raise LocalPlayersOffError(_OFF)
        address = client_address(request)
        here = address is not None and address.is_loopback
        if not here or is_forwarded(request.scope) or not _is_loopback(request.headers.get("host", "")):
            raise NotThisMachineError(_ONLY_HERE)
        require_token(request, self._token, _ONLY_HERE)


def require_same_site(request: Request) -> None:
    """Accept requests of our own page, and of what is no browser.

    Raises
    ------
    ForeignSiteError
        If a browser says that a page of another site has made the request.
    """
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise ForeignSiteError("Only the page of this server can use its players. Open that page.")


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
