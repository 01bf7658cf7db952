"""The analysis of a tune, of which songs are analyzed one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from sidflow_feedback.vocabulary import ANALYSIS_VERSION
from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient

WITH_SONG = """async ([tune, song, found]) => {
  const { withSong } = await import("/static/js/tunes/song-analysis.js");
  return withSong(tune, song, found);
}"""
LOUD, QUIET = {"rms": 0.9}, {"rms": 0.1}


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


def tune(**fields: Any) -> dict[str, Any]:
    return {"sidPath": "a", "songs": 2, "startSong": 1, "lengths": [], "locations": [{}], **fields}


def found(length: float | None = None) -> dict[str, Any]:
    return {"features": LOUD, "problem": None, "embedding": "AQID", "length": length}


def with_song(page: Page, tune: dict[str, Any], song: int, found: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = page.evaluate(WITH_SONG, [tune, song, found])
    return row


def test_the_other_songs_stay_as_they_are(page: Page) -> None:
    known = {"version": ANALYSIS_VERSION, "features": [QUIET], "problems": [None], "embeddings": ["BBBB"]}
    assert with_song(page, tune(**known, measured={"lengths": [9]}), 2, found(2.5)) == {
        "sidPath": "a",
        "version": ANALYSIS_VERSION,
        "features": [QUIET, LOUD],
        "problems": [None, None],
        "embeddings": ["BBBB", "AQID"],
        "lengths": [9, 2.5],
    }


def test_nothing_of_an_older_version_stays(page: Page) -> None:
    known = {"version": ANALYSIS_VERSION - 1, "features": [QUIET, QUIET], "embeddings": ["BBBB", "BBBB"]}
    row = with_song(page, tune(**known, measured={"lengths": [9, 9]}), 1, found())
    assert row["version"] == ANALYSIS_VERSION
    assert (row["features"], row["embeddings"], row["lengths"]) == (
        [LOUD, None],
        ["AQID", None],
        [None, None],
    )


def test_a_song_that_the_header_does_not_count_has_its_place(page: Page) -> None:
    assert with_song(page, tune(), 3, found())["features"] == [None, None, LOUD]


def test_a_length_that_was_measured_while_the_song_played_stays(page: Page) -> None:
    row = with_song(page, tune(measured={"lengths": [60]}), 1, found(None))
    assert row["lengths"] == [60, None], "the analysis hears only the beginning"


@pytest.mark.parametrize("better", [{"lengths": [90, None]}, {"locations": None}])
def test_lengths_that_are_known_better_are_not_measured(page: Page, better: dict[str, Any]) -> None:
    fields = {key: value for key, value in tune(**better).items() if value is not None}
    assert "lengths" not in with_song(page, fields, 1, found(2.5))
