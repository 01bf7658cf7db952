import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.errors import SetupError
from app.files import sha256_of
from app.paths import Paths, paths
from app.setup import bytecode, node
from app.setup.progress import StepProgress

HERE = paths()
needs_set_up = pytest.mark.skipif(
    not (HERE.vendor / "engine" / "pyodide-lock.json").exists(), reason="set-up has not run: no Pyodide here"
)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "tune-1.whl"
    with ZipFile(path, "w") as target:
        target.writestr("tune/__init__.py", "NAMES = {'a', 'b', 'c'}\n")
        target.writestr("tune/broken.py", "this is no Python\n")
        target.writestr("tune/data.txt", "data")
        target.writestr("tune/types.pyi", "")
    return path


@pytest.fixture
def with_pyodide(here: Paths) -> Paths:
    (here.vendor).mkdir(parents=True)
    (here.vendor / "pyodide").symlink_to(HERE.vendor / "pyodide")
    return here


@needs_set_up
def test_bytecode_is_reproducible(archive: Path, with_pyodide: Paths, progress: StepProgress) -> None:
    (made,) = bytecode.compile_archives([archive], with_pyodide, progress)
    first = made.read_bytes()
    with ZipFile(made) as compiled:
        assert compiled.namelist() == ["tune/__init__.pyc", "tune/broken.py", "tune/data.txt"]
        assert compiled.read("tune/data.txt") == b"data"
        flags = int.from_bytes(compiled.read("tune/__init__.pyc")[4:8], "little")
    assert flags == 1  # Bytecode that is not compared with its source, which is not there.
    assert bytecode.compile_archives([archive], with_pyodide, progress) == [made]
    assert made.read_bytes() == first


@needs_set_up
def test_engine_has_no_modules_and_docstrings_that_nobody_reads(
    with_pyodide: Paths, tmp_path: Path, progress: StepProgress
) -> None:
    documented = '"""About."""\nimport os\ndef sound():\n    """It sounds."""\n'
    names = ("numpy/core.py", "numpy/f2py/parser.py", "numpy/f2py.py", "numpy/f2pyramid.py")
    path = tmp_path / "numpy-1.whl"
    with ZipFile(path, "w") as target:
        for name in names:
            target.writestr(name, documented)
    (made,) = bytecode.compile_archives([path], with_pyodide, progress)
    with ZipFile(made) as compiled:
        assert compiled.namelist() == ["numpy/core.pyc", "numpy/f2pyramid.pyc"]
        code = compiled.read("numpy/core.pyc")
    assert b"sound" in code
    assert b"It sounds." not in code
    assert b"About." not in code


def test_archive_that_fails_to_compile_is_copied(
    archive: Path, with_pyodide: Paths, progress: StepProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise SetupError("no Node.js")

    monkeypatch.setattr(node, "run_script", fail)
    (made,) = bytecode.compile_archives([archive], with_pyodide, progress)
    assert made.read_bytes() == archive.read_bytes()


@needs_set_up
def test_lock_has_the_engine_s_packages_with_checksums() -> None:
    engine = HERE.vendor / "engine"
    packages = json.loads((engine / "pyodide-lock.json").read_text())["packages"]
    assert set(packages) == {"joblib", "numpy", "scikit-learn", "scipy", "sidflow-feedback", "threadpoolctl"}
    for package in packages.values():
        assert sha256_of(engine / package["file_name"]) == package["sha256"]
