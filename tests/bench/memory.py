"""The memory of engines and tabs, as the system reports it for the browser's renderers."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.bench.harness import new_profile, open_page

MEASURES = ("rss", "pss")
"""Resident and proportional set size: the latter divides shared memory among its processes."""

SETTLE = 5000
"""Milliseconds until a loaded page has settled."""


def memory_figures(browser: Browser, url: str, tabs: int) -> dict[str, float]:
    """Return the megabytes of one engine, of `tabs` tabs that share it, and of as many separate engines."""
    with new_profile(browser) as context:
        pages = [_open_tab(context, url)]
        one = _settled(browser, pages)
        pages += [_open_tab(context, url) for _ in range(tabs - 1)]
        ten = _settled(browser, pages)
    # Separate profiles, because the tabs of one profile share an engine.
    with ExitStack() as profiles:
        contexts = [profiles.enter_context(new_profile(browser)) for _ in range(tabs)]
        separate = _settled(browser, [_open_tab(context, url) for context in contexts])
    figures: dict[str, float] = {}
    for how in MEASURES:
        tab = (ten[how] - one[how]) / (tabs - 1)
        figures |= {f"engine_{how}_mb": one[how] - tab, f"tab_without_engine_{how}_mb": tab}
        figures |= {f"ten_tabs_{how}_mb": ten[how], f"ten_engines_{how}_mb": separate[how]}
    return figures


def _open_tab(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    open_page(page, url)  # A tab without its own engine is ready, too.
    return page


def _settled(browser: Browser, pages: list[Page]) -> dict[str, float]:
    """Return the megabytes of the pages after they have settled."""
    pages[-1].wait_for_timeout(SETTLE)
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    renderers = [_memory(process["id"]) for process in processes if _shows_pages(process)]
    # The browser keeps a spare renderer without a page, which is smaller than those with one.
    largest = sorted(renderers, key=lambda memory: memory["rss"], reverse=True)[: len(pages)]
    assert len(largest) == len(pages), "Pages share a renderer: their memory can't be separated."
    return {how: sum(memory[how] for memory in largest) for how in MEASURES}


def _shows_pages(process: dict[str, Any]) -> bool:
    """Return whether this renderer shows pages, not the browser's own controls."""
    if process["type"] != "renderer":
        return False
    return b"--top-chrome-webui" not in Path(f"/proc/{process['id']}/cmdline").read_bytes()


def _memory(pid: int) -> dict[str, float]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return {
        how: int(found) / 1024 for how in MEASURES for found in re.findall(rf"(?mi)^{how}:\s+(\d+) kB", text)
    }
