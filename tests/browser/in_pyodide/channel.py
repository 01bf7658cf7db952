"""The engine's end of the channel, with sample requests."""

from __future__ import annotations

import asyncio
from typing import Any

from sidflow_feedback.engine.page_channel import PageChannel
from sidflow_feedback.errors import TrainingError
from sidflow_feedback.idle.page import PageIdleClock

notes: list[Any] = []
channels: list[Any] = []


def connect() -> None:
    channel: Any = PageChannel("sidflow")  # `Any`: these messages aren't in the vocabulary.
    channels.append(channel)
    channel.on("hello", lambda _value: channel.publish("ready", None))
    channel.on("note", notes.append)
    channel.answer("echo", _echo)
    channel.answer("sum", _sum)
    channel.answer("later", _later)
    channel.answer("refuse", _refuse)
    channel.answer("break", _break)
    channel.answer("unwritable", _unwritable)


def disconnect() -> None:
    channels.pop().close()


def publish(kind: str, value: Any) -> None:
    channels[-1].publish(kind, value)


def take_notes() -> list[Any]:
    """Return and clear the received notes."""
    taken = notes[:]
    notes.clear()
    return taken


async def idle_slots(count: int) -> list[float]:
    clock = PageIdleClock(channels[-1])
    return [(await clock.slot()).length for _ in range(count)]


async def idle_withheld() -> str | None:
    """Request a slot; return the reason if none is granted, else None."""
    clock, changed = PageIdleClock(channels[-1]), asyncio.Event()
    clock.on_change = changed.set
    slot, change = asyncio.ensure_future(clock.slot()), asyncio.ensure_future(changed.wait())
    await asyncio.wait({slot, change}, return_when=asyncio.FIRST_COMPLETED)
    for task in (slot, change):
        task.cancel()
    return clock.withheld


async def clock_runs() -> bool:
    clock = PageIdleClock(channels[-1])
    before = clock.now()
    await clock.sleep(0.05)
    return clock.now() > before


async def _echo(value: Any, _binary: Any) -> Any:
    return value


async def _sum(value: Any, binary: Any) -> Any:
    return [value, sum(bytes(binary.to_py()))]


async def _later(value: float, _binary: Any) -> float:
    await asyncio.sleep(value)
    return value


async def _refuse(_value: Any, _binary: Any) -> None:
    raise TrainingError("There are 3 ratings. Training starts at 8.")


async def _break(_value: Any, _binary: Any) -> None:
    raise KeyError("secret detail")


async def _unwritable(_value: Any, _binary: Any) -> Any:
    return {1, 2}
