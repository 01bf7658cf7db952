"""Tests and benchmarks run Python of their own in the page, which `static/js/sole-program.js` prevents."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

KEEP_OBSERVER = """{
    const { MutationObserver } = globalThis;
    Object.defineProperty(globalThis, "MutationObserver", { get: () => MutationObserver, set: () => {} });
}"""


def let_python_in(context: BrowserContext) -> BrowserContext:
    """Let PyScript run the scripts that a test adds; the context must have been made with `bypass_csp`."""
    context.add_init_script(KEEP_OBSERVER)
    return context
