"""Playlists that are changed before the stored ones have been read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient

CHANGE_EARLY = """async () => {
  const { Playlists } = await import("/static/js/tunes/playlists.js");
  let answer;
  const stored = new Promise((resolve) => { answer = resolve; });
  const written = [];
  const tables = { putPlaylist: async (list) => written.push(list) };
  const database = { read: () => stored, write: (work) => work(tables) };
  const playlists = new Playlists(database, () => {});
  const changes = [
    playlists.add("favorites", ["b"]),
    playlists.remove("mine", "c"),
    playlists.create("Mine", ["d"]),
  ];
  answer([
    { id: "favorites", name: "Favorites", tunes: ["a"] },
    { id: "mine", name: "Mine", tunes: ["c", "e"] },
  ]);
  await Promise.all(changes);
  return Object.fromEntries(written.map(({ name, tunes }) => [name, tunes]));
}"""


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


def test_what_is_changed_early_is_added_to_what_is_stored(page: Page) -> None:
    written: dict[str, list[str]] = page.evaluate(CHANGE_EARLY)
    assert written == {"Favorites": ["a", "b"], "Mine": ["e"], "Mine (2)": ["d"]}
