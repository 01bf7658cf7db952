import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from wheel.wheelfile import WheelFile

from app.errors import ChecksumError, SetupError
from app.files import sha256_of, write_bytes
from app.paths import Paths
from app.setup.lock import PyodideWheels, PyPIArchive
from app.setup.progress import StepProgress
from app.setup.pyodide import fetch_wheels

FILES = {"numpy-1.whl": b"numpy" * 1000, "scipy-1.whl": b"scipy" * 1000, "joblib-1.whl": b"joblib"}
Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


def whole(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def half(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def other(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    whole(handler, content.upper())


def unavailable(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_error(503)


@contextmanager
def distribution(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve FILES on the loopback; give the base URL and the list of the names asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path.lstrip("/"))
            answer(self, FILES[asked[-1]])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", asked
        server.shutdown()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PyodideWheels:
    """Return a lock whose mirror is a real wheel, which pip finds in a folder."""
    index = tmp_path / "index"
    index.mkdir()
    mirror = index / "some_ui-1.0-py3-none-any.whl"
    with WheelFile(mirror, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(f"some_ui/pyodide/{name}", content)
        archive.writestr(
            "some_ui-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: some-ui\nVersion: 1.0\nRequires-Python: <3\n",
        )
        archive.writestr(
            "some_ui-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return PyodideWheels(
        base_url="http://127.0.0.1:1/",
        mirror=PyPIArchive("some-ui", "1.0", mirror.name, sha256_of(mirror)),
        mirror_folder="some_ui/pyodide/",
        files={name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()},
    )


def fetched(here: Paths) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in here.vendor.glob("pyodide/*")}


def test_distribution_is_tried_first(wheels: PyodideWheels, here: Paths, progress: StepProgress) -> None:
    with distribution(whole) as (url, asked):
        paths = fetch_wheels(replace(wheels, base_url=url), here, progress)
    assert fetched(here) == FILES
    assert [path.name for path in paths] == asked == list(FILES)


def test_mirror_is_used_if_nothing_listens(
    wheels: PyodideWheels, here: Paths, progress: StepProgress
) -> None:
    fetch_wheels(wheels, here, progress)
    assert fetched(here) == FILES
    assert list(here.work.iterdir()) == []


@pytest.mark.parametrize("answer", [unavailable, half])
def test_failing_distribution_is_tried_once(
    wheels: PyodideWheels, here: Paths, progress: StepProgress, answer: Answer
) -> None:
    with distribution(answer) as (url, asked):
        fetch_wheels(replace(wheels, base_url=url), here, progress)
    assert fetched(here) == FILES
    assert len(asked) == 1


def test_files_from_before_a_failure_are_kept(
    wheels: PyodideWheels, here: Paths, progress: StepProgress
) -> None:
    def first_only(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        (whole if content == FILES["numpy-1.whl"] else unavailable)(handler, content)

    with distribution(first_only) as (url, asked):
        fetch_wheels(replace(wheels, base_url=url), here, progress)
    assert fetched(here) == FILES
    assert asked == ["numpy-1.whl", "scipy-1.whl"]


def test_existing_files_are_not_downloaded(
    wheels: PyodideWheels, here: Paths, progress: StepProgress
) -> None:
    write_bytes(here.vendor / "pyodide" / "numpy-1.whl", FILES["numpy-1.whl"])
    write_bytes(here.vendor / "pyodide" / "scipy-1.whl", b"damaged")
    with distribution(whole) as (url, asked):
        fetch_wheels(replace(wheels, base_url=url), here, progress)
    assert asked == ["scipy-1.whl", "joblib-1.whl"]
    assert fetched(here) == FILES


def test_wrong_file_from_the_distribution_stops_set_up(
    wheels: PyodideWheels, here: Paths, progress: StepProgress
) -> None:
    with distribution(other) as (url, _), pytest.raises(ChecksumError) as caught:
        fetch_wheels(replace(wheels, base_url=url), here, progress)
    found = hashlib.sha256(FILES["numpy-1.whl"].upper()).hexdigest()
    assert (caught.value.file, caught.value.found) == ("numpy-1.whl", found)
    assert caught.value.expected == wheels.files["numpy-1.whl"]
    assert fetched(here) == {}


def test_wrong_file_in_the_mirror_stops_set_up(
    wheels: PyodideWheels, here: Paths, progress: StepProgress
) -> None:
    locked = replace(wheels, files={**wheels.files, "scipy-1.whl": "0" * 64})
    with pytest.raises(ChecksumError, match=r"scipy-1\.whl in some_ui"):
        fetch_wheels(locked, here, progress)
    assert set(fetched(here)) == {"numpy-1.whl"}


def test_wrong_mirror_stops_set_up(wheels: PyodideWheels, here: Paths, progress: StepProgress) -> None:
    locked = replace(wheels, mirror=replace(wheels.mirror, sha256="0" * 64))
    with pytest.raises(ChecksumError) as caught:
        fetch_wheels(locked, here, progress)
    facts = (caught.value.file, caught.value.expected, caught.value.found)
    assert facts == (wheels.mirror.file, "0" * 64, wheels.mirror.sha256)


def test_missing_mirror_says_what_to_do(wheels: PyodideWheels, here: Paths, progress: StepProgress) -> None:
    locked = replace(wheels, mirror=replace(wheels.mirror, version="2.0"))
    with pytest.raises(SetupError, match=r"(?s)could not download some-ui==2\.0.*Check that"):
        fetch_wheels(locked, here, progress)
