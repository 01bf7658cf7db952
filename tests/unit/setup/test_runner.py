import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Timer

import pytest

from app.errors import SetupError
from app.files import write_bytes
from app.setup import runner
from app.setup.progress import Reporter, StepProgress
from app.setup.runner import Step, run_steps


def step(output: Path, inputs: list[Path | str], done: list[str]) -> Step:
    def make(_: StepProgress) -> list[Path]:
        done.append(output.name)
        return [write_bytes(output, repr(inputs).encode())]

    return Step(output.name, f"make {output.name}", lambda: inputs, make)


def test_step_is_skipped_until_its_inputs_change(tmp_path: Path, reporter: Reporter) -> None:
    done: list[str] = []
    inputs: list[Path | str] = ["1"]
    plan = [step(tmp_path / "a", inputs, done), step(tmp_path / "b", [tmp_path / "a"], done)]
    run_steps(plan, tmp_path, reporter)
    run_steps(plan, tmp_path, reporter)
    assert done == ["a", "b"]
    inputs[:] = ["2"]
    run_steps(plan, tmp_path, reporter)
    assert done == ["a", "b", "a", "b"]


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"damaged")])
def test_missing_or_damaged_output_is_made_again(
    tmp_path: Path, reporter: Reporter, harm: Callable[[Path], object]
) -> None:
    done: list[str] = []
    plan = [step(tmp_path / "a", ["1"], done)]
    run_steps(plan, tmp_path, reporter)
    harm(tmp_path / "a")
    run_steps(plan, tmp_path, reporter)
    assert done == ["a", "a"]


def test_outputs_that_are_no_longer_made_are_deleted(tmp_path: Path, reporter: Reporter) -> None:
    for name in ("wheel-1", "wheel-2"):
        made = step(tmp_path / name, [name], [])
        run_steps([replace(made, name="wheel")], tmp_path, reporter)
    assert not (tmp_path / "wheel-1").exists()
    assert (tmp_path / "wheel-2").exists()


def test_interrupted_set_up_continues_where_it_stopped(tmp_path: Path, reporter: Reporter) -> None:
    done: list[str] = []

    def interrupt(_: StepProgress) -> list[Path]:
        raise KeyboardInterrupt

    first, second = step(tmp_path / "a", ["1"], done), step(tmp_path / "b", ["1"], done)
    with pytest.raises(KeyboardInterrupt):
        run_steps([first, Step("b", "b", lambda: ["1"], interrupt)], tmp_path, reporter)
    run_steps([first, second], tmp_path, reporter)
    assert done == ["a", "b"]


def test_broken_stamp_reruns_the_step(tmp_path: Path, reporter: Reporter) -> None:
    done: list[str] = []
    plan = [step(tmp_path / "a", ["1"], done)]
    for stamp in ("{", "[]", '{"inputs": "x"}'):
        run_steps(plan, tmp_path, reporter)
        (tmp_path / ".stamps" / "a.json").write_text(stamp)
    run_steps(plan, tmp_path, reporter)
    assert done == ["a"] * 4


def hold(folder: Path) -> sqlite3.Connection:
    """Hold the lock as another set-up would."""
    other = sqlite3.connect(folder / ".lock", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    return other


def test_second_set_up_waits_for_the_first(tmp_path: Path, reporter: Reporter) -> None:
    done: list[str] = []
    with closing(hold(tmp_path)) as other:
        Timer(0.2, other.rollback).start()
        run_steps([step(tmp_path / "a", ["1"], done)], tmp_path, reporter)
    assert done == ["a"]
    assert isinstance(reporter.console.file, StringIO)
    assert "Another set-up" in reporter.console.file.getvalue()


def test_second_set_up_does_not_wait_forever(
    tmp_path: Path, reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOCK_SECONDS", 0.05)
    with closing(hold(tmp_path)), pytest.raises(SetupError, match="Stop it, then run set-up again"):
        run_steps([], tmp_path, reporter)
