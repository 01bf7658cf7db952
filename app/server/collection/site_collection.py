"""The collection of this site: what is published of it now."""

import asyncio
import hashlib
import logging
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Final

from .publisher import PUBLISHED, Publication
from .watch import watch

RESTART_SECONDS: Final = 60.0
"""Wait after the process that publishes has crashed."""

_log = logging.getLogger(__name__)


class SiteCollection:
    """A folder of tunes for all listeners of this site.

    Parameters
    ----------
    folder
        Has the tunes.
    analyses
        The analysis file, instead of one in the folder.
    data
        Gets a folder for what is published of this collection.

    Attributes
    ----------
    publication
        What listeners get now; None until it is known.
    """

    def __init__(self, folder: Path, analyses: Path | None, data: Path) -> None:
        self.folder = folder
        self.publication: Publication | None = None
        self.output = data / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self._analyses = analyses
        self._following: asyncio.Task[None] | None = None
        self._process: SpawnProcess | None = None

    @property
    def published(self) -> Path:
        """The folder of the published files."""
        return self.output / PUBLISHED

    def start(self) -> None:
        """Publish the collection from now on, in a process of its own."""
        self._following = asyncio.create_task(self._follow())

    async def aclose(self) -> None:
        """End the process."""
        if self._following:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        self._stop()

    def _stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.join()
            self._process = None

    async def _follow(self) -> None:
        while True:
            connection = self._start_process()
            try:
                while True:
                    self._take(await asyncio.to_thread(connection.recv))
            except (EOFError, OSError):
                _log.error("The process that reads the collection has ended. It is started again soon.")
            finally:
                self._stop()
            await asyncio.sleep(RESTART_SECONDS)

    def _start_process(self) -> Connection:
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        arguments = (self.folder, self._analyses, self.output, sender)
        self._process = context.Process(target=watch, args=arguments, name="collection", daemon=True)
        self._process.start()
        sender.close()  # So that the end of the process is the end of the connection.
        return receiver

    def _take(self, publication: Publication) -> None:
        self.publication = publication
        if publication.problem:
            _log.warning("There is no collection to serve: %s.", publication.problem)
        _log.info("The collection has %d tunes.", len(publication.paths))
        for reason, count in sorted(publication.skipped.items()):
            _log.warning("The collection has %d files that are left out: %s.", count, reason)
