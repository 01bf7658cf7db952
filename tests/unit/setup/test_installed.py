"""The wheels of the library and of the application, built from this checkout and used without it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from app.files import sources_in
from app.paths import APP, paths

HERE = paths()
PIP = (sys.executable, "-m", "pip")
BUILD = (*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
INSTALL = (*PIP, "install", "--quiet", "--no-deps", "--no-index")
PATHS = """
import json
from sidflow_app.setup.lock import read_lock
from sidflow_app.paths import paths
read_lock()
print(json.dumps(vars(paths()), default=str))
"""
IMPORT_ALL = """
import importlib, pkgutil, sidflow_feedback
for module in pkgutil.walk_packages(sidflow_feedback.__path__, "sidflow_feedback."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(error.name.partition(".")[0])
"""
needs_set_up = pytest.mark.skipif(
    not (HERE.vendor / "page" / "modules.bin").is_file(), reason="set-up has not run: its files are missing"
)
RUN = "import sys; from sidflow_app.cli import main; sys.exit(main({!r}))"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both wheels, by the names of their distributions."""
    folder = tmp_path_factory.mktemp("wheels")
    subprocess.run([*BUILD, "--wheel-dir", str(folder), str(HERE.manifests), str(APP)], check=True)
    return {path.name.split("-")[0]: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def library(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages folder with the library and what it requires."""
    site = tmp_path_factory.mktemp("library")
    subprocess.run([*INSTALL, "--target", str(site), str(wheels["sidflow_feedback"])], check=True)
    link(site, required(metadata(wheels["sidflow_feedback"])))
    return site


@pytest.fixture(scope="module")
def application(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site-packages folder with the application and what it requires, without any extra."""
    site = tmp_path_factory.mktemp("application")
    subprocess.run([*INSTALL, "--target", str(site), *map(str, wheels.values())], check=True)
    link(site, required([line for wheel in wheels.values() for line in metadata(wheel)]))
    return site


def metadata(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        return archive.read(name).decode().splitlines()


def required(lines: Iterable[str]) -> set[str]:
    """Return the names of the distributions that are required, and those that they require in turn."""
    found: set[str] = set()
    open_ = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: ")]
    while open_:
        requirement = open_.pop()
        extras = requirement.extras or {""}
        needed = not requirement.marker or requirement.marker.evaluate({"extra": ""})
        if not needed or requirement.name in found or requirement.name == "sidflow-feedback":
            continue
        found.add(requirement.name)
        for text in distribution(requirement.name).requires or ():
            further = Requirement(text)
            if not further.marker or any(further.marker.evaluate({"extra": extra}) for extra in extras):
                open_.append(Requirement(text.partition(";")[0]))
    return found


def link(site: Path, names: Iterable[str]) -> None:
    """Make distributions of this environment importable from a site-packages folder."""
    for name in names:
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(str(found.locate_file(top)))


def command(site: Path, code: str) -> list[str]:
    """Return a command that runs `code` with nothing but the standard library and a site-packages folder."""
    return [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(site)!r})\n{code}"]


def run(site: Path, code: str, data: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(data), "NO_COLOR": "1"}
    return subprocess.run(
        command(site, code), capture_output=True, text=True, env=environment, cwd=data, check=False
    )


def test_nothing_else_is_installed(wheels: dict[str, Path]) -> None:
    for name, wheel in wheels.items():
        with ZipFile(wheel) as archive:
            tops = {file.split("/")[0].split("-")[0] for file in archive.namelist()}
        assert tops == {name}
    assert set(wheels) == {"sidflow_app", "sidflow_feedback"}


def test_both_have_the_same_version(wheels: dict[str, Path]) -> None:
    versions = {line for wheel in wheels.values() for line in metadata(wheel) if line.startswith("Version: ")}
    assert versions == {f"Version: {distribution('sidflow-feedback').version}"}
    [needed] = [
        line for line in metadata(wheels["sidflow_app"]) if line.startswith("Requires-Dist: sidflow-")
    ]
    requirement = Requirement(needed.partition(": ")[2])
    assert distribution("sidflow-feedback").version in requirement.specifier


def test_library_needs_numpy_only(wheels: dict[str, Path], library: Path, tmp_path: Path) -> None:
    assert required(metadata(wheels["sidflow_feedback"])) == {"numpy"}
    done = run(library, IMPORT_ALL, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) <= {"js", "pyodide", "pyodide_js", "pyscript"}


@needs_set_up
def test_library_has_all_its_files(library: Path) -> None:
    ours = {path.relative_to(HERE.library) for path in sources_in(HERE.library)}
    found = {
        path.relative_to(library / "sidflow_feedback") for path in sources_in(library / "sidflow_feedback")
    }
    assert found == ours
    assert {Path("store/idb/index.js"), Path("learning/first_model.json")} <= found


def test_application_has_every_source_and_nothing_that_was_made(application: Path) -> None:
    site = application / "sidflow_app"
    ours = {HERE.static: site / "static", HERE.wasm: site / "wasm", APP: site}
    expected = {
        target / path.relative_to(folder)
        for folder, target in ours.items()
        for path in sources_in(folder)
        if not path.is_relative_to(HERE.vendor) and path != APP / "pyproject.toml"
    }
    expected |= {site / name for name in ("LICENSE", "package.json", "package-lock.json")}
    assert set(sources_in(site)) == expected


def test_application_finds_its_files_without_the_checkout(application: Path, tmp_path: Path) -> None:
    found = json.loads(run(application, PATHS, tmp_path).stdout)
    assert found.pop("checkout") is False
    written = {found.pop(name) for name in ("vendor", "npm", "work", "data")}
    assert all(Path(path).is_relative_to(tmp_path) for path in written)
    assert all(Path(path).is_relative_to(application) and Path(path).is_dir() for path in found.values())


@pytest.mark.parametrize("tool", ["pip", "wheel", "dask", "distributed", "sklearn"])
def test_application_does_not_require_tools(application: Path, tool: str) -> None:
    assert not (application / tool).exists()


def test_command_explains_itself(application: Path, tmp_path: Path) -> None:
    done = run(application, RUN.format(["--help"]), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: sidflow-feedback" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [(["setup"], "setup"), (["serve", "--port", "0"], "setup"), (["train-global"], "training")],
)
def test_command_names_the_extra_that_is_missing(
    application: Path, tmp_path: Path, arguments: list[str], extra: str
) -> None:
    done = run(application, RUN.format(arguments), tmp_path)
    assert done.returncode == 1
    assert f"pip install 'sidflow-app[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def served(application: Path, tmp_path: Path) -> Iterator[str]:
    """Serve with what an earlier set-up made."""
    (tmp_path / "sidflow-feedback").mkdir()
    (tmp_path / "sidflow-feedback" / "vendor").symlink_to(HERE.vendor)
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "NO_COLOR": "1"}
    with subprocess.Popen(
        command(application, RUN.format(["serve", "--port", "0"])),
        env=environment,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        address = re.search(r"http://[\d.:]+/", server.stdout.readline())
        assert address
        yield address[0]
        server.terminate()


@needs_set_up
def test_set_up_application_serves_without_tools(served: str) -> None:
    with urlopen(served) as answer:
        assert b"static/js/page.js" in answer.read()
    with urlopen(served + "api/model/latest") as answer:
        assert answer.status == 200
    with urlopen(served + "sidflow_feedback/store/idb/index.js") as answer:
        assert answer.status == 200
