"""A short form of each benchmark in a browser: it runs and has all figures, however good they are."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.bench.harness import BenchmarkError, new_profile, open_page, python_figures
from tests.e2e.short_benchmarks import WITH_BROWSER, check
from tests.served import Served


@pytest.mark.parametrize("name", WITH_BROWSER)
def test_benchmark_has_its_figures(name: str, browser: Browser, served: Served) -> None:
    short = WITH_BROWSER[name]
    check(short, short.measure(browser, served.url, **short.sizes))


def test_error_in_a_worker_or_page_ends_the_benchmark_in_its_own_words(
    browser: Browser, served: Served
) -> None:
    with pytest.raises(BenchmarkError, match="unexpected keyword argument 'tunes'"):
        _run_wrongly(browser, served)


def _run_wrongly(browser: Browser, served: Served) -> None:
    with new_profile(browser) as context:
        page = context.new_page()
        open_page(page, served.url)
        python_figures(page, "worker", "train_engine.py", tunes=1)


def test_error_outside_of_python_ends_the_benchmark_in_its_own_words(
    browser: Browser, served: Served
) -> None:
    with pytest.raises(BenchmarkError, match="Cannot read properties of null"):
        _wait_for_broken_worker(browser, served)


def _wait_for_broken_worker(browser: Browser, served: Served) -> None:
    worker = "new Worker(URL.createObjectURL(new Blob(['null.length'], { type: 'text/javascript' })))"
    with new_profile(browser) as context:
        page = context.new_page()
        page.goto(f"{served.url}/static/icon.svg")
        page.evaluate(f"{worker}; null")
        page.wait_for_selector("#never")
