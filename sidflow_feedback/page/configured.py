"""The browser of a page whose site serves the library's files. MicroPython."""

import json

import js

from sidflow_feedback.errors import FeedbackError

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any


class ConfiguredBrowser:
    """The library's JavaScript modules, and an engine that starts from the site's files.

    Parameters
    ----------
    modules
        The JavaScript module ``modules.js``.
    """

    def __init__(self, modules: "Any") -> None:
        self.modules = modules
        self.make_uuid = js.crypto.randomUUID

    @classmethod
    def load(cls) -> "ConfiguredBrowser":
        """Return the browser of a PyScript page."""
        try:
            from pyscript.js_modules import sidflow_feedback as modules
        except ImportError as exc:
            raise FeedbackError(
                "The page's PyScript configuration names no JavaScript module 'sidflow_feedback'. "
                "Add the library's modules.js under js_modules."
            ) from exc
        return cls(modules)

    def create_proxy(self, function: "Any") -> "Any":
        """Return the function: JavaScript may keep functions of MicroPython."""
        return function

    def engine_setup(self, choices: "dict[str, str]") -> "Any":
        """Return a `Setup` of ``host.js`` with these entries."""
        return js.Object.assign(self.modules.servedEngine(), js.JSON.parse(json.dumps(choices)))
