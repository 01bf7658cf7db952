"""The wheel of the whole application, built from this checkout and used without it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from app.files import sources_in
from app.paths import APP, paths

HERE = paths()
SHOW_PLACES = """
import json
from app.setup.lock import read_lock
from app.paths import APP, paths
read_lock()
print(json.dumps(vars(paths()), default=str))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*build, "--wheel-dir", str(folder), str(HERE.manifests)], check=True)
    return next(folder.iterdir())


def test_it_holds_every_source_and_nothing_that_was_made(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    ours = {HERE.static: "app/static", HERE.wasm: "app/wasm", HERE.page: "app/page"}
    for folder, inside in ours.items():
        sources = [path for path in sources_in(folder) if not path.is_relative_to(HERE.vendor)]
        assert {f"{inside}/{path.relative_to(folder).as_posix()}" for path in sources} <= names
    assert {"app/package.json", "app/package-lock.json", "app/setup/assets.lock.json"} <= names
    migrations = sources_in(APP / "server" / "migrations")
    assert {path.relative_to(APP.parent).as_posix() for path in migrations} <= names
    assert not [name for name in names if "vendor" in name or "__pycache__" in name or "node_modules" in name]


def test_installed_it_finds_its_places_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(site),
    ]
    subprocess.run([*install, str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path / "data")}
    output = subprocess.check_output([sys.executable, "-c", SHOW_PLACES], env=environment, cwd=tmp_path)
    found = json.loads(output)
    assert found.pop("checkout") is False
    assert all(Path(path).is_relative_to(tmp_path) for path in found.values())
    sources = ("static", "page", "library", "wasm", "manifests")
    assert all(Path(found[name]).is_relative_to(site) and Path(found[name]).is_dir() for name in sources)
