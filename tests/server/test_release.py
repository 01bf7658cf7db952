"""Releases: named by their content, cached forever, compressed."""

import gzip
import hashlib
import json
import math
import re
from dataclasses import replace

import httpx
import pytest

from app.paths import BUNDLES, COMPRESSED, paths
from app.server.application import create_app
from app.server.settings import Settings

from .conftest import Serve
from .test_files import put

INDEX = """<link href="/static/a.css"><script src="static/js/page.js"></script>
<script config='{ "interpreter": "static/js/page.js" }'></script>"""
ENTRY, PART = "static/js/page.js", "static/js/part.js"
IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture(autouse=True)
def page(settings: Settings) -> None:
    put(settings.page / "index.html", INDEX.encode())
    put(settings.page / "main.py", b"main")
    put(settings.static / "js" / "page.js", b"import './part.js'")
    put(settings.static / "js" / "part.js", b"part")
    put(settings.vendor / BUNDLES / ENTRY, b"bundle")
    put(settings.vendor / BUNDLES / "inputs.json", json.dumps([PART]).encode())
    put(settings.static / "a.css", b"old")
    put(settings.library / "events.py", b"events")


def release(client: httpx.Client) -> str:
    names = set(re.findall(r'"r/([0-9a-f]+)/', client.get("/").text))
    assert len(names) == 1
    return f"/r/{names.pop()}"


def test_all_addresses_of_the_page_belong_to_one_release(client: httpx.Client) -> None:
    at = release(client)[1:]
    assert client.get("/").text == INDEX.replace('"/static/', f'"{at}/static/').replace(
        '"static/', f'"{at}/static/'
    )
    assert client.get("/").headers["cache-control"] == "no-cache"


def test_release_has_the_bundles_at_the_addresses_of_their_entries(client: httpx.Client) -> None:
    at = release(client)
    answers = [client.get(f"{at}/{address}") for address in (ENTRY, PART)]
    assert [answer.text for answer in answers] == ["bundle", "part"]
    assert {answer.headers["cache-control"] for answer in answers} == {IMMUTABLE}
    assert client.get(f"/r/none/{ENTRY}").text == "bundle", "for the page of an older release"
    assert client.get(f"/{ENTRY}").text == "import './part.js'"


def test_changed_content_is_a_new_release(
    client: httpx.Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.server.release.LOOK_SHARE", math.inf)
    old = release(client)
    assert client.get(f"{old}/static/a.css").headers["cache-control"] == IMMUTABLE
    put(settings.static / "a.css", b"new, and longer")
    new = release(client)
    assert new != old
    answer = client.get(f"{new}/static/a.css")
    assert (answer.text, answer.headers["cache-control"]) == ("new, and longer", IMMUTABLE)
    # An old page that requests a changed file gets the current one, but must not cache it under the old name.
    answer = client.get(f"{old}/static/a.css")
    assert (answer.text, answer.headers["cache-control"]) == ("new, and longer", "no-cache")
    assert client.get(f"{old}/sidflow_feedback/events.py").headers["cache-control"] == IMMUTABLE
    put(settings.static / "a.css", b"old")
    assert release(client) == old


def test_installed_files_are_looked_at_once(serve: Serve, settings: Settings) -> None:
    client = serve(create_app(replace(settings, changing=False)))
    old = release(client)
    put(settings.static / "a.css", b"new, and longer")
    assert release(client) == old


def test_page_that_the_client_has_is_not_sent_again(client: httpx.Client) -> None:
    for encoding in ("identity", "gzip"):
        answer = client.get("/", headers={"Accept-Encoding": encoding})
        again = client.get("/", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["content-security-policy"] == answer.headers["content-security-policy"]
    assert client.head("/").headers["content-length"] == client.get("/").headers["content-length"]
    assert client.post("/").status_code == 405


def test_list_of_files_has_their_checksums(client: httpx.Client) -> None:
    at = release(client)
    files = client.get(f"{at}/files.json").json()
    assert set(files) == {"page/index.html", "static/a.css", ENTRY}, "a page loads no others"
    for address, sha256 in files.items():
        assert hashlib.sha256(client.get(f"{at}/{address}").content).hexdigest() == sha256


@pytest.mark.parametrize(
    "path", ["/r/none/static/none.css", "/r/none/secret.txt", "/r/none/files.json", "/r/x"]
)
def test_missing_files_and_releases(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_compressed_copies_are_sent_if_accepted(client: httpx.Client, settings: Settings) -> None:
    path = put(settings.vendor / "a.wasm", b"wasm" * 1000)
    name = hashlib.sha256(path.read_bytes()).hexdigest()
    copy = put(settings.vendor / COMPRESSED / f"{name}.gz", gzip.compress(path.read_bytes()))
    address = "/static/vendor/a.wasm"
    answer = client.get(address, headers={"Accept-Encoding": "br, gzip"})
    assert (answer.headers["content-encoding"], answer.content) == ("gzip", path.read_bytes())
    assert int(answer.headers["content-length"]) == copy.stat().st_size
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("application/wasm", "Accept-Encoding")
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != answer.headers["etag"]
    part = client.get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"wasm")
    put(path, b"changed")
    assert client.get(address, headers={"Accept-Encoding": "gzip"}).content == b"changed"
    assert client.get(f"/static/vendor/{COMPRESSED}/{name}.gz").status_code == 404


def test_page_has_no_address_outside_its_release() -> None:
    """Otherwise the file would be missing offline, and on a host where the page isn't at the root."""
    folder = paths().page
    script = re.compile(r'"/(?:static|page|lib)/')
    sources = [path for path in folder.glob("*.py") if script.search(path.read_text())]
    assert [path.name for path in sources] == []


def test_first_program_of_pyscript_can_be_cut() -> None:
    script = (paths().static / "js" / "micropython.js").read_text()
    [core] = (paths().vendor / "pyscript").glob("core-*.js")
    first_program = core.read_text()
    written = re.search(r'WRITTEN = "(.*)\\n"', script)
    helpers = re.search(r'HELPERS = "(.*) = None\\n"', script)
    assert written
    assert helpers
    assert f'"{written[1]}"' in first_program
    [deleted] = re.findall(r"\[([^]]*)\]\.map\(\w+=>`del ", first_program)[-1:]
    assert {*helpers[1].split(" = "), "_pyscript"} == set(re.findall(r'"(\w+)"', deleted))
