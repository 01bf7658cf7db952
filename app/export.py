"""What any host of plain files can serve, at any address: a copy of the page, or the library for others."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from .errors import SetupError
from .export_folder import replace_export
from .files import fingerprint
from .server.headers import PAGE_POLICY_META
from .server.release import PREFIX, Release, Releases
from .server.settings import Settings

SITE = "static/js/site.js"
_FIRST_SCRIPT = r'<script src="[^"]*trusted-types\.js"></script>'
SERVICE_WORKER = "service-worker.js"
MODEL = "sidflow_feedback/learning/first_model.json"
"""Stands for what a server would say."""

LIBRARY_FILES = re.compile(
    r"sidflow_feedback/(page/[\w-]+\.js|engine/(worker|boot/interpreter)\.js|store/indexeddb\.js"
    r"|learning/first_model\.json)"
    r"|static/vendor/(engine/(start\.json|pyodide-lock\.json|python_stdlib\.zip|(numpy|sidflow_feedback)-.*)"
    r"|pyodide/pyodide\.asm\.(mjs|wasm)|micropython/.*|pyscript/.*)"
)
"""What a page needs that embeds the library; docs/embed.md says what for."""

PYTHON_FILES = re.compile(
    r"sidflow_feedback/(__init__|errors|preferences|vocabulary|player/telemetry"
    r"|page/(?!installed)\w+)\.py"
)
"""The Python of such a page."""

SOURCES = "sidflow_feedback/page/sources.json"
"""All of `PYTHON_FILES` in one, for ``sidflow_feedback/page/micropython.js``."""


def export_site(folder: Path, settings: Settings) -> None:
    """Write the page and all that it loads into `folder`; an earlier export there is replaced.

    Raises
    ------
    SetupError
        If there is something else in the folder, or it can't be written.
    """
    served = Releases(settings).present()
    release = Release(fingerprint([served.name, "without a server"])[:16], served.files, served.paths)
    worker = release.paths[f"static/js/{SERVICE_WORKER}"].read_bytes()
    page = {SERVICE_WORKER: worker, "index.html": _page(release).encode()}
    root = f"{PREFIX}/{release.name}"
    _write(folder, {f"{root}/{address}": data for address, data in _files(release).items()} | page)


def export_library(folder: Path, settings: Settings) -> None:
    """Write what other people's pages need to embed the library into `folder`; an earlier export is replaced.

    Raises
    ------
    SetupError
        If there is something else in the folder, or it can't be written.
    """
    paths = Releases(settings).present().paths
    python = {
        address: path.read_text("utf-8") for address, path in paths.items() if PYTHON_FILES.fullmatch(address)
    }
    files = {
        address: path.read_bytes() for address, path in paths.items() if LIBRARY_FILES.fullmatch(address)
    }
    _write(folder, files | {SOURCES: json.dumps(python).encode()})


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    try:
        replace_export(folder, contents)
    except OSError as error:
        raise SetupError(f"The export can't be written into {folder}: {error}.") from error


def _files(release: Release) -> dict[str, bytes]:
    contents = {address: _content(address, release) for address in release.exported()}
    offline = {MODEL, *release.offline()} & contents.keys()
    checksums = {address: sha256(contents[address]).hexdigest() for address in sorted(offline)}
    return contents | {"files.json": json.dumps(checksums).encode()}


def _content(address: str, release: Release) -> bytes:
    path = release.paths[address]
    if address == SITE:
        return path.read_bytes().replace(b"server = true", b"server = false")
    return path.read_bytes()


def _page(release: Release) -> str:
    policy = f'<meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY_META}">'
    isolation = f'<script src="{PREFIX}/{release.name}/static/js/isolation.js"></script>'
    return re.sub(_FIRST_SCRIPT, rf"{policy}\n    \g<0>\n    {isolation}", release.index(), count=1)
