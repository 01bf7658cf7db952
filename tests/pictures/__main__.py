"""Takes the pictures that the repository has, or those of some kinds: ``make pictures``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.pictures import docs, references, screenshots
from tests.served import serve

KINDS = {
    "references": references.take,
    "docs": docs.take,
    "recording": docs.record,
    "screenshots": screenshots.take,
}


def main(kinds: list[str]) -> None:
    """Take the pictures of these kinds, or of all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as served,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        for kind in kinds or KINDS:
            KINDS[kind](browser, served)
            print(f"took {kind}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
