import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.files import sha256_of
from app.paths import paths
from app.setup.lock import LOCK_FILE, read_lock
from app.setup.relock import relock

LOCK = read_lock()
MANIFESTS = paths().manifests
REQUIREMENTS = {path.stem: path for path in LOCK_FILE.parent.glob("requirements/*.txt")}
SHA256 = re.compile(r"[0-9a-f]{64}")
TOOLS = {"esbuild"}
"""What set-up runs; the other packages have files that are served."""

WHEELS = {"joblib", "micropip", "numpy", "packaging", "scikit_learn", "scipy", "threadpoolctl"}

needs_npm = pytest.mark.skipif(
    not (paths().npm / "node_modules" / "pyodide").is_dir(),
    reason="set-up has not run: no npm packages here",
)


def manifest(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_every_file_has_a_sha256() -> None:
    sums = [sha256 for package in LOCK.npm for sha256 in package.files.values()]
    sums += [*LOCK.pyodide_wheels.files.values(), LOCK.pyodide_wheels.mirror.sha256, LOCK.residfp.sha256]
    assert all(SHA256.fullmatch(sha256) for sha256 in sums)


def test_lock_has_what_the_engine_needs() -> None:
    assert {name.split("-")[0] for name in LOCK.pyodide_wheels.files} == WHEELS


def without(left_out: set[str], packages: dict[str, str]) -> dict[str, str]:
    return {name: version for name, version in packages.items() if name not in left_out}


def test_versions_match_package_json_and_its_lock() -> None:
    named = manifest(MANIFESTS / "package.json")["dependencies"]
    locked = manifest(MANIFESTS / "package-lock.json")["packages"]
    assert {package.name: package.version for package in LOCK.npm} == without(TOOLS, named)
    assert all(locked[f"node_modules/{name}"]["version"] == version for name, version in named.items())


def test_every_npm_package_is_pinned_by_a_checksum() -> None:
    packages = manifest(MANIFESTS / "package-lock.json")["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_distribution_matches_the_locked_pyodide() -> None:
    assert f"v{LOCK.package('pyodide').version}/" in LOCK.pyodide_wheels.base_url


@needs_npm
def test_wheels_match_pyodide_s_lock() -> None:
    pyodide = paths().npm / "node_modules" / "pyodide" / "pyodide-lock.json"
    assert sha256_of(pyodide) == LOCK.package("pyodide").files[pyodide.name]
    sums = {package["file_name"]: package["sha256"] for package in manifest(pyodide)["packages"].values()}
    assert LOCK.pyodide_wheels.files.items() <= sums.items()


@needs_npm
def test_dependencies_of_the_wheels_are_locked() -> None:
    packages = manifest(paths().npm / "node_modules" / "pyodide" / "pyodide-lock.json")["packages"].values()
    names = {package["name"]: package["file_name"] for package in packages}
    locked = [package for package in packages if package["file_name"] in LOCK.pyodide_wheels.files]
    assert all(names[name] in LOCK.pyodide_wheels.files for package in locked for name in package["depends"])


@needs_npm
def test_relocking_gives_the_same_lock() -> None:
    assert relock(LOCK, paths().npm / "node_modules") == LOCK


def locked_requirements(name: str) -> dict[str, str]:
    """Return the lines of a lock file by the names of the packages."""
    lines = REQUIREMENTS[name].read_text("utf-8").replace("\\\n", " ").splitlines()
    return {line.partition("==")[0]: line for line in lines if not line.startswith("#")}


@pytest.mark.parametrize(("name", "count"), [("run", 30), ("dev", 80), ("uv", 1), ("compiler", 1)])
def test_every_requirement_has_a_version_and_hashes(name: str, count: int) -> None:
    requirements = locked_requirements(name).values()
    assert len(requirements) >= count
    assert all(re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in requirements)


@pytest.mark.parametrize("name", ["run", "uv", "compiler"])
def test_all_environments_have_the_same_versions(name: str) -> None:
    everything = locked_requirements("dev")
    pinned = [line.split()[0] for line in locked_requirements(name).values()]
    assert pinned == [everything[package].split()[0] for package in locked_requirements(name)]


@pytest.mark.parametrize("package", ["dask", "playwright", "scikit-learn", "scipy", "ziglang"])
def test_running_needs_no_large_package_of_development(package: str) -> None:
    assert package in locked_requirements("dev")
    assert package not in locked_requirements("run")


@pytest.mark.parametrize(
    "file",
    [*sorted(REQUIREMENTS.values()), LOCK_FILE, MANIFESTS / "package-lock.json"],
    ids=lambda file: file.name,
)
def test_locks_contain_no_registry(file: Path) -> None:
    text = file.read_text("utf-8")
    assert '"resolved"' not in text
    assert not re.search(r"pypi|npmjs|pythonhosted|index-url|find-links|file:", text)
