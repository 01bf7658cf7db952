"""Bundles the page's JavaScript and CSS, so that it loads a few files instead of 80."""

from pathlib import Path

from ..files import sources_in
from ..paths import BUNDLES, Paths
from . import node

ENTRIES = (
    "static/css/page.css",
    "static/js/page.js",
    "static/js/export/wav-worker.js",
    "static/js/export/wav.js",
    "static/js/insights/charts.js",
    "static/js/sid/excerpt-worker.js",
    "static/js/sid/excerpt.js",
    "static/js/sid/render-worker.js",
    "static/js/sid/rom-card.js",
    "static/js/sid/roms.js",
    "static/js/sid/worklet.js",
    "static/js/tunes/analysis-worker.js",
    "static/js/tunes/archive.js",
    "static/js/tunes/collection-worker.js",
    "static/js/tunes/indexing.js",
    "static/js/tunes/place-views.js",
    "sidflow_feedback/engine/boot/interpreter.js",
    "sidflow_feedback/engine/boot/snapshot-worker.js",
    "sidflow_feedback/engine/worker.js",
    "sidflow_feedback/store/indexeddb.js",
)
"""What the page, its workers, and its engine load. A release serves each bundle at its entry's address."""

SITE = "static/js/site.js"
"""No bundle has it: an exported page has its own."""

RARE = ("pyodide_graph", "toml", "zip")
"""Parts of PyScript that it loads when a configuration needs them. No configuration of ours does."""

UNUSED = ("deprecations-manager", "donkey", "py-editor", "py-game", "py-terminal")
"""Plug-ins of PyScript that the page doesn't use. PyScript loads them all."""

SUFFIXES = (".css", ".js", ".mjs")


def roots(paths: Paths) -> dict[str, Path]:
    """Return the folder of the files below each first part of an address."""
    return {"static/vendor": paths.vendor, "static": paths.static, "sidflow_feedback": paths.library}


def bundled_sources(paths: Paths) -> list[Path]:
    """Return all files that may be in a bundle."""
    folder = paths.vendor / BUNDLES
    files = sources_in(*{paths.static, paths.library, paths.vendor})
    return [path for path in files if path.suffix in SUFFIXES and not path.is_relative_to(folder)]


def bundle(paths: Paths, folder: Path | None = None) -> list[Path]:
    """Write the bundles, their source maps, and the list of the files in them.

    The default folder is static/vendor/bundles.

    Raises
    ------
    SetupError
        If a source has a syntax error, or Node.js or esbuild is missing.
    """
    folder = folder or paths.vendor / BUNDLES
    job = {
        "roots": roots(paths),
        "entries": ENTRIES,
        "separate": [SITE, *_parts_of_pyscript(paths, RARE)],
        "unused": _parts_of_pyscript(paths, UNUSED),
        "target": folder,
    }
    node.run_script("bundle.mjs", job, paths.npm)
    maps = [folder / f"{entry}.map" for entry in ENTRIES]
    return [folder / "inputs.json", *(folder / entry for entry in ENTRIES), *maps]


def _parts_of_pyscript(paths: Paths, names: tuple[str, ...]) -> list[str]:
    """Return the addresses of PyScript's files with these names, which end with a checksum."""
    folder = paths.vendor / "pyscript"
    return [f"static/vendor/pyscript/{path.name}" for path in folder.iterdir() if path.name.startswith(names)]
