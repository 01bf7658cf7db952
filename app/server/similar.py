"""`GET /api/tunes/similar`: songs that sound like a given one, from the table of `analyze --lance`."""

from pathlib import Path
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query

from ..song_table import SongTable, SongTableError
from .errors import InvalidRequestError, NoSongTableError, UnknownSongError
from .rate import RateLimit
from .schema import SimilarSong, SimilarSongs, Song, errors

MAX_SIMILAR: Final = 100
MAX_PATH: Final = 1000

Md5 = Annotated[str, Query(pattern="^[0-9a-f]{32}$", description="MD5 of the file; or give its path.")]
TunePath = Annotated[
    str,
    Query(
        min_length=1, max_length=MAX_PATH, description="Path in the collection; or give the MD5 of the file."
    ),
]
SongNumber = Annotated[Song, Query(description="From 1.")]
Limit = Annotated[int, Query(ge=1, le=MAX_SIMILAR)]
WhatCounts = Annotated[
    Literal["all", "sound"],
    Query(description="What counts: all, which finds a composer best, or only what a listener hears."),
]


def similar_router(folder: Path | None, limit: RateLimit) -> APIRouter:
    """Create the route that answers from the table of songs in `folder`."""
    router = APIRouter(prefix="/api/tunes", dependencies=[Depends(limit)])

    @router.get("/similar", responses=errors(400, 404, 429))
    def similar(
        md5: Md5 | None = None,
        path: TunePath | None = None,
        song: SongNumber = 1,
        limit: Limit = 20,
        weighting: WhatCounts = "all",
    ) -> SimilarSongs:
        if (md5 is None) == (path is None):
            raise InvalidRequestError("The request must name a file. Give its md5 or its path, not both.")
        table = _open(folder)
        wanted = table.song(song, md5=md5, path=path)
        if wanted is None:
            raise UnknownSongError(
                "The server's table doesn't have this song, or knows nothing of its sound. Ask for another."
            )
        found = table.similar(wanted, weighting, limit)
        return SimilarSongs(songs=[SimilarSong.model_validate(row) for row in found])

    return router


def _open(folder: Path | None) -> SongTable:
    if folder is None:
        raise NoSongTableError(
            "This server has no table of songs. Ask a page with an analysis file instead: it answers in the "
            "browser. An operator makes a table with `analyze --lance`, and names it in SIDFLOW_LANCE."
        )
    try:
        return SongTable.open(folder)
    except SongTableError as error:
        raise NoSongTableError(str(error)) from error
