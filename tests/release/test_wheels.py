"""The wheels of the library and of the application, built from this checkout and used without it."""

import json
import os
import shutil
import subprocess
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from app.files import sources_in
from app.paths import APP, paths
from tests.release.conftest import BUILD, metadata, required, site_packages

HERE = paths()
MEGABYTE = 1_000_000
PATHS = """
import json
from sidflow_app.paths import paths
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


def run(environment: Path, *command: str, data: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of an environment."""
    program, *arguments = command
    return subprocess.run(
        [str(environment / "bin" / program), *arguments],
        capture_output=True,
        text=True,
        env={"PATH": "/nowhere", "HOME": str(data)},
        cwd=data,
        check=False,
    )


def contents(wheel: Path) -> list[str]:
    with ZipFile(wheel) as archive:
        return archive.namelist()


def test_nothing_else_is_installed(wheels: dict[str, Path]) -> None:
    packages = {
        name: {file.split("/")[0] for file in contents(wheel) if ".dist-info/" not in file}
        for name, wheel in wheels.items()
    }
    assert packages == {
        "sidflow_feedback": {"sidflow_feedback"},
        "sidflow_app": {"sidflow_app"},
        "sidflow_app_scikit": {"sidflow_app"},
    }


def test_wheels_share_no_file(wheels: dict[str, Path]) -> None:
    assert not set(contents(wheels["sidflow_app"])) & set(contents(wheels["sidflow_app_scikit"]))


def test_all_have_the_same_version(wheels: dict[str, Path]) -> None:
    version = distribution("sidflow-feedback").version
    lines = {name: metadata(wheel) for name, wheel in wheels.items()}
    assert all(f"Version: {version}" in each for each in lines.values())
    needed = [
        Requirement(line.partition(": ")[2])
        for line in lines["sidflow_app"]
        if line.startswith("Requires-Dist: sidflow-")
    ]
    assert {each.name for each in needed} >= {"sidflow-feedback", "sidflow-app-scikit"}
    assert all(version in each.specifier for each in needed)


@pytest.mark.parametrize("name", ["sidflow_feedback", "sidflow_app"])
def test_license_is_part_of_the_metadata(wheels: dict[str, Path], name: str) -> None:
    assert "License-File: LICENSE" in metadata(wheels[name])
    assert [file for file in contents(wheels[name]) if file.endswith(".dist-info/licenses/LICENSE")]


@pytest.mark.parametrize(
    ("name", "limit"), [("sidflow_feedback", 0.5), ("sidflow_app", 23), ("sidflow_app_scikit", 42)]
)
def test_wheels_are_within_their_budgets(wheels: dict[str, Path], name: str, limit: float) -> None:
    assert wheels[name].stat().st_size < limit * MEGABYTE


def test_installed_application_is_within_its_budget(application: Path) -> None:
    site = site_packages(application)
    files = (Path(root, name) for root, _, names in os.walk(site, followlinks=True) for name in names)
    size = sum(file.stat().st_size for file in files if file.suffix != ".pyc")
    assert size < 250 * MEGABYTE, "with the bytecode that pip adds, at most 300 MB"


def test_extras_are_for_those_who_install_it(wheels: dict[str, Path]) -> None:
    extras = {line for line in metadata(wheels["sidflow_app"]) if line.startswith("Provides-Extra: ")}
    assert extras == {f"Provides-Extra: {name}" for name in ("cluster", "lance", "scikit", "training")}


def test_library_needs_numpy_only(wheels: dict[str, Path], library: Path, tmp_path: Path) -> None:
    assert required(metadata(wheels["sidflow_feedback"])) == {"numpy"}
    done = run(library, "python", "-c", IMPORT_ALL, data=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) <= {"js", "pyodide", "pyodide_js", "pyscript"}


def test_library_has_all_its_files(library: Path) -> None:
    installed = site_packages(library) / "sidflow_feedback"
    ours = {path.relative_to(HERE.library) for path in sources_in(HERE.library)}
    found = {path.relative_to(installed) for path in sources_in(installed)}
    assert found == ours
    assert {Path("store/idb/index.js"), Path("learning/first_model.json")} <= found


def test_application_has_every_source_and_no_set_up(application: Path) -> None:
    site = site_packages(application) / "sidflow_app"
    left_out = {
        APP / name for name in ("LICENSE", "composer", "hatch_build.py", "pyproject.toml", "scikit", "setup")
    }
    expected = {
        site / path.relative_to(APP) for path in sources_in(APP) if not left_out & {path, *path.parents}
    }
    expected |= {
        site / "static" / path.relative_to(HERE.static)
        for path in sources_in(HERE.static)
        if not path.is_relative_to(HERE.vendor)
    }
    assert {path for path in sources_in(site) if not path.is_relative_to(site / "vendor")} == expected


def test_application_finds_its_files_without_the_checkout(application: Path, tmp_path: Path) -> None:
    found = json.loads(run(application, "python", "-c", PATHS, data=tmp_path).stdout)
    assert found.pop("checkout") is False
    assert Path(found["data"]).is_relative_to(tmp_path)
    for name in ("static", "page", "library", "vendor"):
        assert Path(found[name]).is_relative_to(application)
        assert Path(found[name]).is_dir()


@pytest.mark.parametrize("tool", ["wheel", "ziglang", "dask", "distributed", "sklearn"])
def test_application_does_not_require_tools(application: Path, tool: str) -> None:
    assert not (site_packages(application) / tool).exists()


def test_command_explains_itself(application: Path, tmp_path: Path) -> None:
    done = run(application, "sidflow-feedback", "--help", data=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: sidflow-feedback" in done.stdout
    assert "setup" not in done.stdout


def test_command_names_the_extra_that_is_missing(application: Path, tmp_path: Path) -> None:
    done = run(application, "sidflow-feedback", "train-global", data=tmp_path)
    assert done.returncode == 1
    assert "pip install 'sidflow-app[training]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the wheels are built from, with empty files for what set-up makes in static/vendor."""
    root = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("vendor", "__pycache__")
    for name in ("app", "sidflow_feedback", "static"):
        shutil.copytree(HERE.manifests / name, root / name, ignore=ignored)
    for name in ("pyproject.toml", "hatch_build.py", "LICENSE", "docs/embed.md"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(HERE.manifests / name, root / name)
    return root


@pytest.mark.parametrize("name", ["store/idb/index.js", "learning/first_model.json"])
def test_incomplete_library_is_not_built(checkout: Path, name: str) -> None:
    (checkout / "sidflow_feedback" / name).unlink()
    done = build(checkout)
    assert f"{name} is missing, which set-up makes. Run `make dist`." in done
    assert not list(checkout.glob("dist/*.whl"))


@pytest.mark.parametrize("name", ["sid/sid.wasm", "engine/numpy-*.whl", "tunes/catalog.json"])
def test_incomplete_application_is_not_built(checkout: Path, name: str) -> None:
    shutil.copytree(HERE.vendor, checkout / "static" / "vendor", copy_function=os.symlink)
    next((checkout / "static" / "vendor").glob(name)).unlink()
    done = build(checkout / "app")
    assert f"static/vendor/{name} is missing, which set-up makes. Run `make dist`." in done


def test_application_without_compressed_copies_is_not_built(checkout: Path) -> None:
    shutil.copytree(
        HERE.vendor,
        checkout / "static" / "vendor",
        copy_function=os.symlink,
        ignore=shutil.ignore_patterns(".compressed"),
    )
    assert "the compressed copy of" in build(checkout / "app")


def build(project: Path) -> str:
    """Try to build a wheel; return what pip says."""
    done = subprocess.run(
        [*BUILD, "--wheel-dir", str(project / "dist"), str(project)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    return done.stderr
