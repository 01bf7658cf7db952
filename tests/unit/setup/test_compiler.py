from pathlib import Path

import pytest

from app.errors import SetupError
from app.files import write_bytes
from app.setup import compiler
from app.setup.emulator import FLAGS


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "find_spec", lambda _name: None)


def use_and_fail(work: Path) -> None:
    with compiler.provided(work) as found:
        assert (found.folder / "zig").is_file()
        raise SetupError("it did not compile")


@pytest.mark.usefixtures("not_installed")
def test_fetched_compiler_is_removed_after_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "compiler" / "left by a killed set-up", b"")

    def fetch(folder: Path) -> None:
        assert not folder.exists()
        write_bytes(folder / "ziglang" / "zig", b"")

    monkeypatch.setattr(compiler, "_fetch", fetch)
    with pytest.raises(SetupError, match="it did not compile"):
        use_and_fail(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("not_installed")
def test_compiler_that_cannot_be_fetched_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(SetupError, match=r"(?s)compiler could not be fetched.*ziglang.*try again"):
        use_and_fail(tmp_path)


def test_error_of_the_compiler_is_shown(tmp_path: Path) -> None:
    found = compiler.installed_compiler(tmp_path)
    if found is None:
        pytest.skip("no compiler in this environment")
    source = tmp_path / "wrong.cpp"
    source.write_text("int main() { return none_such; }\n")
    with pytest.raises(SetupError, match=r"(?s)did not compile.*none_such"):
        found.run([*FLAGS, str(source), "-o", str(tmp_path / "wrong.o")])
