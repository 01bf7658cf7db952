"""A build backend that only returns an sdist's metadata, from its PKG-INFO.

pip can't download an sdist without calling its backend. With this one in its place, none of the sdist's code
runs and no build tool is downloaded.
"""

import shutil
from email.parser import HeaderParser
from pathlib import Path


def prepare_metadata_for_build_wheel(metadata_directory: str, _settings: object = None) -> str:
    """Copy the PKG-INFO in the current folder as PEP 517 requires, and return the name of its folder."""
    package = HeaderParser().parsestr(Path("PKG-INFO").read_text("utf-8"), headersonly=True)
    folder = Path(metadata_directory) / f"{package['Name']}-{package['Version']}.dist-info"
    folder.mkdir()
    shutil.copy("PKG-INFO", folder / "METADATA")
    return folder.name


def build_wheel(*_arguments: object) -> str:
    """Fail: this backend builds nothing."""
    raise NotImplementedError("this backend only provides metadata")
