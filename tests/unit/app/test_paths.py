from pathlib import Path

import pytest

from app.paths import checkout_paths, installed_paths, paths


def test_in_a_checkout_everything_stays_inside_it(tmp_path: Path) -> None:
    here = checkout_paths(tmp_path)
    paths = [value for value in vars(here).values() if isinstance(value, Path)]
    assert all(path.is_relative_to(tmp_path) for path in paths)


def test_these_tests_run_in_a_checkout() -> None:
    assert paths().checkout
    assert (paths().library / "__init__.py").is_file()


def test_what_an_installed_wheel_writes_goes_to_the_users_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    here = installed_paths()
    assert all(path.is_relative_to(tmp_path) for path in (here.npm, here.work, here.data))
    assert not any(
        path.is_relative_to(tmp_path) for path in (here.static, here.page, here.wasm, here.manifests)
    )
