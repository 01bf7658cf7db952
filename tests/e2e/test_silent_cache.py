"""The page starts although the browser's cache never answers, as after a kill of a process that used it."""

from __future__ import annotations

from playwright.sync_api import BrowserContext

from tests.e2e.faulty_proxy import FaultyProxy, _Handler, forward
from tests.e2e.listener import play, wait_for_engine
from tests.e2e.test_offline import opened

SILENCE = """
for (const name of ["open", "match", "keys", "has", "delete"]) {
    CacheStorage.prototype[name] = () => new Promise(() => {});
}
"""
SCRIPTS = ("/service-worker.js", "/engine/worker.js")


def silence_the_cache(request: _Handler) -> None:
    """Serve the scripts of workers so that the cache never answers there."""
    if not request.path.endswith(SCRIPTS):
        forward(request)
        return
    del request.headers["Accept-Encoding"]
    answer, body = request.ask_upstream()
    request.reply(answer.status, answer.getheaders(), SILENCE.encode() + body)


def test_page_and_engine_start_without_the_browsers_cache(
    context: BrowserContext, proxy: FaultyProxy
) -> None:
    proxy.fault, proxy.everywhere = silence_the_cache, True
    context.add_init_script(SILENCE)
    page = opened(context, proxy.url)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_selector("html[data-ui=ready]")
    assert page.evaluate("navigator.serviceWorker.controller !== null")
    wait_for_engine(page)
    page.wait_for_selector("html[data-model^=global]")
    play(page, 1)
