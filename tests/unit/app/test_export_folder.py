"""A folder with an export: nothing else in it is overwritten or deleted."""

from pathlib import Path

import pytest

from app.errors import SetupError
from app.export_folder import LIST, replace_export


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path) -> dict[str, bytes]:
    return {path: data for path, data in files_in(folder).items() if path != LIST}


def test_new_export_replaces_the_one_before_and_leaves_the_rest(tmp_path: Path) -> None:
    replace_export(tmp_path, {"static/old/a.js": b"1", "index.html": b"2"})
    (tmp_path / "static" / "mine.txt").write_bytes(b"mine")
    replace_export(tmp_path, {"static/new/b.js": b"3", "index.html": b"4"})
    assert written(tmp_path) == {"static/new/b.js": b"3", "index.html": b"4", "static/mine.txt": b"mine"}
    assert not (tmp_path / "static" / "old").exists()


@pytest.mark.parametrize("name", ["index.html", "static/a.js", "service-worker.js"])
def test_folder_that_no_export_made_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"somebody's")
    with pytest.raises(SetupError, match="something else in it"):
        replace_export(tmp_path, {"index.html": b"2"})
    assert files_in(tmp_path) == {name: b"somebody's"}


@pytest.mark.parametrize("path", ["index.html", "extra.html"])
def test_file_that_was_changed_or_added_is_not_overwritten(tmp_path: Path, path: str) -> None:
    replace_export(tmp_path, {"index.html": b"1", "a.js": b"2"})
    (tmp_path / path).write_bytes(b"edited")
    before = files_in(tmp_path)
    with pytest.raises(SetupError, match="isn't as an export has written it"):
        replace_export(tmp_path, {"a.js": b"3", path: b"4"})
    assert files_in(tmp_path) == before


def test_changed_file_is_not_deleted(tmp_path: Path) -> None:
    replace_export(tmp_path, {"gone.js": b"1"})
    (tmp_path / "gone.js").write_bytes(b"edited")
    with pytest.raises(SetupError):
        replace_export(tmp_path, {"new.js": b"2"})
    assert (tmp_path / "gone.js").read_bytes() == b"edited"


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.js").write_bytes(b"theirs")
    folder = tmp_path / "export"
    replace_export(folder, {"index.html": b"1"})
    (folder / "static").symlink_to(outside)
    with pytest.raises(SetupError, match="a link or a file stands in its way"):
        replace_export(folder, {"static/a.js": b"2", "index.html": b"3"})
    assert (outside / "a.js").read_bytes() == b"theirs"


@pytest.mark.parametrize(
    "listed", ["{}", "[]", "no JSON", '{"files": {"../a": ["x"]}}', '{"files": {"/etc/a": []}}']
)
def test_damaged_list_is_no_export(tmp_path: Path, listed: str) -> None:
    (tmp_path / LIST).write_text(listed)
    with pytest.raises(SetupError, match="something else in it"):
        replace_export(tmp_path, {"index.html": b"1"})


def test_stopped_export_can_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_export(tmp_path, {"a.js": b"1", "b.js": b"1"})
    write = Path.write_bytes

    def stop(self: Path, data: bytes) -> int:
        if self.name == ".b.js.part":
            raise KeyboardInterrupt
        return write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", stop)
        with pytest.raises(KeyboardInterrupt):
            replace_export(tmp_path, {"a.js": b"2", "b.js": b"2"})
    assert written(tmp_path) == {"a.js": b"2", "b.js": b"1"}
    replace_export(tmp_path, {"a.js": b"3", "b.js": b"3"})
    assert written(tmp_path) == {"a.js": b"3", "b.js": b"3"}
