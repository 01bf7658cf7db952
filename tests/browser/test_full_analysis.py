"""The analysis of all tunes when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient

TUNES = 200
RUN = """async ([count, bytes]) => {
  const { FullAnalysis } = await import("/static/js/tunes/full-analysis.js");
  const tunes = Array.from({ length: count }, (_, number) => ({ sidPath: `${number}`, startSong: 1 }));
  const read = [];
  const source = {
    next: (limit, except) => tunes.filter((tune) => !except.has(tune)).slice(0, limit),
    read: async (tune) => {
      read.push(tune.sidPath);
      if (bytes === null) throw new Error("The file is gone.");
      return bytes;
    },
    lengths: () => [],
    save: async () => {},
  };
  const states = [];
  const analysis = new FullAnalysis(source, () => states.push(analysis.state));
  await analysis.run(180);
  return { read, running: states.map(({ running }) => running), last: states.at(-1) };
}"""

STOP_WHILE_FILES_ARE_READ = """async () => {
  const { FullAnalysis } = await import("/static/js/tunes/full-analysis.js");
  const { Worker } = globalThis;
  let started = 0;
  globalThis.Worker = class extends Worker {
    constructor(...setup) {
      super(...setup);
      started += 1;
    }
  };
  const tunes = Array.from({ length: 20 }, (_, number) => ({ sidPath: `${number}`, startSong: 1 }));
  let arrive;
  const file = new Promise((resolve) => { arrive = resolve; });
  const source = {
    next: (limit, except) => tunes.filter((tune) => !except.has(tune)).slice(0, limit),
    read: () => file,
    lengths: () => [],
    save: async () => {},
  };
  const analysis = new FullAnalysis(source, () => {});
  const running = analysis.run(180);
  analysis.stop();
  arrive(new ArrayBuffer(200));
  await running;
  globalThis.Worker = Worker;
  return { started, ...analysis.state };
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        yield open_harness(context, site)


def test_tunes_that_cannot_be_read_are_skipped_and_counted(page: Page) -> None:
    found: dict[str, Any] = page.evaluate(RUN, [TUNES, None])
    assert sorted(found["read"], key=int) == [str(number) for number in range(TUNES)]
    assert found["last"] == {
        "running": False,
        "analyzed": 0,
        "perSecond": 0,
        "skipped": TUNES,
        "problem": "The file is gone.",
    }
    assert found["running"][0], "the page shows that it runs"


def test_it_stops_when_one_analysis_after_the_other_fails(page: Page) -> None:
    found: dict[str, Any] = page.evaluate(RUN, [TUNES, "not a buffer"])
    assert 5 <= len(found["read"]) < TUNES
    assert not found["last"]["running"]
    assert found["last"]["problem"]


def test_no_worker_starts_for_a_file_that_comes_after_it_was_stopped(page: Page) -> None:
    found: dict[str, Any] = page.evaluate(STOP_WHILE_FILES_ARE_READ)
    assert (found["started"], found["running"], found["skipped"]) == (0, False, 0)
