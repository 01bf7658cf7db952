"""Files that are indexed while they arrive from the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient


@pytest.fixture(scope="module")
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context()) as context:
        page = open_harness(context, site)
        page.evaluate(
            """async () => {
              const { Choice } = await import("/static/js/tunes/choice.js");
              window.Choice = Choice;
              window.files = (...names) => names.map((path) => ({ path, file: new File([path], path) }));
              window.collect = async (choice, seen) => {
                for await (const { path, open } of choice.entries()) {
                  seen.push([path, new TextDecoder().decode(await (await open()).arrayBuffer())]);
                }
                return seen;
              };
            }"""
        )
        yield page


def test_files_are_there_before_the_last_has_arrived(page: Page) -> None:
    first = page.evaluate(
        """async () => {
          window.choice = new Choice(3);
          const entries = choice.entries();
          window.rest = entries;
          const next = entries.next();
          choice.add(files("a.sid"));
          return (await next).value.path;
        }"""
    )
    assert first == "a.sid"
    rest = page.evaluate(
        """async () => {
          const [next, last] = [rest.next(), rest.next()];
          choice.add(files("b.sid"));
          choice.add(files("c.sid"));
          return [(await next).value.path, (await last).value.path, (await rest.next()).done];
        }"""
    )
    assert rest == ["b.sid", "c.sid", True]


def test_two_files_of_a_tune_may_arrive_apart(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const choice = new Choice(3);
          choice.add(files("x.mus"));
          const seen = collect(choice, []);
          choice.add(files("a.sid"));
          choice.add(files("x.str"));
          return seen;
        }"""
    )
    assert found == [["a.sid", "a.sid"], ["x.mus", "x.musx.str"]]


def test_ended_and_empty_choices_wait_for_nothing(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const choice = new Choice(9);
          const seen = collect(choice, []);
          choice.end();
          return [await seen, choice.ended, await collect(new Choice(0), [])];
        }"""
    )
    assert found == [[], True, []]
