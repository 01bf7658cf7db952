"""Pytest plugin: the servers of the tests serve sources that report their lines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from tests.coverage.serving import install
from tests.served import MODULE

if TYPE_CHECKING:
    import pytest

WATCH_REQUESTS: Final = (
    "test_benchmarks.py::test_benchmark_has_its_figures[start]",
    "test_nginx.py::test_page_plays_and_learns_over_http2",
    "test_offline.py::test_page_works_offline_on_the_second_visit",
    "test_outages.py::test_missing_server_is_reported_and_nothing_is_lost",
    "test_root_path.py::test_all_of_the_page_works_below_a_path",
)
"""Tests that would fail because pages send the lines that ran to the site's root."""

install()
os.environ[MODULE] = "tests.coverage.server"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave those tests out."""
    left_out = [item for item in items if any(name in item.nodeid for name in WATCH_REQUESTS)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
