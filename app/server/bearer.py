"""Bearer tokens (RFC 6750)."""

from hmac import compare_digest

from fastapi import Request

from .errors import WrongTokenError


def require_token(request: Request, token: str, message: str) -> None:
    """Let a request pass that has this token.

    Raises
    ------
    WrongTokenError
        If it has another or none; with `message`.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not compare_digest(given.encode(), token.encode()):
        raise WrongTokenError(message)
