"""The same as `test_benchmarks` without a browser, whose event loop would exclude these benchmarks'."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.short_benchmarks import WITH_BROWSER, WITHOUT_BROWSER, check

MAKEFILE: Final = Path(__file__).parents[2] / "Makefile"
WITHOUT_SHORT_FORM: Final = {"setup", "listeners", "radio", "fidelity"}
"""The first measures a set-up with empty caches, which takes as long as it takes. The next two need real
people's ratings, which aren't part of the repository. The last has its short form in `tests/wasm`."""


@pytest.mark.parametrize("name", WITHOUT_BROWSER)
def test_benchmark_has_its_figures(name: str) -> None:
    short = WITHOUT_BROWSER[name]
    check(short, short.measure(**short.sizes))


def test_each_benchmark_of_the_makefile_has_a_short_form() -> None:
    targets = set(re.findall(r"\bbench-([\w-]+)", MAKEFILE.read_text("utf-8")))
    assert targets == {*WITH_BROWSER, *WITHOUT_BROWSER} | WITHOUT_SHORT_FORM
