"""The command `serve`."""

import argparse
import errno
import gc
import os
import secrets
import socket
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import uvicorn
from rich.console import Console

from ..errors import SetupError
from ..server.errors import ConfigurationError
from .setup import compress_later, ensure_set_up

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8064

TOKEN_BYTES = 32
"""Length of the token for the local players, before it is encoded."""


def add(commands: Any) -> None:
    """Add the command to a command line."""
    server = commands.add_parser("serve", help="serve the application")
    server.set_defaults(run=run)
    server.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
    server.add_argument(
        "--port", default=DEFAULT_PORT, type=int, help="default: %(default)s; 0: any free one"
    )
    server.add_argument(
        "--root-path",
        default="/",
        metavar="PATH",
        help="path at which a proxy serves this, if the proxy doesn't remove it from requests",
    )
    server.add_argument(
        "--collection",
        metavar="DIR",
        help="folder of tunes for all listeners (default: SIDFLOW_COLLECTION)",
    )
    server.add_argument(
        "--local-players",
        action="store_true",
        help="let the page on this machine use sidplayfp and an Ultimate 64; prints an address with a token",
    )
    server.add_argument(
        "--ultimate",
        metavar="ADDRESS",
        help="address of your Ultimate 64, for --local-players (default: SIDFLOW_ULTIMATE)",
    )


def run(options: argparse.Namespace) -> None:
    """Set up what is missing, then serve the application until it is interrupted.

    Raises
    ------
    SetupError
        If the address can't be listened on, which is found before set-up starts, or if set-up fails.
    """
    host, port = options.host, options.port
    with bind(host, port) as listener:
        token = secrets.token_urlsafe(TOKEN_BYTES) if options.local_players else None
        address = page_address(listener, token)
        ensure_set_up()
        server = _AnnouncingServer(_configuration(options, token), address)
        gc.freeze()  # What is loaded by now stays: looking through it for garbage would cost each request.
        try:
            server.run([listener])
        except KeyboardInterrupt:
            return
        except OSError as error:
            raise SetupError(_unusable(host, port, error)) from error


def _configuration(options: argparse.Namespace, token: str | None) -> uvicorn.Config:
    from ..server.application import create_app
    from ..server.database import migrate
    from ..server.logs import log_config
    from ..server.protocol import uvicorn_config
    from ..server.settings import Settings

    try:
        chosen = {"SIDFLOW_COLLECTION": options.collection, "SIDFLOW_ULTIMATE": options.ultimate}
        given = {name: value for name, value in chosen.items() if value}
        settings = replace(Settings.from_environment({**os.environ, **given}), local_token=token)
        app = create_app(settings, options.root_path)
        migrate(settings.database_url)
    except ConfigurationError as error:
        raise SetupError(str(error)) from error
    return uvicorn_config(app, log_config(settings.log_level))


class _AnnouncingServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        Console().print("The page is at", self._address, "(Ctrl+C ends it)", soft_wrap=True)
        compress_later()


def page_address(listener: socket.socket, token: str | None = None) -> str:
    """Return the URL at which a bound socket is reached.

    With a token it is one that works on this machine only. The token is in the fragment, which browsers don't
    send, so it is in no log.

    Raises
    ------
    SetupError
        If there is a token, and the socket can't be reached by a loopback address.
    """
    host, port = listener.getsockname()[:2]
    if token is not None:
        address = ip_address(host)
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"
        elif not address.is_loopback:
            raise SetupError(
                f"--local-players needs a loopback address, and the server would listen at {host} only. "
                "Leave --host out, or use --host 0.0.0.0."
            )
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/" + (f"#token={token}" if token else "")


def bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address, not yet listening.

    Raises
    ------
    SetupError
        If the address is taken, unknown or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SetupError(_unusable(host, port, error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address[0], port, *address[2:]))
    except (OSError, OverflowError) as error:
        listener.close()
        raise SetupError(_unusable(host, port, error)) from error
    return listener


def _unusable(host: str, port: int, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of {host} is taken by another program, perhaps by an earlier start of this one. "
            f"End that program, or choose another port: sidflow-feedback serve --port {port + 1}"
        )
    return f"Cannot listen on port {port} of {host}: {error}. Choose another address with --host and --port."
