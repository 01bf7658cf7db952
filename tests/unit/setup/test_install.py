import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from app.setup import install

CONFIGURATION = """\
:env:.cert='/etc/corporate.pem'
:env:.find-links='/opt/wheels /opt/more'
:env:.timeout='60'
global.disable-pip-version-check='1'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://global.example/simple'
global.trusted-host='one.example'
install.index-url='https://install.example/simple'
list.format='columns'
"""


def test_pip_s_settings_reach_uv() -> None:
    assert install.uv_environment(CONFIGURATION, {}) == {
        "SSL_CERT_FILE": "/etc/corporate.pem",
        "UV_DEFAULT_INDEX": "https://install.example/simple",
        "UV_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_HTTP_TIMEOUT": "60",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_INSECURE_HOST": "one.example",
    }


def test_uv_s_own_variables_win_and_others_do_not() -> None:
    own = {"UV_DEFAULT_INDEX": "https://mine.example/simple", "SSL_CERT_FILE": "/etc/other.pem"}
    variables = install.uv_environment(CONFIGURATION, own)
    assert "UV_DEFAULT_INDEX" not in variables
    assert variables["SSL_CERT_FILE"] == "/etc/corporate.pem"


@pytest.mark.parametrize("setting", ["no-index='1'", "only-binary=':none:'", "keyring-provider='import'"])
def test_settings_without_a_counterpart_are_left_to_pip(setting: str) -> None:
    with pytest.raises(install.UntranslatableError, match=setting.partition("=")[0]):
        install.uv_environment(f"global.{setting}\n", {})


def test_pip_s_own_output_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://a.example/it's https://b.example/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "none.conf"))
    printed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    found = install.uv_environment(printed, {})["UV_EXTRA_INDEX_URL"]
    assert found == "https://a.example/it's https://b.example/simple"


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    """A folder with a wheel of a package that no index has."""
    wheel = tmp_path / "offered" / "sidflow_none_such-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    information = "sidflow_none_such-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sidflow_none_such.py", "")
        archive.writestr(
            f"{information}/METADATA", "Metadata-Version: 2.1\nName: sidflow-none-such\nVersion: 1.0\n"
        )
        archive.writestr(
            f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{information}/RECORD", "")
    return wheel


def lock(wheel: Path) -> Path:
    checksum = sha256(wheel.read_bytes()).hexdigest()
    path = wheel.parents[1] / "lock.txt"
    path.write_text(f"sidflow-none-such==1.0 --hash=sha256:{checksum}\n")
    return path


@pytest.mark.parametrize("no_index", ["", "1"])
def test_packages_come_from_where_pip_s_settings_say(
    tmp_path: Path,
    offered: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    no_index: str,
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered.parent))
    monkeypatch.setenv("PIP_NO_INDEX", no_index)
    target = tmp_path / "target"
    install.install(Path(sys.executable), [lock(offered)], ["--target", str(target)])
    assert (target / "sidflow_none_such.py").is_file()
    printed = capfd.readouterr().err
    assert "uv could not" not in printed
    assert ("uv has no counterpart of pip's setting no-index = '1', so pip installs" in printed) is bool(
        no_index
    )


def test_pip_tries_where_uv_fails(
    tmp_path: Path, offered: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered.parent))
    broken = tmp_path / "uv"
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(0o755)
    monkeypatch.setattr(install, "_uv", lambda _python: broken)
    target = tmp_path / "target"
    install.install(Path(sys.executable), [lock(offered)], ["--target", str(target)])
    assert (target / "sidflow_none_such.py").is_file()
    assert "uv could not install the packages" in capfd.readouterr().err


def test_a_changed_package_is_not_installed(
    tmp_path: Path, offered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(offered.parent))
    locked = lock(offered)
    with zipfile.ZipFile(offered, "a") as archive:
        archive.writestr("more.py", "")
    target = tmp_path / "target"
    with pytest.raises(install.InstallError, match="could not be installed"):
        install.install(Path(sys.executable), [locked], ["--target", str(target)])
    assert not (target / "sidflow_none_such.py").exists()


def test_an_old_python_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "OLDEST_PYTHON", (4, 0))
    with pytest.raises(install.InstallError, match=r"PYTHON=python3\.\d+"):
        install.make_environment(tmp_path / "environment")


def test_a_python_without_pip_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_succeeds", lambda _command: False)
    with pytest.raises(install.InstallError, match="apt-get install python3-pip"):
        install.pip_command(tmp_path / "python")
