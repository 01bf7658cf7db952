"""The browser of a page whose PyScript configuration names the library's files. MicroPython."""

import js
from pyscript.js_modules import channel, host, idle, outbox, storage

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any


class ConfiguredBrowser:
    """The library's JavaScript modules, and an engine that starts from the site's files.

    Parameters
    ----------
    root
        Address of the site, with a slash at the end.
    """

    def __init__(self, root: str) -> None:
        self.channel = channel
        self.host = host
        self.idle = idle
        self.outbox = outbox
        self.storage = storage
        self.make_uuid = js.crypto.randomUUID
        self._page = root + "page/"

    def create_proxy(self, function: "Any") -> "Any":
        """Return the function: JavaScript may keep functions of MicroPython."""
        return function

    def engine_starter(self) -> "Any":
        """Return a JavaScript function that starts the engine."""
        return host.engineScript(self._page + "engine.py", self._page + "engine.json")
