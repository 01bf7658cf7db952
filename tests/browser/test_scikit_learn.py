"""scikit-learn is loaded on demand from our own server and costs nothing before that."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from tests.browser.conftest import Pyodide
from tests.browser.site import Site


def test_scikit_learn_is_loaded_on_demand_from_our_server(open_page: Callable[[], Page], site: Site) -> None:
    page = open_page()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    pyodide = Pyodide(page, site)
    assert pyodide.call("library", "load_all")
    assert pyodide.call("science", "state") == {"imported": [], "installed": []}
    assert not [url for url in asked if "scikit" in url or "scipy" in url]
    assert pyodide.call("science", "load").startswith("1.")
    assert pyodide.call("science", "state")["imported"] == ["sklearn", "scipy", "joblib"]
    assert pyodide.call("science", "learn") < 0.01
    assert [url for url in asked if "scikit_learn" in url]
    assert all(url.startswith(site.url) for url in asked)


def test_missing_scikit_learn_is_told_to_the_listener(open_page: Callable[[], Page], site: Site) -> None:
    page = open_page()
    page.context.route("**/*scikit_learn-*", lambda route: route.fulfill(status=404))
    message = Pyodide(page, site).call("science", "error_without")
    assert "doesn't offer scikit-learn" in message
    assert "install sidflow-app-scikit" in message
