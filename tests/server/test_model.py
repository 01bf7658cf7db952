import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server.application import create_app
from app.server.settings import Settings

from .conftest import MANIFEST, Serve

LATEST = "/api/model/latest"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "latest.json"


def unavailable(client: httpx.Client, reason: str) -> None:
    answer = client.get(LATEST)
    assert answer.status_code == 503
    error = answer.json()["error"]
    assert error["code"] == "model_unavailable"
    assert reason in error["message"]
    assert "latest.json" not in answer.text
    assert os.sep + "tmp" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


def test_complete_manifest(client: httpx.Client) -> None:
    answer = client.get(LATEST)
    assert answer.json() == MANIFEST
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "private, max-age=300"


@pytest.mark.parametrize("part", ["metadata", "weightSpecs", "weightData"])
def test_missing_part_is_null(client: httpx.Client, manifest: Path, part: str) -> None:
    manifest.write_text(json.dumps({name: value for name, value in MANIFEST.items() if name != part}))
    assert client.get(LATEST).json() == {**MANIFEST, part: None}


@pytest.mark.parametrize("part", ["featureStats", "modelTopology"])
def test_metadata_name_missing_parts_that_have_defaults(
    client: httpx.Client, manifest: Path, part: str
) -> None:
    manifest.write_text(json.dumps({name: value for name, value in MANIFEST.items() if name != part}))
    metadata = {**MANIFEST["metadata"], "defaults": [part]}
    assert client.get(LATEST).json() == {**MANIFEST, "metadata": metadata, part: None}


@pytest.mark.parametrize("content", [{}, {"a": 1}, {"version": "global-1"}, {"success": True, "data": {}}])
def test_json_that_is_no_model_is_refused(client: httpx.Client, manifest: Path, content: object) -> None:
    manifest.write_text(json.dumps(content))
    unavailable(client, "no model in the TensorFlow.js layers format")


def test_response_of_another_server(client: httpx.Client, manifest: Path) -> None:
    renamed = {**MANIFEST, "modelVersion": "0.2.0", "weightDataBase64": MANIFEST["weightData"]}
    renamed["featureStats"] = {**MANIFEST["featureStats"], "version": "2025-11-03"}
    data = {name: value for name, value in renamed.items() if name not in ("version", "weightData")}
    manifest.write_text(json.dumps({"success": True, "data": data}))
    assert client.get(LATEST).json() == {**MANIFEST, "version": "0.2.0"}


def test_folder_of_tensorflow_js(client: httpx.Client, manifest: Path) -> None:
    manifest.unlink()
    (manifest / "model").mkdir(parents=True)
    unavailable(client, "model.json")
    weights = base64.b64decode(MANIFEST["weightData"])
    saved = {
        "modelTopology": MANIFEST["modelTopology"],
        "weightsManifest": [{"paths": ["a.bin", "b.bin"], "weights": MANIFEST["weightSpecs"]}],
    }
    (manifest / "model" / "model.json").write_text(json.dumps(saved))
    (manifest / "model" / "a.bin").write_bytes(weights[:1000])
    (manifest / "model" / "b.bin").write_bytes(weights[1000:])
    answer = client.get(LATEST).json()
    assert answer["version"].startswith("tfjs-")
    assert (answer["weightData"], answer["featureStats"]) == (MANIFEST["weightData"], None)
    (manifest / "model-metadata.json").write_text(json.dumps({"modelVersion": "0.2.0"}))
    (manifest / "feature-stats.json").write_text(json.dumps(MANIFEST["featureStats"]))
    answer = client.get(LATEST).json()
    assert (answer["version"], answer["featureStats"]) == ("0.2.0", MANIFEST["featureStats"])
    (manifest / "model" / "b.bin").unlink()
    assert client.get(LATEST).status_code == 503


def test_head(client: httpx.Client) -> None:
    whole, head = client.get(LATEST), client.head(LATEST)
    assert head.status_code == 200
    assert head.content == b""
    for name in ("etag", "content-length", "content-type", "cache-control"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize("condition", ["{}", "W/{}", '"other", {}', "*"])
def test_known_etag_is_304(client: httpx.Client, condition: str) -> None:
    etag = client.get(LATEST).headers["etag"]
    answer = client.get(LATEST, headers={"If-None-Match": condition.format(etag)})
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["etag"] == etag
    assert answer.headers["cache-control"] == "private, max-age=300"


def test_new_model_has_a_new_etag(client: httpx.Client, manifest: Path) -> None:
    old = client.get(LATEST).headers["etag"]
    manifest.write_text(json.dumps({**MANIFEST, "version": "global-2"}))
    answer = client.get(LATEST, headers={"If-None-Match": old})
    assert answer.status_code == 200
    assert answer.json()["version"] == "global-2"
    assert answer.headers["etag"] != old


def test_first_model_until_there_is_another(client: httpx.Client, settings: Settings) -> None:
    content = settings.model_path.read_bytes()
    settings.model_path.unlink()
    assert client.get(LATEST).json()["version"] == "first"
    settings.model_path.write_bytes(content)
    assert client.get(LATEST).json()["version"] == MANIFEST["version"]


def test_first_model_while_the_folder_is_missing(serve: Serve, settings: Settings, tmp_path: Path) -> None:
    settings = replace(settings, model_path=tmp_path / "volume" / "model" / "latest.json")
    assert serve(create_app(settings)).get(LATEST).json()["version"] == "first"


def test_no_model_at_all(client: httpx.Client, settings: Settings) -> None:
    settings.model_path.unlink()
    settings.first_model.unlink()
    unavailable(client, "No such file")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, "version: "),
        ({"metadata": []}, "metadata: "),
        ({"featureStats": {"featureNames": ["a"], "means": [1.0]}}, "featureStats.stds: "),
        ({"featureStats": {"featureNames": ["a"], "means": [1.0], "stds": []}}, "same length"),
        ({"featureStats": {"featureNames": ["a"], "means": [10**400], "stds": [1]}}, "featureStats.means"),
        ({"metadata": {"loss": 10**400}}, "metadata"),
        ({"modelTopology": "{}"}, "modelTopology: "),
        ({"weightSpecs": {}}, "weightSpecs: "),
        ({"weightData": "AAA"}, "weightData: must be base64"),
        ({"weightData": "A*AA"}, "weightData: must be base64"),
    ],
)
def test_invalid_part(client: httpx.Client, manifest: Path, changes: dict[str, Any], reason: str) -> None:
    manifest.write_text(json.dumps({**MANIFEST, **changes}))
    unavailable(client, reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "EOF"),
        (json.dumps(MANIFEST).encode()[:-5], "EOF"),
        (b"\x00\xff" * 50, "expected value"),
        (b"[]", "manifest: "),
        (b'{"metadata": {"loss": NaN}}', "expected value"),
        (json.dumps({**MANIFEST, "metadata": {"loss": 5}}).replace("5}", "1e999}").encode(), "finite"),
        (b" " * (16 * 1024 * 1024 + 1), "larger than 16 MB"),
    ],
)
def test_corrupt_file(client: httpx.Client, manifest: Path, content: bytes, reason: str) -> None:
    manifest.write_bytes(content)
    unavailable(client, reason)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods(client: httpx.Client, method: str) -> None:
    answer = client.request(method, LATEST)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert answer.json()["error"]["code"] == "method_not_allowed"
