"""Options of the whole test run."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest

# Short and the same at each run; `--hypothesis-profile long` looks further, elsewhere each time.
# Without deadlines: how long an example takes depends on the machine.
hypothesis.settings.register_profile("short", max_examples=40, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("long", max_examples=5000, deadline=None, print_blob=True)
hypothesis.settings.load_profile("short")


FOLDER: Final = Path(__file__).parent

SLOWEST_FIRST: Final = (
    "others/",
    "e2e/test_analysis.py",
    "e2e/test_sharing.py",
    "crash/",
    "soak/",
    "training/test_run.py",
    "release/",
    "e2e/",
    "wasm/",
    "browser/",
    "training/",
    "server/",
)
"""The order in which a parallel run starts files: a slow one at the end would run alone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    crash = parser.getgroup("crash tests")
    crash.addoption("--kills", type=int, default=4, help="how often the page is killed (default: 4)")
    crash.addoption(
        "--seed", type=int, action="append", help="repeat the crash tests whose names have this seed"
    )
    soak = parser.getgroup("soak test")
    soak.addoption(
        "--soak-minutes",
        type=float,
        default=0,
        help="how long faults strike; each at least once",
    )
    soak.addoption("--soak-seed", type=int, help="repeat the faults of this seed")
    composer = parser.getgroup("demo tunes")
    composer.addoption(
        "--catalog-sample", type=int, default=3, help="how many demo tunes are rendered again (default: 3)"
    )
    deployment = parser.getgroup("deployment tests")
    deployment.addoption("--containers", action="store_true", help="build and run containers (needs root)")
    memory = parser.getgroup("memory tests")
    memory.addoption(
        "--sound-seconds", type=int, default=30, help="seconds of sound while memory is watched (default: 30)"
    )
    fuzz = parser.getgroup("fuzz tests")
    fuzz.addoption("--hostile", type=int, default=60, help="how many hostile SID files (default: 60)")
    fuzz.addoption("--hostile-seed", type=int, help="begin with the file of this seed")


def pytest_configure(config: pytest.Config) -> None:
    drawn = getattr(config, "workerinput", {}).get("seed")
    config.option.seed = drawn or config.option.seed or random.sample(range(10**6), config.option.kills)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the processes of a parallel run the same seeds: each must find the same tests."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _start(item.path.relative_to(FOLDER).as_posix()))


def _start(path: str) -> int:
    return next((i for i, slow in enumerate(SLOWEST_FIRST) if path.startswith(slow)), len(SLOWEST_FIRST))


@pytest.fixture
def catalog_sample(request: pytest.FixtureRequest) -> int:
    """How many demo tunes are rendered again and compared with the catalog."""
    count: int = request.config.getoption("--catalog-sample")
    return count
