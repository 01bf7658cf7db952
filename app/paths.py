"""Where things are: in a checkout, or beside an installed wheel."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from platformdirs import user_data_path

import sidflow_feedback

APP = Path(__file__).resolve().parent

COMPRESSED = ".compressed"
"""Folder in `Paths.vendor` of the compressed copies, named by the original's SHA-256."""

BUNDLES = "bundles"
"""Folder in `Paths.vendor` of the page's bundles, by the address at which a release serves them."""


@dataclass(frozen=True)
class Paths:
    """Folders of the application. Only `data` is written to; in a checkout also `vendor`, `npm`, and `work`.

    Attributes
    ----------
    checkout
        Whether this is a checkout of the sources rather than an installed wheel.
    static, page, library, wasm
        Our own sources: web files, the page, the package `sidflow_feedback`, the SID emulator (set-up only).
    manifests
        Folder of package.json and package-lock.json (set-up only).
    vendor
        What set-up made, served as /static/vendor. A wheel of the application has it.
    npm
        Where `npm ci` runs (set-up only).
    work
        Downloads and intermediate results; may be deleted at any time (set-up only).
    data
        What must be kept: the server's database.
    """

    checkout: bool
    static: Path
    page: Path
    library: Path
    wasm: Path
    manifests: Path
    vendor: Path
    npm: Path
    work: Path
    data: Path

    @property
    def first_model(self) -> Path:
        """The global model to start from: set-up makes it in a checkout, and the library's wheel has it."""
        return self.library / "learning" / "first_model.json"


@cache
def paths() -> Paths:
    """Return the paths of the code that runs."""
    root = APP.parent
    return checkout_paths(root) if (root / "pyproject.toml").is_file() else installed_paths()


def checkout_paths(root: Path) -> Paths:
    """Return the paths in a checkout at `root`; everything stays inside it."""
    return Paths(
        checkout=True,
        static=root / "static",
        page=root / "app" / "page",
        library=root / "sidflow_feedback",
        wasm=root / "wasm",
        manifests=root,
        vendor=root / "static" / "vendor",
        npm=root / "build" / "setup" / "npm",
        work=root / "build" / "setup",
        data=root / "data",
    )


def installed_paths() -> Paths:
    """Return the paths of an installed wheel, whose files are read-only."""
    data = user_data_path("sidflow-feedback", appauthor=False)
    return Paths(
        checkout=False,
        static=APP / "static",
        page=APP / "page",
        library=Path(sidflow_feedback.__file__).parent,
        wasm=APP / "wasm",
        manifests=APP,
        vendor=APP / "vendor",
        npm=data / "npm",
        work=data / "work",
        data=data,
    )
