"""The commands that write what other programs use: `export-site`, `export-library`, `export-similarity`."""

from pathlib import Path
from typing import Any

from rich.console import Console

from .setup import ensure_set_up


def add(commands: Any) -> None:
    """Add the commands to a command line."""
    site = commands.add_parser("export-site", help="write a copy of the page for any host of plain files")
    site.add_argument("folder", type=Path, metavar="DIR", help="a new folder, or one with an earlier export")
    site.set_defaults(run=lambda options: export_site(options.folder))
    library = commands.add_parser("export-library", help="write what other pages need to embed the library")
    library.add_argument(
        "folder", type=Path, metavar="DIR", help="a new folder, or one with an earlier export of the library"
    )
    library.set_defaults(run=lambda options: export_library(options.folder))
    similarity = commands.add_parser(
        "export-similarity", help="write the embeddings of an analysis file as a sidcorr-lite-1 bundle"
    )
    similarity.add_argument("analyses", type=Path, metavar="FILE", help="an analysis file (.sidan)")
    similarity.add_argument("folder", type=Path, metavar="DIR", help="the collection that was analyzed")
    similarity.add_argument(
        "--out", type=Path, default=Path("hvsc.sidcorr"), metavar="FILE", help="default: %(default)s"
    )
    similarity.set_defaults(
        run=lambda options: export_similarity(options.analyses, options.folder, options.out)
    )


def export_site(folder: Path) -> None:
    """Set up what is missing, then write a copy of the page that needs no server of ours.

    Raises
    ------
    SetupError
        If set-up fails, or the folder can't be used.
    """
    from ..export import export_site as run
    from ..server.settings import Settings

    ensure_set_up()
    run(folder, Settings.from_environment())
    Console().print(f"Any host of plain files can now serve {folder}: try python -m http.server -d {folder}")


def export_library(folder: Path) -> None:
    """Set up what is missing, then write what other pages need to embed the library.

    Raises
    ------
    SetupError
        If set-up fails, or the folder can't be used.
    """
    from ..export import export_library as run
    from ..server.settings import Settings

    ensure_set_up()
    run(folder, Settings.from_environment())
    Console().print(f"Copy {folder} to your site; docs/embed.md shows how to use it.", highlight=False)


def export_similarity(analyses: Path, folder: Path, output: Path) -> None:
    """Write the embeddings of an analysis file for other programs.

    Raises
    ------
    SetupError
        If the analysis file can't be read.
    """
    from ..similarity import export_similarity as run

    Console().print(f"{run(analyses, folder, output):,} songs written to", str(output))
