"""The players that the server controls, when the device fails at what the listener has left."""

from __future__ import annotations

import asyncio
import json

from sidflow_feedback.player import PlayerState
from sidflow_feedback.player.remote import RemotePlayer
from tests.patience import PATIENCE

HEADER = {"title": "", "author": "", "released": "", "songs": 1, "startSong": 1}


class Server:
    """A server that can't play a tune, which it says late."""

    def __init__(self) -> None:
        self.late = asyncio.Event()
        self.played: list[bytes] = []

    async def call(self, method: str, url: str, data: bytes | None) -> str:
        if url == "api/player/tune":
            return json.dumps(HEADER)
        if method == "POST" and data is not None:
            self.played.append(data)
            if data == b"broken":
                await self.late.wait()
                raise RuntimeError("The device refuses this tune.")
        return json.dumps({"status": "playing"})


def test_tune_that_fails_late_does_not_stop_the_one_that_was_chosen_since() -> None:
    async def choose_both() -> list[bytes]:
        server = Server()
        player = RemotePlayer(server, "cli", note)
        loading = []
        for tune in (b"broken", b"intact"):
            loading.append(asyncio.ensure_future(player.load(tune, 1)))
            player.play()
            for _ in range(10):
                await asyncio.sleep(0)
        server.late.set()
        await playing.wait()
        await asyncio.gather(*loading)
        return server.played

    def note(state: PlayerState) -> None:
        states.append(state)
        if state["status"] == "playing":
            playing.set()

    states: list[PlayerState] = []
    playing = asyncio.Event()
    assert asyncio.run(asyncio.wait_for(choose_both(), PATIENCE)) == [b"broken", b"intact"]
    assert "error" not in [state["status"] for state in states]
