"""Options of the whole test run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    crash = parser.getgroup("crash tests")
    crash.addoption("--kills", type=int, default=6, help="how often the page is killed (default: 6)")
    crash.addoption("--seed", type=int, help="repeat the crash tests whose names have this seed")
