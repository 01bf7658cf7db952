"""The tunes that can be played: the served catalogue, and the listener's own files."""

import json

import js
from pyscript import document, window

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

PAGE = document.querySelector("script[type=mpy]").src
CATALOGUE = window.URL.new("../static/vendor/tunes/catalogue.json", PAGE).href
"""Relative to the page's script, as all addresses of one release are."""


class Library:
    """Tunes as dicts.

    ``sidPath, title, author, songs``, and with one item for each song ``lengths`` (seconds) and ``features``;
    ``row`` once the engine has them.
    """

    def __init__(self) -> None:
        self.tunes: list[dict[str, Any]] = []

    def after(self, tune: "dict[str, Any] | None") -> "list[dict[str, Any]]":
        """Return the tunes that follow this one, the first ones at the end; all for one that is not here."""
        index = self.tunes.index(tune) + 1 if tune in self.tunes else 0
        return self.tunes[index:] + self.tunes[:index]

    async def load(self) -> None:
        """Fetch the catalogue."""
        answer = await window.fetch(CATALOGUE)
        if not answer.ok:
            raise RuntimeError(
                "The tune library can't be loaded (the server answered "
                + str(answer.status)
                + "). Run the set-up again."
            )
        catalogue = json.loads(await answer.text())
        for tune in catalogue["tunes"]:
            tune["lengthSource"] = "catalogue"
            self.tunes.append(tune)

    async def add_own(self, file: "Any") -> "dict[str, Any]":
        """Add a file of the listener's. Its name stays here: events know it by the hash of its content."""
        data = await file.arrayBuffer()
        digest = await js.crypto.subtle.digest("SHA-256", data)
        path = "sha256:" + "".join(f"{byte:02x}" for byte in js.Uint8Array.new(digest))
        for tune in self.tunes:
            if tune["sidPath"] == path:
                return tune
        tune = {
            "sidPath": path,
            "title": file.name,
            "author": "your own file",
            "songs": 1,
            "lengths": [],
            "lengthSource": "default",
            "features": [],
            "data": data,
        }
        self.tunes.insert(0, tune)
        return tune

    async def data(self, tune: "dict[str, Any]") -> "Any":
        """Return the bytes of a tune as an ArrayBuffer."""
        if "data" in tune:
            return tune["data"]
        answer = await window.fetch(window.URL.new(tune["url"], CATALOGUE))
        if not answer.ok:
            raise RuntimeError("The server has no such tune (it answered " + str(answer.status) + ").")
        return await answer.arrayBuffer()

    def remove(self, tune: "dict[str, Any]") -> None:
        """Take a tune away, for example one that can't be played."""
        self.tunes.remove(tune)
        tune.pop("row", None)


def title_of(library: Library, path: str) -> str:
    """Return the title of the tune at this path, the path where it is not in the library."""
    for tune in library.tunes:
        if tune["sidPath"] == path:
            return str(tune["title"])
    return path
