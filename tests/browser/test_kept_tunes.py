"""What can be played without a network, when that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient

BACK_ONLINE_WHILE_IT_IS_READ = """async () => {
  const { KeptTunes } = await import("/static/js/tunes/kept-tunes.js");
  const kept = new KeptTunes();
  const tune = { url: "never-kept.sid" };
  const reading = kept.read("https://example.org/catalog.json");
  kept.clear();
  await reading;
  const online = kept.has(tune);
  await kept.read("https://example.org/catalog.json");
  return [online, kept.has(tune)];
}"""


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


def test_all_tunes_may_follow_once_the_network_is_back(page: Page) -> None:
    assert page.evaluate(BACK_ONLINE_WHILE_IT_IS_READ) == [True, False]
