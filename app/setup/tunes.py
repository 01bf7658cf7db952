"""Writes the demo tunes and their catalog."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from ..composer.catalog import read_catalog
from ..composer.library import DemoTune
from ..errors import SetupError
from ..files import write_bytes


def make_tunes(library: Sequence[DemoTune], folder: Path) -> list[Path]:
    """Write the tunes of `library` and their catalog to `folder`, and return the files.

    Raises
    ------
    SetupError
        The catalog in the repository lacks one of the tunes.
    """
    known = read_catalog()
    entries = []
    for tune in library:
        entry = known.get(sha256(tune.data).hexdigest())
        if entry is None:
            raise SetupError(
                f"The catalog lacks the demo tune {tune.file_name}, because the composer has changed. "
                "Run `python -m app.composer.catalog` and commit app/composer/catalog.json."
            )
        entries.append(entry)
    files = [write_bytes(folder / tune.file_name, tune.data) for tune in library]
    catalog = json.dumps({"version": 1, "tunes": entries}, indent=1, ensure_ascii=False)
    return [*files, write_bytes(folder / "catalog.json", catalog.encode())]
