"""The command `analyze`."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from .count import count


def add(commands: Any) -> None:
    """Add the command to a command line."""
    analysis = commands.add_parser(
        "analyze",
        help="analyze all songs of a folder, and write an analysis file that makes them known to pages",
    )
    analysis.set_defaults(run=run)
    analysis.add_argument("folder", type=Path, metavar="DIR", help="folder with .sid and .mus files")
    analysis.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="default: the folder's name with .sidan, in the current folder",
    )
    analysis.add_argument("--workers", type=count, metavar="N", help="processes (default: one per core)")
    analysis.add_argument("--scheduler", metavar="ADDRESS", help="run on this Dask cluster")
    analysis.add_argument(
        "--release", metavar="NUMBER", help="release of the HVSC (default: what its documents say)"
    )
    analysis.add_argument(
        "--lance", type=Path, metavar="DIR", help="write a LanceDB table to this folder, too"
    )


def run(options: argparse.Namespace) -> None:
    """Analyze the music of a folder, write the analysis file, and print a summary.

    Raises
    ------
    CorpusError, ClusterError, ConfigurationError, SongTableError
        If there is no music, a file can't be written, or no worker can be reached.
    """
    from ..corpus.progress import Bar
    from ..corpus.run import Options, analyze
    from ..server.settings import Settings
    from ..song_table import SongTable, load_lancedb

    folder: Path = options.folder.resolve()
    chosen = Options(
        folder=folder,
        out=options.out or Path(f"{folder.name or 'music'}.sidan"),
        workers=options.workers,
        scheduler=options.scheduler,
        release=options.release,
        roms=Settings.from_environment().roms,
    )
    if options.lance is not None:
        load_lancedb()  # Now rather than after hours of analysis.
    console = Console(stderr=True)
    with Bar(console) as bar:
        music, file, summary = analyze(chosen, bar)
    if options.lance is not None:
        from ..corpus.song_rows import song_rows

        rows = song_rows(music, file)
        SongTable.write(options.lance, rows)
        summary.written.append(f"{options.lance} ({rows.num_rows:,} songs)")
    for line in summary.lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
