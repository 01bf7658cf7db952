import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import ChecksumError, SetupError
from app.files import sha256_of, write_bytes
from app.paths import Paths
from app.setup import npm
from app.setup.lock import NpmPackage


def test_missing_npm_is_one_clear_message(
    here: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError) as caught:
        npm.install(here)
    text = str(caught.value)
    assert "npm was not found" in text
    assert "apt-get install nodejs npm" in text
    assert text.count(". ") == 0


def test_mismatched_lock_is_reported_by_npm(here: Paths, tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    package = {"name": "x", "version": "1.0.0", "dependencies": {"idb": "8.0.4"}}
    lock = {
        "name": "x",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "packages": {"": {"name": "x", "version": "1.0.0"}},
    }
    write_bytes(manifests / "package.json", json.dumps(package).encode())
    write_bytes(manifests / "package-lock.json", json.dumps(lock).encode())
    with pytest.raises(SetupError, match=r"(?s)npm could not install.*in sync.*run set-up again"):
        npm.install(replace(here, manifests=manifests))


def test_empty_lock_is_installed_beside_the_sources(here: Paths, tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    package = {"name": "x", "version": "1.0.0"}
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    write_bytes(manifests / "package.json", json.dumps(package).encode())
    write_bytes(manifests / "package-lock.json", json.dumps(lock).encode())
    npm.install(replace(here, manifests=manifests))
    assert (here.npm / "package-lock.json").is_file()
    assert not (manifests / "node_modules").exists()


@pytest.fixture
def package(here: Paths) -> NpmPackage:
    source = write_bytes(here.npm / "node_modules" / "@scope" / "name" / "dist" / "core.js", b"core")
    return NpmPackage("@scope/name", "1.0.0", "dist", "scope", {"core.js": sha256_of(source)})


def test_locked_files_of_a_package_are_copied(here: Paths, package: NpmPackage) -> None:
    write_bytes(here.npm / "node_modules" / "@scope" / "name" / "dist" / "core.js.map", b"{}")
    assert npm.serve_package(package, here) == [here.vendor / "scope" / "core.js"]
    assert [path.name for path in (here.vendor / "scope").iterdir()] == ["core.js"]


def test_changed_file_of_a_package_is_rejected(here: Paths, package: NpmPackage) -> None:
    source = write_bytes(here.npm / "node_modules" / "@scope" / "name" / "dist" / "core.js", b"changed")
    with pytest.raises(ChecksumError) as caught:
        npm.serve_package(package, here)
    assert caught.value.file == str(source)
    assert not here.vendor.exists()


def test_missing_file_of_a_package_says_what_to_delete(here: Paths, package: NpmPackage) -> None:
    with pytest.raises(SetupError, match="Delete the folder node_modules"):
        npm.serve_package(replace(package, files={"other.js": "0" * 64}), here)
