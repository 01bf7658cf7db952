"""The command `sidflow-feedback`."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version

from rich.console import Console

from .cluster import ClusterError
from .commands import analyze, exports, prune, serve, setup, train_global
from .corpus.errors import CorpusError
from .errors import SetupError
from .paths import paths
from .server.errors import ConfigurationError
from .server.settings import VARIABLES
from .song_table import SongTableError
from .training.errors import TrainingError

PROGRAM = "sidflow-feedback"
LIBRARY = "sidflow-feedback"

ERRORS = (SetupError, ConfigurationError, TrainingError, CorpusError, ClusterError, SongTableError)
"""What the command prints without a trace."""


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
    serve.add(commands)
    if paths().checkout:
        setup.add(commands)
    for module in (exports, analyze, train_global, prune):
        module.add(commands)
    return parser
