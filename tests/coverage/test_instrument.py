"""Instrumented sources do the same as before, and mark the lines that ran."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.coverage.instrument import RECORDER, instrument

SOURCE = '''"""Docstring."""
def half(number):
    """Return the half, or -1."""
    try:
        if number % 2:
            raise ValueError
        elif number > 100:
            return 50
        return number // 2
    except ValueError:
        return -1
    finally:
        calls.append(number)
calls = []
'''


@pytest.mark.parametrize(
    ("number", "result", "ran"),
    [(8, 4, {4, 5, 7, 9, 13}), (3, -1, {4, 5, 6, 10, 11, 13}), (200, 50, {4, 5, 7, 8, 13})],
)
def test_lines_that_ran_are_marked(
    number: int, result: int, ran: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = bytearray()

    def array(path: str, count: int) -> bytearray:
        assert path == "half.py"
        lines.extend(bytes(count))
        return lines

    recorder, module = ModuleType(RECORDER), ModuleType("half")
    vars(recorder)["array"] = array
    monkeypatch.setitem(sys.modules, RECORDER, recorder)
    exec(instrument(SOURCE, "half.py"), vars(module))
    assert marked(lines) == {2, 14}
    assert module.half(number) == result
    assert vars(module)["calls"] == [number]
    assert marked(lines) == {2, 14} | ran
    assert module.half.__doc__ == "Return the half, or -1."


def marked(lines: bytearray) -> set[int]:
    return {number for number, mark in enumerate(lines) if mark}
