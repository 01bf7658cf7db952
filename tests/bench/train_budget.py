"""Training's use of the processor under constant demand, as the system counts it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.sync_api import Browser, Page

from tests.bench.harness import Figures, new_profile, open_page, percentile, python_figures, start_python

WINDOW: Final = 60
"""Seconds over which the budget holds."""

SETTLE = 5000
SHORTEST = 1000
"""Microseconds: shorter tasks of the engine's thread only pass messages on."""

SLOWER: Final = 4
_PERIOD = 4000
_CONTROL = Path("/sys/fs/cgroup/cpu")
_TICK = os.sysconf("SC_CLK_TCK")

COUNT_LONG_TASKS = """() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ startTime }) => startTime)))
        .observe({ type: "longtask", buffered: true });
}"""
NOTHING_WAITS = """() => {
    const waiting = ":is([data-status=pending], [data-status=processing])";
    const cells = document.querySelectorAll(`#counts ${waiting} td`);
    return cells.length && [...cells].every((cell) => cell.textContent === "0");
}"""
LONG_TASKS = """longTasks.filter(
    (time) => time > performance.getEntriesByName("ui-ready")[0].startTime).length"""


class Use(NamedTuple):
    """What was used in a time: most processor time in any minute, in seconds; length of tasks, in us."""

    process: float
    engine: float
    tasks: list[int]


def budget_figures(browser: Browser, url: str, *, ratings: int, iterations: int, seconds: int) -> Figures:
    """Return the length of slices, the share of the processor, and the page's long tasks.

    The share is the most processor time of the page's process in any minute, less what the same page uses
    while it doesn't train; `seconds` is how long each of these is watched, `iterations` the steps of a run.
    """
    with new_profile(browser) as context:
        page = context.new_page()
        page.add_init_script(f"({COUNT_LONG_TASKS})()")
        open_page(page, url)
        python_figures(page, "page", "train_listener.py", ratings=ratings)
        page.click("#tab-preferences")
        page.fill("[name=iterations]", str(iterations))
        for name in ("training", "sync"):
            page.check(f"[name={name}]")
        page.click("#sync-now")
        page.wait_for_selector("#training-status :text('Last training')")  # Its model may be discarded.
        page.wait_for_function(NOTHING_WAITS)
        page.wait_for_timeout(SETTLE)
        idle = _watched(browser, page, seconds)
        start_python(page, "page", "train_listener.py", ratings=0)
        training = _watched(browser, page, seconds)
        long_tasks = page.evaluate(LONG_TASKS)
        with _slower(_engine_thread(browser).parents[1]) as slowed:
            page.wait_for_timeout(1000 * min(WINDOW, seconds))  # The budget of the last minute is used up.
            slow = _watched(browser, page, seconds) if slowed else None
    minute = min(WINDOW, seconds)
    return {
        "slice_p50_ms": percentile(training.tasks, 0.5) / 1000,
        "slice_p99_ms": percentile(training.tasks, 0.99) / 1000,
        "slice_max_ms": max(training.tasks) / 1000,
        "cpu_share_60s": (training.process - idle.process) / minute,
        "cpu_share_60s_engine": training.engine / minute,
        "cpu_share_idle": idle.process / minute,
        "page_long_tasks": long_tasks,
        "slice_p99_4x_slower_ms": percentile(slow.tasks, 0.99) / 1000 if slow else None,
        "cpu_share_60s_4x_slower": SLOWER * (slow.process - idle.process) / minute if slow else None,
    }


def _watched(browser: Browser, page: Page, seconds: int) -> Use:
    """Watch the time used, and then the tasks: tracing them takes time, too."""
    thread = _engine_thread(browser)
    process, engine = [_process_time(thread)], [_thread_time(thread)]
    for _ in range(seconds):
        page.wait_for_timeout(1000)
        process.append(_process_time(thread))
        engine.append(_thread_time(thread))
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        browser.start_tracing(path=trace, categories=["toplevel"])
        page.wait_for_timeout(1000 * seconds)
        browser.stop_tracing()
        tasks = _tasks(json.loads(trace.read_text("utf-8"))["traceEvents"], int(thread.name))
    return Use(_most(process), _most(engine), tasks or [0])


def _most(used: list[float]) -> float:
    minute = min(WINDOW, len(used) - 1)
    return max(after - before for before, after in zip(used, used[minute:], strict=False))


def _tasks(events: list[dict[str, Any]], thread: int) -> list[int]:
    """Return the length of a thread's tasks in microseconds, without the shortest."""
    found = [event for event in events if event.get("tid") == thread and event["name"].endswith("RunTask")]
    return [event["dur"] for event in found if event.get("dur", 0) >= SHORTEST]


def _engine_thread(browser: Browser) -> Path:
    """Return the worker thread with the most processor time; the page's other workers are idle."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    threads = [
        thread
        for process in processes
        if process["type"] == "renderer"
        for thread in Path(f"/proc/{process['id']}/task").iterdir()
        if (thread / "comm").read_text().startswith("DedicatedWorker")
    ]
    return max(threads, key=_thread_time)


def _thread_time(thread: Path) -> float:
    return int((thread / "schedstat").read_text().split()[0]) / 1e9


def _process_time(thread: Path) -> float:
    """Return the seconds that all threads of a thread's process have used, including those that ended."""
    fields = (thread.parents[1] / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@contextmanager
def _slower(process: Path) -> Iterator[bool]:
    """Limit each thread of a process to a quarter of a processor, in turns of 1 ms, if the system permits it.

    The threads have a quarter each because a slower machine has as many processors.
    """
    groups: list[Path] = []
    try:
        yield _limit(process, groups)
    finally:
        for group in groups:
            for task in (group / "tasks").read_text().split():
                (_CONTROL / "tasks").write_text(task)
            group.rmdir()


def _limit(process: Path, groups: list[Path]) -> bool:
    """Move each thread to a group of its own, added to `groups`; return whether the system permits it."""
    try:
        for thread in (process / "task").iterdir():
            group = _CONTROL / f"sidflow-bench-{thread.name}"
            group.mkdir(exist_ok=True)
            groups.append(group)
            (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(_PERIOD // SLOWER))
            (group / "tasks").write_text(thread.name)
    except OSError:
        return False
    return True
