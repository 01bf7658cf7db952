from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from app.paths import Paths, checkout_paths, paths
from app.setup.progress import Reporter, StepProgress


@pytest.fixture
def reporter() -> Reporter:
    return Reporter(Console(file=StringIO(), width=200))


@pytest.fixture
def progress(reporter: Reporter) -> Iterator[StepProgress]:
    with reporter.step(1, 1, "test") as progress:
        yield progress


@pytest.fixture
def here(tmp_path: Path) -> Paths:
    """Return places in which everything that set-up writes is in a temporary folder."""
    elsewhere = checkout_paths(tmp_path)
    return replace(
        paths(), vendor=elsewhere.vendor, npm=elsewhere.npm, work=elsewhere.work, data=elsewhere.data
    )
