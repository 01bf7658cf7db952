"""Training's use of the processor under constant demand, from the browser's own trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page

from tests.bench.harness import HERE, PATIENCE, RUN_SCRIPT, figures, new_profile, open_page, percentile

LISTENER = (HERE / "train_listener.py").read_text()
WINDOW = 60.0
WATCHED = 75.0
"""Seconds of the trace: somewhat longer than the window for which the budget holds."""

SETTLE = 5000
SHORTEST = 1.0
"""Milliseconds: shorter tasks of the engine's thread only pass messages on."""

SLOWER = 4
_PERIOD = 4000
_CONTROL = Path("/sys/fs/cgroup/cpu")

COUNT_LONG_TASKS = """() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ startTime }) => startTime)))
        .observe({ type: "longtask", buffered: true });
}"""
LONG_TASKS = """longTasks.filter(
    (time) => time > performance.getEntriesByName("ui-ready")[0].startTime).length"""


class Task(NamedTuple):
    """One task of a thread: start, duration, and processor time, in seconds."""

    begun: float
    took: float
    used: float


def budget_figures(browser: Browser, url: str, trace: Path) -> dict[str, float]:
    """Return the length of slices, the share of the processor, and the page's long tasks."""
    with new_profile(browser) as context:
        page = context.new_page()
        page.add_init_script(f"({COUNT_LONG_TASKS})()")
        open_page(page, url)
        figures(page, "mpy", {}, f"WORK = 'rate_all'\n{LISTENER}")
        page.click("#tab-preferences")
        page.check("[name=training]")
        page.check("[name=sync]")
        page.click("#sync-now")
        page.wait_for_selector("html[data-model^=local]", timeout=PATIENCE)
        page.wait_for_timeout(SETTLE)
        as_is = _watched(browser, page, trace)
        long_tasks = page.evaluate(LONG_TASKS)
        page.wait_for_timeout(1000 * WINDOW)  # The budget of one minute is used up.
        with _slower(_engine_thread(browser)) as slowed:
            slow = _watched(browser, page, trace) if slowed else []
    found = {
        "slice_p99_ms": 1000 * _slice(as_is, 0.99),
        "slice_max_ms": 1000 * _slice(as_is, 1),
        "cpu_share_60s": _share(as_is),
        "page_long_tasks": float(long_tasks),
    }
    if slow:
        found["slice_p99_4x_slower_ms"] = 1000 * _slice(slow, 0.99)
        found["cpu_share_60s_4x_slower"] = _share(slow)
    return found


def _watched(browser: Browser, page: Page, trace: Path) -> list[Task]:
    """Return the tasks of the engine's thread while runs are requested one after another."""
    browser.start_tracing(path=trace, categories=["toplevel"])
    page.evaluate(RUN_SCRIPT, ["mpy", {}, f"WORK = 'train_on_and_on'\n{LISTENER}"])
    page.wait_for_timeout(1000 * WATCHED)
    browser.stop_tracing()
    return sorted(_tasks(json.loads(trace.read_text("utf-8"))["traceEvents"], _engine_thread(browser)))


def _tasks(events: list[dict[str, Any]], thread: int) -> Iterator[Task]:
    for event in events:
        if event.get("tid") == thread and event["name"].endswith("RunTask") and "dur" in event:
            yield Task(event["ts"] / 1e6, event["dur"] / 1e6, event["tdur"] / 1e6)


def _engine_thread(browser: Browser) -> int:
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
    return int(max(threads, key=_time_used).name)


def _time_used(thread: Path) -> int:
    return int((thread / "schedstat").read_text().split()[0])


def _slice(tasks: list[Task], share: float) -> float:
    return percentile([task.took for task in tasks if 1000 * task.took >= SHORTEST], share)


def _share(tasks: list[Task]) -> float:
    """Return the highest share of the processor used in any window."""
    highest = used = 0.0
    window: list[Task] = []
    for task in tasks:
        window.append(task)
        used += task.used
        while window[0].begun + WINDOW < task.begun + task.took:
            used -= window.pop(0).used
        highest = max(highest, used)
    return highest / WINDOW


@contextmanager
def _slower(thread: int) -> Iterator[bool]:
    """Limit a thread to a quarter of a processor, in turns of 1 ms, if the system permits it."""
    group = _CONTROL / "sidflow-bench"
    try:
        group.mkdir(exist_ok=True)
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(_PERIOD // SLOWER))
        (group / "tasks").write_text(str(thread))
    except OSError:
        yield False
        return
    try:
        yield True
    finally:
        (_CONTROL / "tasks").write_text(str(thread))
        group.rmdir()
