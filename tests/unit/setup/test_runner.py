import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Barrier, Event, Timer

import pytest

from app.errors import SetupError
from app.files import write_bytes
from app.setup import runner
from app.setup.progress import Reporter, StepProgress
from app.setup.runner import Step, run_steps
from tests.patience import PATIENCE


def step(output: Path, inputs: list[Path | str], done: list[str], *needs: str) -> Step:
    def make(_: StepProgress) -> list[Path]:
        done.append(output.name)
        return [write_bytes(output, repr(inputs).encode())]

    return Step(output.name, f"make {output.name}", lambda: inputs, make, needs)


def test_step_is_skipped_until_its_inputs_change(tmp_path: Path, reporter: Reporter) -> None:
    done: list[str] = []
    inputs: list[Path | str] = ["1"]
    plan = [step(tmp_path / "a", inputs, done), step(tmp_path / "b", [tmp_path / "a"], done, "a")]
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
        run_steps([first, Step("b", "b", lambda: ["1"], interrupt, ("a",))], tmp_path, reporter)
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


def waiting(name: str, needs: tuple[str, ...], wait: Callable[[], object], folder: Path) -> Step:
    def make(_: StepProgress) -> list[Path]:
        wait()
        return [write_bytes(folder / name, b"")]

    return Step(name, name, lambda: ["1"], make, needs)


def test_steps_that_do_not_need_each_other_run_beside_each_other(tmp_path: Path, reporter: Reporter) -> None:
    together = Barrier(2, timeout=PATIENCE)
    run_steps([waiting(name, (), together.wait, tmp_path) for name in "ab"], tmp_path, reporter)
    assert (tmp_path / "a").exists()
    assert (tmp_path / "b").exists()


def test_step_starts_when_all_that_it_needs_are_done(tmp_path: Path, reporter: Reporter) -> None:
    first_may_end = Event()

    def need_both() -> None:
        assert (tmp_path / "slow").exists()
        assert (tmp_path / "quick").exists()

    plan = [
        waiting("slow", (), lambda: first_may_end.wait(PATIENCE), tmp_path),
        waiting("quick", (), lambda: None, tmp_path),
        waiting("after-quick", ("quick",), first_may_end.set, tmp_path),
        waiting("last", ("slow", "quick"), need_both, tmp_path),
    ]
    run_steps(plan, tmp_path, reporter)
    assert (tmp_path / "last").exists()


def test_failure_lets_running_steps_end_and_starts_no_others(tmp_path: Path, reporter: Reporter) -> None:
    failed = Event()

    def fail() -> None:
        failed.set()
        raise SetupError("no network")

    plan = [
        waiting("fails", (), fail, tmp_path),
        waiting("runs", (), lambda: failed.wait(PATIENCE), tmp_path),
        waiting("never", ("fails",), lambda: None, tmp_path),
    ]
    with pytest.raises(SetupError, match=r"^no network$"):
        run_steps(plan, tmp_path, reporter)
    assert (tmp_path / "runs").exists()
    assert (tmp_path / ".stamps" / "runs.json").exists()
    assert not (tmp_path / "never").exists()


def test_all_failures_are_reported(tmp_path: Path, reporter: Reporter) -> None:
    together = Barrier(2, timeout=PATIENCE)

    def failing(text: str) -> Callable[[], object]:
        def fail() -> None:
            together.wait()
            raise SetupError(text)

        return fail

    plan = [waiting(name, (), failing(f"no {name}"), tmp_path) for name in ("npm", "pip")]
    with pytest.raises(SetupError) as caught:
        run_steps(plan, tmp_path, reporter)
    assert sorted(str(caught.value).splitlines()) == ["no npm", "no pip"]


def test_killed_set_up_continues_where_it_stopped(tmp_path: Path, reporter: Reporter) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"half\n"
        other.kill()
    made: list[str] = []
    plan = [
        waiting(name, needs, lambda name=name: made.append(name), tmp_path)  # type: ignore[misc]
        for name, needs in (("first", ()), ("second", ("first",)))
    ]
    run_steps(plan, tmp_path, reporter)
    assert made == ["second"]


KILLED = """
import sys, time
from pathlib import Path
from app.files import write_bytes
from app.setup.progress import Reporter
from app.setup.runner import Step, run_steps
from rich.console import Console

folder = Path(sys.argv[1])
def first(_):
    return [write_bytes(folder / "first", b"")]
def second(_):
    (folder / "second").write_bytes(b"ha")
    print("half", flush=True)
    time.sleep(600)
steps = [Step("first", "", lambda: ["1"], first), Step("second", "", lambda: ["1"], second, ("first",))]
run_steps(steps, folder, Reporter(Console(quiet=True)))
"""
"""A set-up whose second step never ends."""
