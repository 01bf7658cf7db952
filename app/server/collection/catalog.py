"""The catalog of a collection: what the list of tunes needs, in columns, so that it compresses well."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

CATALOG_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Tune:
    """A tune of a collection.

    Attributes
    ----------
    path
        Below the collection's folder, with slashes.
    md5
        Of the file, in hexadecimal.
    songs, start_song
        Number of songs, and the one to start with, from 1.
    """

    path: str
    md5: str
    title: str
    author: str
    released: str
    songs: int
    start_song: int


def catalog_of(name: str, tunes: Sequence[Tune], lengths: Iterable[Sequence[float]]) -> dict[str, Any]:
    """Return the catalog as a JSON value. `static/js/tunes/site-collection.js` reads it.

    Parameters
    ----------
    tunes
        By path.
    lengths
        Of each tune: seconds of its songs; empty if unknown.

    Returns
    -------
    dict
        A list for each column. Folders are listed with the number of their tunes. A title that is the file's
        name is left out. Authors and releases are numbers of texts. Lengths are whole milliseconds, those of
        all tunes one after the other; `timed` has how many of them each tune has.
    """
    folders = [(folder, len(list(group))) for folder, group in groupby(tunes, _folder)]
    authors, author = _numbered(tune.author for tune in tunes)
    releases, release = _numbered(tune.released for tune in tunes)
    known = list(lengths)
    return {
        "version": CATALOG_VERSION,
        "name": name,
        "folders": [folder for folder, _ in folders],
        "counts": [count for _, count in folders],
        "files": [tune.path.rpartition("/")[2] for tune in tunes],
        "titles": ["" if tune.title == title_of(tune.path) else tune.title for tune in tunes],
        "authors": authors,
        "author": author,
        "releases": releases,
        "release": release,
        "songs": [tune.songs for tune in tunes],
        "starts": [tune.start_song for tune in tunes],
        "timed": [len(seconds) for seconds in known],
        "lengths": [round(1000 * length) for seconds in known for length in seconds],
    }


def title_of(path: str) -> str:
    """Return the title that a file's name suggests."""
    return path.rpartition("/")[2].rpartition(".")[0].replace("_", " ")


def _folder(tune: Tune) -> str:
    return tune.path.rpartition("/")[0]


def _numbered(texts: Iterable[str]) -> tuple[list[str], list[int]]:
    """Return the different texts in the order of their first use, and the number of each text."""
    numbers: dict[str, int] = {}
    column = [numbers.setdefault(text, len(numbers)) for text in texts]
    return list(numbers), column
