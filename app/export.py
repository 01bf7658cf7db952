"""A copy of the page that needs no server of ours: any host of plain files can serve it, at any address."""

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

from .errors import SetupError
from .files import fingerprint, write_bytes
from .server.release import PREFIX, Release, Releases
from .server.settings import Settings

SITE = "static/js/site.js"
SERVICE_WORKER = "service-worker.js"
MODEL = "sidflow_feedback/learning/first_model.json"
"""Stands for what a server would say."""


def export_site(folder: Path, settings: Settings) -> None:
    """Write the page and all that it loads into `folder`; an earlier export there is replaced.

    Raises
    ------
    SetupError
        If there is something else in the folder, or it can't be written.
    """
    _check(folder)
    served = Releases(settings).present()
    release = Release(fingerprint([served.name, "without a server"])[:16], served.files, served.paths)
    try:
        shutil.rmtree(folder / PREFIX, ignore_errors=True)
        _write_release(folder / PREFIX / release.name, release)
        write_bytes(folder / SERVICE_WORKER, release.paths[f"static/js/{SERVICE_WORKER}"].read_bytes())
        write_bytes(folder / "index.html", _page(release).encode())  # Last: now it is an export.
    except OSError as error:
        raise SetupError(f"The site can't be written into {folder}: {error}.") from error


def _check(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / SERVICE_WORKER).is_file():
        raise SetupError(
            f"{folder} has something else in it. Name a new folder, or one with an earlier export."
        )


def _write_release(root: Path, release: Release) -> None:
    contents = {address: _content(address, release) for address in release.exported()}
    for address, content in contents.items():
        write_bytes(root / address, content)
    offline = {MODEL, *release.offline()} & contents.keys()
    checksums = {address: sha256(contents[address]).hexdigest() for address in sorted(offline)}
    write_bytes(root / "files.json", json.dumps(checksums).encode())


def _content(address: str, release: Release) -> bytes:
    path = release.paths[address]
    if address == SITE:
        return path.read_bytes().replace(b"server = true", b"server = false")
    return path.read_bytes()


def _page(release: Release) -> str:
    page = release.index()
    isolation = f'<script src="{PREFIX}/{release.name}/static/js/isolation.js"></script>'
    return re.sub(r"(<meta charset=[^>]*>)", rf"\1\n    {isolation}", page, count=1)
