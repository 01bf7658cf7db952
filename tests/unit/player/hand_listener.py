"""A listener with the page's playback and a player whose time is set by hand."""

from __future__ import annotations

import asyncio
import itertools
import json

from app.page.core.judgments import Judgments
from app.page.core.payloads import TuneRecord
from app.page.core.playback import Playback
from app.page.core.tune import Tune
from sidflow_feedback.page.recorder import Recorder
from sidflow_feedback.player import Ability
from sidflow_feedback.player.memory import MemoryPlayer
from sidflow_feedback.types import Record
from tests.contracts.player_contract import (
    LONG,
    SHORT,
    SHORT_SECONDS,
    SONGS,
)
from tests.contracts.samples import FEATURES

TICK = 0.25
SONG_COUNT = 3
ALL: tuple[Ability, ...] = ("position", "seek", "volume")


class Tunes:
    """A library of made-up tunes, and its queue."""

    def __init__(self) -> None:
        self.numbers = itertools.count()
        self.bytes: dict[str, bytes] = {}
        self.waiting: asyncio.Event | None = None
        self.queue: list[Tune] | None = None
        self.reads: list[str] = []
        self.rejected: list[str] = []
        self.accepted: list[str] = []
        self.shortage = ""
        self.named = {
            LONG: self.make(),
            SONGS: self.make(),
            SHORT: self.make(SHORT_SECONDS),
        }

    def make(
        self,
        length: float | None = 100.0,
        data: bytes = b"PSID",
        songs: int = SONG_COUNT,
        start_song: int = 1,
    ) -> Tune:
        record: TuneRecord = {
            "sidPath": f"Demo/{next(self.numbers)}.sid",
            "title": "Tune",
            "songs": songs,
            "startSong": start_song,
            "lengths": [length] * songs,
            "lengthSource": "catalog",
            "features": [FEATURES] * songs,
        }
        self.bytes[record["sidPath"]] = data
        return Tune(record)

    async def data(self, tune: Tune) -> bytes:
        if self.waiting:
            await self.waiting.wait()
        self.reads.append(tune.sid_path)
        if tune.sid_path not in self.bytes:
            raise FileNotFoundError("The file is gone.")
        return self.bytes[tune.sid_path]

    def take(self) -> Tune | None:
        if self.queue is None:
            return self.make()
        return next((tune for tune in self.queue if tune.sid_path not in self.rejected), None)

    async def reject(self, tune: Tune) -> None:
        self.rejected.append(tune.sid_path)

    def accept(self, tune: Tune) -> None:
        self.accepted.append(tune.sid_path)

    def accept_all(self) -> None:
        self.rejected = []


class Storage:
    """`localStorage` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.writes = 0

    def getItem(self, key: str) -> str | None:  # noqa: N802
        return self.kept.get(key)

    def setItem(self, key: str, value: str) -> None:  # noqa: N802
        self.kept[key] = value
        self.writes += 1

    def removeItem(self, key: str) -> None:  # noqa: N802
        self.kept.pop(key, None)


class HandListener:
    """Listens through `MemoryPlayer`, whose time passes by hand."""

    def __init__(self, abilities: tuple[Ability, ...] = ALL) -> None:
        self.now = 1000.0
        self.abilities = abilities
        self.kept: list[Record] = []
        self.messages: list[str] = []
        self.tunes = Tunes()
        self.storage = Storage()
        self.judgments = Judgments(self.storage)
        uuids = (f"00000000-0000-4000-8000-{i:012}" for i in itertools.count())
        recorder = Recorder(self, lambda: next(uuids), lambda: 0.0, "session-1", self.messages.append)
        self.playback = Playback(
            self.tunes, recorder, self.tunes.take, self.notify, lambda: self.now, self.judgments
        )
        self.withdrawn: list[str] = []
        self.playback.taken_back.connect(lambda _judgment, _tune, uuid: self.withdrawn.append(uuid))
        self.player = self.use("memory")

    def use(self, pipeline: str) -> MemoryPlayer:
        player = MemoryPlayer(
            lambda state: self.playback.on_player_state(pipeline, state),
            songs=SONG_COUNT,
            pipeline=pipeline,
            abilities=self.abilities,
        )
        asyncio.run(self.playback.use(player))
        return player

    def append(self, uuid: str, json_text: str) -> str:
        self.kept.append(json.loads(json_text) | {"uuid": uuid})
        return "saved"

    def notify(self, text: str, exc: Exception | None) -> None:
        self.messages.append(text + str(exc or ""))

    def choose(self, tune: str) -> None:
        asyncio.run(self.playback.open(self.tunes.named[tune]))

    def listen(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.player.advance(TICK)
            asyncio.run(self.playback.tick())

    def pause(self) -> None:
        self.playback.toggle()
        self.now += 100

    def resume(self) -> None:
        self.playback.toggle()

    def seek(self, seconds: float) -> None:
        self.playback.seek(seconds)

    def next(self) -> None:
        self.now += 1
        self.player.advance(1)
        asyncio.run(self.playback.next())

    def double_next(self) -> None:
        self.next()
        self.now += 0.2
        self.player.advance(0.2)
        asyncio.run(self.playback.next(2))

    def like(self) -> None:
        self.playback.judge("like")

    def set_song(self, song: int) -> None:
        self.playback.set_song(song)

    def hide(self) -> None:
        self.now += 1  # A hidden page is asked less often.
        self.player.advance(1)
        asyncio.run(self.playback.tick())

    def open_broken_file(self) -> None:
        self.tunes.queue = []
        asyncio.run(self.playback.open(self.tunes.make(data=b"")))
        self.tunes.queue = None
        assert self.messages.pop().endswith("The last: The file is empty: choose another one.")

    def wait_for_end(self) -> None:
        self.listen(SHORT_SECONDS)

    def switch(self) -> None:
        self.player = self.use("memory-2")

    def events(self) -> list[Record]:
        return self.kept


def actions(listener: HandListener) -> list[str]:
    return [event["action"] for event in listener.events()]


def missing(listener: HandListener) -> Tune:
    """Return a tune whose file is gone."""
    tune = listener.tunes.make()
    del listener.tunes.bytes[tune.sid_path]
    return tune
