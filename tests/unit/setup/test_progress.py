from io import StringIO

import pytest
from rich.console import Console

from app.setup import progress as module
from app.setup.progress import Reporter


def output(terminal: bool) -> str:
    console = Console(file=StringIO(), width=120, force_terminal=terminal)
    with Reporter(console).step(2, 7, "fetching") as step:
        step.begin("numpy.whl", 2_000_000)
        step.reach(1_000_000)
        step.begin("tunes", 60, "songs")
        step.advance()
        step.note("a [note]")
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_step_prints_two_lines_without_a_terminal() -> None:
    first, note, last = output(terminal=False).splitlines()
    assert (first, note) == ("[2/7] fetching", "[2/7] a [note]")
    assert last.startswith("[2/7] fetching: done in")


def test_long_step_prints_progress_lines_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", -1.0)
    lines = [line.strip() for line in output(terminal=False).splitlines()]
    assert "[2/7] numpy.whl: 1.0 MB of 2.0 MB" in lines
    assert "[2/7] tunes: 1 of 60 songs" in lines


def test_step_shows_a_bar_on_a_terminal() -> None:
    assert "songs" in output(terminal=True)


def test_steps_that_run_at_the_same_time_share_the_terminal() -> None:
    console = Console(file=StringIO(), width=120, force_terminal=True)
    reporter = Reporter(console)
    with reporter.step(1, 2, "outer") as outer, reporter.step(2, 2, "inner") as inner:
        outer.begin("numpy.whl", 1)
        inner.begin("songs", 2)
    with reporter.step(2, 2, "again"):
        pass
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert text.count("done in") == 3
    assert "[1/2] numpy.whl" in text
    assert "[2/2] songs" in text
