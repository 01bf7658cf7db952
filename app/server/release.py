"""Releases: everything that is served to a page, named by its content, so that it can be kept for ever."""

import json
import posixpath
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..files import fingerprint, sha256_of, sources_in
from .settings import Settings

RELEASES_KEPT = 8
"""Of how many releases the server remembers which file was what: a developer makes many."""

PREFIX = "r"
"""First part of the addresses of a release's files."""

ETAG_DIGITS = 32
"""How much of its SHA-256 is in a file's ETag."""

_OWN_ADDRESS = re.compile(r'\b(href|src|config)="/?(?=(?:page|static)/)')


LIBRARY_SUFFIXES = (".py", ".js", ".json")
"""What is served of the library's folder."""

CONFIGURATION = "page/page.json"
"""PyScript takes the interpreter's address in it to be relative to the page, all others to this file."""

SOURCES = "page/sources.json"
"""The Python that the configuration names, as one file: a request for each would take longer than they do."""

MADE = (CONFIGURATION, SOURCES)
"""Files of a release that are made of other files."""

_INTERPRETER = "static/js/micropython.js"
"""Takes the place of MicroPython, and puts `SOURCES` into it."""


class Contents:
    """SHA-256 of files, computed again only when a file has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of the file's content in hexadecimal."""
        status = path.stat()
        state = (status.st_mtime_ns, status.st_size)
        if path not in self._known or self._known[path][0] != state:
            self._known[path] = (state, sha256_of(path))
        return self._known[path][1]


@dataclass(frozen=True)
class Release:
    """What was served at one time.

    Attributes
    ----------
    name
        Another one for each content.
    files, paths
        SHA-256 and place of each file by its address.
    """

    name: str
    files: dict[str, str]
    paths: dict[str, Path]

    def index(self) -> str:
        """Return the page with addresses of this release."""
        return _OWN_ADDRESS.sub(rf'\1="{PREFIX}/{self.name}/', self._read("page/index.html"))

    def made(self, address: str) -> str:
        """Return the text of one of the files `MADE`."""
        if address == CONFIGURATION:
            configuration = json.loads(self._read(CONFIGURATION))
            configuration["interpreter"] = f"./{PREFIX}/{self.name}/{_INTERPRETER}"
            del configuration["files"]
            return json.dumps(configuration)
        return json.dumps({to: self._read(source) for source, to in self._sources().items()})

    def _sources(self) -> dict[str, str]:
        """Return the addresses of what `SOURCES` is made of, and the paths in the interpreter."""
        files = json.loads(self._read(CONFIGURATION))["files"]
        return {posixpath.normpath(f"page/{source}"): path for source, path in files.items()}

    def _read(self, address: str) -> str:
        return self.paths[address].read_text("utf-8")

    def offline(self) -> dict[str, str]:
        """Return of the files that a page needs without a network the SHA-256, by address."""
        left_out = self._sources()
        return {
            address: content
            for address, content in self.files.items()
            if address not in left_out and not _ON_DEMAND.match(address)
        }

    def exported(self) -> list[str]:
        """Return the addresses of the files that a copy of the page can load."""
        return [address for address in self.files if not _FOR_BUILDING.match(address)]


_ON_DEMAND = re.compile(
    r"static/vendor/(pyodide/.*\.(whl|zip)|wheels/|engine/(scipy|scikit_learn|joblib|threadpoolctl)-"
    r"|pyscript/(toml|zip|pyodide_graph))|sidflow_feedback/learning/first_model"
)
"""What few pages need: scikit-learn, sources of what is compiled, and parts of PyScript for others."""

_FOR_BUILDING = re.compile(r"static/vendor/(pyodide/.*\.(whl|zip)|wheels/)|page/index\.html")


class Releases:
    """The present release, and those that were served before.

    Parameters
    ----------
    settings
        Where the files are.
    """

    def __init__(self, settings: Settings) -> None:
        self.contents = Contents()
        self._settings = settings
        self._releases: OrderedDict[str, Release] = OrderedDict()

    def present(self) -> Release:
        """Return the release of the files as they are now."""
        paths = dict(self._files())
        files = {address: self.contents.sha256(path) for address, path in paths.items()}
        name = fingerprint(part for item in sorted(files.items()) for part in item)[:16]
        if name not in self._releases:
            self._releases[name] = _release(name, files, paths)
        self._releases.move_to_end(name)
        while len(self._releases) > RELEASES_KEPT:
            self._releases.popitem(last=False)
        return self._releases[name]

    def holds(self, name: str, address: str, etag: str) -> bool:
        """Return whether an answer with this ETag has the file that the release has at this address."""
        release = self._releases.get(name)
        return release is not None and release.files.get(address, "-").startswith(
            etag.strip('"')[:ETAG_DIGITS]
        )

    def get(self, name: str) -> Release | None:
        """Return a release that was served since the server started."""
        return self._releases.get(name)

    def _files(self) -> Iterator[tuple[str, Path]]:
        here = self._settings
        folders = {
            "page": here.page,
            "sidflow_feedback": here.library,
            "static/vendor": here.vendor,
            "static": here.static,
        }
        seen: set[Path] = set()
        for address, folder in folders.items():
            for path in sources_in(folder):
                if path not in seen and (folder != here.library or path.suffix in LIBRARY_SUFFIXES):
                    seen.add(path)
                    yield f"{address}/{path.relative_to(folder).as_posix()}", path


def _release(name: str, files: dict[str, str], paths: dict[str, Path]) -> Release:
    release = Release(name, files, paths)
    if CONFIGURATION in files:
        files.update({made: sha256(release.made(made).encode()).hexdigest() for made in MADE})
    return release
