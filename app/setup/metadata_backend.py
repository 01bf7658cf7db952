"""A build backend that builds nothing: it answers pip's question for an sdist's metadata from its PKG-INFO.

pip cannot download an sdist without asking the sdist's backend. With this one in its place, none of the
sdist's code runs and no build tool is fetched for it.
"""

import shutil
from email.parser import HeaderParser
from pathlib import Path


def prepare_metadata_for_build_wheel(metadata_directory: str, _settings: object = None) -> str:
    """Copy PKG-INFO of the sdist in the current folder, as PEP 517 asks; return the folder that holds it."""
    package = HeaderParser().parsestr(Path("PKG-INFO").read_text("utf-8"), headersonly=True)
    folder = Path(metadata_directory) / f"{package['Name']}-{package['Version']}.dist-info"
    folder.mkdir()
    shutil.copy("PKG-INFO", folder / "METADATA")
    return folder.name


def build_wheel(*_arguments: object) -> str:
    """Refuse: there is nothing to build with."""
    raise NotImplementedError("only the sdist itself is wanted")
