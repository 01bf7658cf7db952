"""Releases: all files of the page under an address derived from their content, cacheable forever."""

import json
import re
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..files import fingerprint, sha256_of, sources_in
from ..paths import BUNDLES
from .settings import Settings

RELEASES_KEPT = 8
"""Releases whose file checksums the server remembers. A developer's edits create many."""

PREFIX = "r"
"""First path segment of a release's files."""

ETAG_DIGITS = 32
"""Digits of a file's SHA-256 in its ETag."""

_OWN_ADDRESS = re.compile(r'((?:\b(?:href|src)=|"interpreter": )")/?(?=(?:page|static)/)')

LIBRARY_SUFFIXES = (".py", ".js", ".json")
"""Suffixes of the library's files that are served."""

BUNDLED = f"static/vendor/{BUNDLES}/"
"""What set-up has bundled, by the address of each bundle's entry, which a release replaces by the bundle."""

INPUTS = f"{BUNDLED}inputs.json"
"""Addresses of the files that are in a bundle."""


LOOK_SHARE = 0.02
"""Share of its time that the server looks for changed files, in a checkout: there are hundreds."""


class Contents:
    """A cache of SHA-256 checksums, computed again when a file has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], str]] = {}

    def sha256(self, path: Path) -> str:
        """Return the file's SHA-256 in hexadecimal."""
        status = path.stat()
        state = (status.st_mtime_ns, status.st_size)
        if path not in self._known or self._known[path][0] != state:
            self._known[path] = (state, sha256_of(path))
        return self._known[path][1]


@dataclass(frozen=True)
class Release:
    """The files that are served at one time.

    Attributes
    ----------
    name
        A hash of the content.
    files, paths
        SHA-256 and path of each file, by address.
    """

    name: str
    files: dict[str, str]
    paths: dict[str, Path]

    def index(self) -> str:
        """Return the page, with the addresses of this release."""
        return _OWN_ADDRESS.sub(rf"\1{PREFIX}/{self.name}/", self._read("page/index.html"))

    def offline(self) -> dict[str, str]:
        """Return the SHA-256 of each file that a page needs offline, by address."""
        bundled = set(json.loads(self._read(INPUTS))) if INPUTS in self.paths else set()
        return {
            address: content
            for address, content in self.files.items()
            if address not in bundled and not _ON_DEMAND.match(address)
        }

    def exported(self) -> list[str]:
        """Return the addresses of the files that an exported page can load."""
        return [address for address in self.files if not _FOR_BUILDING.match(address)]

    def _read(self, address: str) -> str:
        return self.paths[address].read_text("utf-8")


_ON_DEMAND = re.compile(
    r"static/vendor/(pyodide/.*\.(whl|zip)|wheels/|engine/(scipy|scikit_learn|joblib|threadpoolctl)-|pyscript/"
    r"|bundles/)|sidflow_feedback/(learning/first_model|page/(feedback|micropython)\.js)|.*\.(py|map)$"
    r"|page/modules\.json$|static/screenshots/"
)
"""What few pages need: scikit-learn, parts of PyScript, sources of what is compiled, files for embedders.

Browsers show screenshots before they install the page; the page itself never does.
"""

_FOR_BUILDING = re.compile(rf"static/vendor/(pyodide/.*\.(whl|zip)|wheels/)|{BUNDLED}|page/index\.html")


class Releases:
    """The current release, and earlier ones since the server started.

    Parameters
    ----------
    settings
        The folders of the files.
    """

    def __init__(self, settings: Settings) -> None:
        self.contents = Contents()
        self._settings = settings
        self._releases: OrderedDict[str, Release] = OrderedDict()
        self._looked = 0.0
        self._took = 0.0

    def latest(self) -> Release:
        """Return the release of the files as they were when they were looked at last."""
        return next(reversed(self._releases.values())) if self._releases else self.present()

    def look_is_due(self) -> bool:
        """Return whether the files may have changed since then; if so, the caller calls `present`.

        Until that has returned, it says no to all others: one look is enough.
        """
        now = time.monotonic()
        if not self._settings.changing or now - self._looked < self._took / LOOK_SHARE:
            return False
        self._looked = now
        return True

    def present(self) -> Release:
        """Look at all files, and return their release."""
        began = time.monotonic()
        release = self._look()
        self._looked = time.monotonic()
        self._took = self._looked - began
        return release

    def _look(self) -> Release:
        paths = dict(self._files())
        paths |= {address: paths[source] for address in paths if (source := self.source(address)) in paths}
        files = {address: self.contents.sha256(path) for address, path in paths.items()}
        name = fingerprint(part for item in sorted(files.items()) for part in item)[:16]
        if name not in self._releases:
            self._releases[name] = Release(name, files, paths)
        self._releases.move_to_end(name)
        while len(self._releases) > RELEASES_KEPT:
            self._releases.popitem(last=False)
        return self._releases[name]

    def holds(self, name: str, address: str, etag: str) -> bool:
        """Return whether a response with this ETag contains the release's file at this address."""
        release = self._releases.get(name)
        return release is not None and release.files.get(address, "-").startswith(
            etag.strip('"')[:ETAG_DIGITS]
        )

    def source(self, address: str) -> str:
        """Return the address of what a release serves at `address`: of the bundle, if there is one."""
        return BUNDLED + address if (self._settings.vendor / BUNDLES / address).is_file() else address

    def get(self, name: str) -> Release | None:
        """Return a release by name, if the server remembers it."""
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
