"""Loops that must live, live: a thousand exceptions that nobody foresaw end none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sidflow_feedback.clock import ManualClock, SystemClock
from sidflow_feedback.supervision import MAX_RETRY, SHOWN, Supervisor, retry_pause

FAILURES = 1000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def keep() -> AsyncIterator[Callable[[Awaitable[None]], asyncio.Future[None]]]:
    """Starts work, which is canceled at the end."""
    tasks: list[asyncio.Future[None]] = []

    def start(work: Awaitable[None]) -> asyncio.Future[None]:
        tasks.append(asyncio.ensure_future(work))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_loop_goes_on_after_a_thousand_failures_and_tells_of_them(clock: ManualClock) -> None:
    done = asyncio.Event()
    supervisor = Supervisor(clock)

    async def loop() -> None:
        if supervisor.failures < FAILURES:
            raise ValueError("injected")
        done.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(supervisor.keep("Working", loop))
    while not done.is_set():
        await clock.advance(MAX_RETRY)
    assert supervisor.failures == FAILURES
    assert "ValueError('injected')" in (supervisor.problem or "")
    assert "failure 1000" in (supervisor.problem or "")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_pauses_are_bounded_and_begin_again_after_a_good_time(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch, keep: Callable[[Awaitable[None]], object]
) -> None:
    pauses: list[int] = []

    def pause(failures: int) -> float:
        pauses.append(failures)
        return 1.0

    monkeypatch.setattr("sidflow_feedback.supervision.retry_pause", pause)
    lasts = iter([0.0, 0.0, 0.0, 1000.0, 0.0, 0.0])

    async def loop() -> None:
        await clock.sleep(next(lasts, 1e9))
        raise ValueError

    keep(Supervisor(clock).keep("Working", loop))
    await clock.advance(2000)
    assert pauses == [0, 1, 2, 0, 1, 2]
    assert retry_pause(FAILURES, uniform=lambda _low, high: high) == MAX_RETRY


async def test_loop_that_returns_or_is_canceled_ends() -> None:
    supervisor = Supervisor(SystemClock())
    await supervisor.keep("Working", lambda: asyncio.sleep(0))
    task = asyncio.ensure_future(supervisor.keep("Working", lambda: asyncio.sleep(1e6)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert supervisor.failures == 0


async def test_even_a_clock_that_fails_ends_nothing() -> None:
    class BrokenClock(SystemClock):
        async def sleep(self, seconds: float) -> None:
            raise OSError(f"no timer of {seconds} s")

    supervisor = Supervisor(BrokenClock())

    async def loop() -> None:
        raise ValueError

    task = asyncio.ensure_future(supervisor.keep("Working", loop))
    for _ in range(3 * FAILURES):
        await asyncio.sleep(0)
    assert supervisor.failures >= FAILURES
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_problem_is_shown_for_a_time(clock: ManualClock) -> None:
    changes: list[str | None] = []
    supervisor = Supervisor(clock, lambda: changes.append(supervisor.problem))
    with supervisor.reporting("Reading"):
        raise KeyError("name")
    assert supervisor.problem == "Reading has failed: KeyError('name'). It goes on."
    assert changes == [supervisor.problem]
    await clock.advance(SHOWN)
    assert supervisor.problem is None
