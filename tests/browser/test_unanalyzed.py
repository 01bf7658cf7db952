"""Which tunes the page is to analyze."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from sidflow_feedback.vocabulary import ANALYSIS_VERSION
from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient

NO_ROMS = "The tune calls the C64's KERNAL ROM at $E000. Add your own copy in Preferences under C64 ROMs."

BUILD = """async (version) => {
  const { TuneIndex } = await import("/static/js/tunes/tune-index.js");
  const { Analyses } = await import("/static/js/tunes/analyses.js");
  const { ListView } = await import("/static/js/tunes/list-view.js");
  const { unanalyzed, countAnalyses } = await import("/static/js/tunes/analysis-backlog.js");
  const { Playlists } = await import("/static/js/tunes/playlists.js");
  const { BestEffortDatabase } = await import("/static/js/tunes/best-effort-database.js");
  const playlists = new Playlists(new BestEffortDatabase(() => {}), () => {});
  const index = new TuneIndex();
  window.analyses = new Analyses();
  const view = new ListView(index, analyses, playlists);
  const start = { author: "", released: "", songs: 1, startSong: 1, lengths: [] };
  const add = (sidPath, folder, fields = {}) => index.add({
    sidPath, title: sidPath, ...start,
    locations: [{ folder, path: sidPath }], ...fields,
  });
  index.add({ sidPath: "demo", title: "demo", ...start });
  for (const path of ["s1", "s2", "s3"]) add(path, "collection", { url: `/${path}` });
  add("o1", "mine", { version, features: [{}], problems: [null] });
  for (const path of ["o2", "o3"]) add(path, "mine");
  add("silent", "mine", { version, features: [null], problems: ["Its beginning is silent."] });
  add("basic", "mine", { version, features: [null], problems: ["NO ROMS"] });
  const second = { songs: 2, startSong: 2, features: [{}, null], problems: [null, null] };
  add("other song", "mine", { version, ...second });
  index.arrange(["collection", "mine"]);
  view.show({});
  const at = view.slice(0, 99).findIndex(({ sidPath }) => sidPath === "s2");
  view.slice(at, at + 1);
  window.wanted = (withSite, limit = 20) =>
    unanalyzed(view, analyses, version, limit, withSite).map(({ sidPath }) => sidPath);
  window.counts = () => countAnalyses(index.listed(), analyses, version);
  window.problem = () => analyses.of(index.get("basic")).problems[0];
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        page = open_harness(context, site)
        page.evaluate(BUILD.replace("NO ROMS", NO_ROMS), ANALYSIS_VERSION)
        yield page


def test_visible_tunes_come_first_then_the_listeners_then_the_sites(page: Page) -> None:
    own = ["o2", "o3", "other song"]
    assert page.evaluate("wanted(true)") == ["s2", *own, "s3", "s1"]
    assert page.evaluate("wanted(false)") == own
    assert page.evaluate("wanted(true, 2)") == ["s2", "o2"]


def test_songs_that_failed_without_roms_are_tried_again_with_roms(page: Page) -> None:
    assert page.evaluate("problem()") == NO_ROMS
    assert page.evaluate("counts()") == {"analyzed": 2, "failed": 2, "all": 10}
    page.evaluate("analyses.hasRoms = true")
    assert page.evaluate("problem()") is None
    assert page.evaluate("wanted(false)") == ["basic", "o2", "o3", "other song"]
    assert page.evaluate("counts()") == {"analyzed": 2, "failed": 1, "all": 10}
