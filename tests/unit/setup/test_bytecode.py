import json
import subprocess
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
def test_standard_library_has_no_modules_and_docstrings_that_nobody_reads(
    with_pyodide: Paths, tmp_path: Path, progress: StepProgress
) -> None:
    library = tmp_path / bytecode.STANDARD_LIBRARY
    with ZipFile(library, "w") as target:
        for name in ("sound.py", "pdb.py", "xml/dom.py", "xmlish.py", "pyodide/ffi.py"):
            target.writestr(name, '"""About."""\nimport os\ndef sound():\n    """It sounds."""\n')
    (made,) = bytecode.compile_archives([library], with_pyodide, progress)
    with ZipFile(made) as compiled:
        found = {name: compiled.read(name) for name in compiled.namelist()}
    assert {name: b"It sounds." in code for name, code in found.items()} == {
        "sound.pyc": False,
        "xmlish.pyc": False,
        "pyodide/ffi.pyc": True,
    }
    assert b"About." not in found["sound.pyc"]


IMPORTS = """
import { loadPyodide } from PYODIDE;
const python = await loadPyodide({
  stdLibURL: `${ENGINE}/python_stdlib.zip`,
  lockFileURL: `${ENGINE}/pyodide-lock.json`,
  packageBaseUrl: `${ENGINE}/`,
  packages: ["sidflow-feedback", "scikit-learn"],
});
python.runPython(`
import numpy
numpy.unique(numpy.array([2, 1, 2]))
import joblib, numpy.ma, numpy.testing, sidflow_feedback.engine.start
import sklearn.ensemble, sklearn.linear_model, sklearn.neighbors, sklearn.neural_network, sklearn.svm
`);
"""


@needs_set_up
def test_engine_can_import_its_packages() -> None:
    folders = {"PYODIDE": HERE.vendor / "pyodide" / "pyodide.mjs", "ENGINE": HERE.vendor / "engine"}
    script = IMPORTS
    for name, path in folders.items():
        script = script.replace("${" + name + "}", str(path)).replace(name, json.dumps(str(path)))
    command = ["node", "--input-type=module", "--eval", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1000:]


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
