"""What else the server does while listeners share: the front page, and streams. A part of `bench-server`."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from app.paths import paths
from tests.bench.harness import Figures, percentile

READERS: Final = 8
"""Connections that get the front page."""

LISTENERS: Final = 4
"""Clients for which the stream player renders, each with an address of its own, as it limits addresses."""

Send = Callable[[str, Sequence[dict[str, Any]]], list[float]]
"""Sends batches to a server; returns the seconds that each took."""


def front_page_figures(url: str, requests: int) -> Figures:
    """Return how often a second the front page is answered, compressed, as browsers ask for it."""
    asyncio.run(_read_pages(url, READERS))
    began = time.perf_counter()
    asyncio.run(_read_pages(url, requests))
    return {"front_page_per_s": requests / (time.perf_counter() - began)}


async def _read_pages(url: str, requests: int) -> None:
    waiting = iter(range(requests))
    await asyncio.gather(*(_reader(url, waiting) for _ in range(READERS)))


async def _reader(url: str, waiting: Iterator[int]) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    for _ in waiting:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\n\r\n")
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
    writer.close()
    await writer.wait_closed()


def stream_figures(url: str, batches: Sequence[Sequence[dict[str, Any]]], send: Send) -> Figures:
    """Return the p99 of uploads while streams are rendered, divided by the p99 without them.

    The rounds alternate; each sends its batches once, half of them with streams.
    """
    alone: list[float] = []
    beside: list[float] = []
    for part in batches:
        half = len(part) // 2
        alone += send(url, part[:half])
        with _streams(url):
            beside += send(url, part[half:])
    return {"sync_p99_under_streams_ratio": percentile(beside, 0.99) / percentile(alone, 0.99)}


@contextmanager
def _streams(url: str) -> Iterator[None]:
    """Have tunes rendered and read them as fast as they come, which keeps all renderers busy."""
    ended, playing = threading.Event(), threading.Barrier(LISTENERS + 1)
    tune = min((paths().vendor / "tunes").glob("*.sid")).read_bytes()
    threads = [
        threading.Thread(target=lambda number=number: asyncio.run(_listen(url, tune, number, playing, ended)))
        for number in range(LISTENERS)
    ]
    for thread in threads:
        thread.start()
    try:
        playing.wait()
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


async def _listen(
    url: str, tune: bytes, number: int, playing: threading.Barrier, ended: threading.Event
) -> None:
    address = urlsplit(url)
    source = (f"127.0.0.{10 + number}", 0)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, local_addr=source)
    head = f"POST /api/player/stream HTTP/1.1\r\nHost: x\r\nContent-Length: {len(tune)}\r\n"
    writer.write(f"{head}Content-Type: audio/prs.sid\r\n\r\n".encode() + tune)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
    stream = json.loads(body)["url"]
    writer.write(f"GET /{stream} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    playing.wait()
    while not ended.is_set() and await reader.read(65536):
        pass
    writer.close()
