"""Calls to a worker: answers, errors, failures, events, and restarts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import open_harness
from tests.browser.site import Site
from tests.patience import patient

CONNECT = """() => {
  const source = `
    import { notify, reportFailure, serve, transfer } from "${location.origin}/static/js/worker-client.js";
    let calls = 0;
    serve({
      count: () => ++calls,
      named: () => globalThis.name,
      refuse() { throw new RangeError("not this one"); },
      crash() { throw new TypeError("broken"); },
      wait: () => new Promise(() => {}),
      tell: (event) => notify(event),
      give() { const big = new Float32Array(4); return transfer(big, [big.buffer]); },
    }, (error) => error instanceof TypeError);`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  window.events = [];
  window.failures = [];
  window.connect = async (address = url) => {
    const { WorkerClient } = await import("/static/js/worker-client.js");
    return new WorkerClient(new URL(address, location), {
      name: "worker", describeFailure: (reason) => `Stopped: ${reason}.`,
      onEvent: (event) => events.push(event), onFailure: (message) => failures.push(message),
    });
  };
  window.outcome = (promise) => promise.then((value) => value, (error) =>
    [error.constructor === Error, error.name, error.message]);
}"""


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with patient(browser.new_context(bypass_csp=True)) as context:
        page = open_harness(context, site)
        page.evaluate(CONNECT)
        yield page


def test_answers_and_errors(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const client = await connect();
          const calls = ["count", "named", "refuse", "count"].map((name) => outcome(client.call(name, {})));
          const answers = await Promise.all(calls);
          return [...answers, (await client.call("give", {})).length, failures];
        }"""
    )
    assert found == [1, "worker", [True, "RangeError", "not this one"], 2, 4, []]


def test_events_arrive_before_the_answer(page: Page) -> None:
    assert page.evaluate(
        "async () => { await (await connect()).call('tell', { number: 1 }); return events; }"
    ) == [{"number": 1}]


@pytest.mark.parametrize(
    ("method", "timeout", "message"),
    [("crash", 60_000, "Stopped: broken."), ("wait", 50, "Stopped: no answer within 0.05 s.")],
)
def test_failure_rejects_all_calls_and_the_next_call_restarts_the_worker(
    page: Page, method: str, timeout: int, message: str
) -> None:
    found = page.evaluate(
        """async ([method, timeout]) => {
          const client = await connect();
          await client.call("count", {});
          const calls = [client.call("wait", {}), client.call(method, {}, timeout)].map(outcome);
          return [await Promise.all(calls), failures, await client.call("count", {})];
        }""",
        [method, timeout],
    )
    assert found == [[[True, "Error", message]] * 2, [message], 1]


def test_script_that_fails_to_load_is_a_failure(page: Page) -> None:
    found = page.evaluate("async () => outcome((await connect('/nowhere.js')).call('count', {}))")
    assert found[0] is True
    assert found[2].startswith("Stopped: ")


def test_closing_rejects_calls_with_the_reason(page: Page) -> None:
    found = page.evaluate(
        """async () => {
          const client = await connect();
          const call = outcome(client.call("wait", {}));
          client.close("Enough.");
          return [await call, failures];
        }"""
    )
    assert found == [[True, "Error", "Enough."], []]
