"""Players driven by the server: a real sidplayfp, real streams, a device with the API of the Ultimate."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import signal
import sys
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.emulator import SidEmulator
from app.paths import paths
from app.roms import read_roms
from app.server.application import create_app
from app.server.errors import ConfigurationError
from app.server.player.cli import CliPlayer
from app.server.player.errors import PlayerUnavailableError
from app.server.player.ultimate import parse_device_address
from app.server.settings import Settings
from tests.patience import PATIENCE, wait_until
from tests.served import serve as serve_by_script
from tests.server.conftest import Serve, running
from tests.server.ultimate_device import Device, ultimate
from tests.wasm.roms import KERNAL, ROMS, basic_tune

TOKEN = "the-token-of-this-test"
MEDIA = {"Content-Type": "audio/prs.sid"}
LOCAL = {"Authorization": f"Bearer {TOKEN}"}
RATE = 44100

needs_sidplayfp = pytest.mark.skipif(shutil.which("sidplayfp") is None, reason="sidplayfp is not installed")


@pytest.fixture(scope="module")
def tune() -> bytes:
    return min((paths().vendor / "tunes").glob("*.sid")).read_bytes()


@pytest.fixture
def silent_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALSA's null device instead of speakers."""
    (tmp_path / "asound.conf").write_text("pcm.!default { type null }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))


@pytest.fixture
def device() -> Iterator[Device]:
    with ultimate() as device:
        yield device


@pytest.fixture
def local(settings: Settings, device: Device) -> Settings:
    """Settings of a server with local players."""
    return replace(settings, local_token=TOKEN, ultimate=parse_device_address(device.address))


@pytest.fixture
def client(serve: Serve, local: Settings, silent_output: None) -> httpx.Client:  # noqa: ARG001
    """A client with the token."""
    client = serve(create_app(local))
    client.headers.update(LOCAL)
    return client


def message(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


def processes(parent: int | None = None) -> list[int]:
    """Return the ids of a process's children that run sidplayfp; by default those of this process."""
    found = []
    for child in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = child.read_text().rsplit(")", 1)
        except OSError:
            continue
        if "(sidplayfp" in fields[0] and int(fields[1].split()[1]) == (parent or os.getpid()):
            found.append(int(child.parent.name))
    return found


def process(parent: int | None = None) -> int:
    """Wait for the one process that runs sidplayfp: Python starts it, which takes a moment."""
    wait_until(lambda: len(processes(parent)) == 1)
    return processes(parent)[0]


def process_state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


@needs_sidplayfp
def test_sidplayfp_plays_pauses_and_stops(client: httpx.Client, tune: bytes) -> None:
    assert client.get("/api/player").json()["cli"] is None
    answer = client.post("/api/player/cli?song=1", content=tune, headers=MEDIA)
    assert answer.status_code == 200
    assert answer.json()["songs"] >= 1
    pid = process()
    assert client.get("/api/player/cli").json() == {"status": "playing", "song": 1, "error": ""}
    client.put("/api/player/cli/pause")
    wait_until(lambda: process_state(pid) == "T")
    assert client.get("/api/player/cli").json()["status"] == "paused"
    client.put("/api/player/cli/resume")
    wait_until(lambda: process_state(pid) != "T")
    client.put("/api/player/cli/stop")
    assert processes() == []
    assert client.get("/api/player/cli").json()["status"] == "idle"


@needs_sidplayfp
def test_new_tune_replaces_a_paused_sidplayfp(client: httpx.Client, tune: bytes) -> None:
    client.post("/api/player/cli", content=tune, headers=MEDIA)
    first = process()
    client.put("/api/player/cli/pause")
    client.post("/api/player/cli", content=tune, headers=MEDIA)
    assert process() != first
    client.put("/api/player/cli/stop")


@needs_sidplayfp
@pytest.mark.usefixtures("silent_output")
def test_sidplayfp_ends_with_the_server(local: Settings, tune: bytes) -> None:
    with running(create_app(local)) as client:
        assert client.post("/api/player/cli", content=tune, headers=MEDIA | LOCAL).status_code == 200
        process()
    assert processes() == []


@needs_sidplayfp
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
@pytest.mark.usefixtures("silent_output")
@pytest.mark.parametrize("paused", [False, True])
def test_sidplayfp_ends_with_a_server_that_is_killed(tune: bytes, tmp_path: Path, paused: bool) -> None:
    with (
        serve_by_script(tmp_path, "--local-players") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        client.headers["Authorization"] = f"Bearer {served.token}"
        assert client.post("/api/player/cli", content=tune, headers=MEDIA).status_code == 200
        pid = process(served.process.pid)
        if paused:
            client.put("/api/player/cli/pause")
            wait_until(lambda: process_state(pid) == "T")
        served.process.kill()
        served.process.wait()
        wait_until(lambda: not Path(f"/proc/{pid}").exists() or process_state(pid) == "Z")


@needs_sidplayfp
def test_sidplayfp_that_dies_is_reported(client: httpx.Client, tune: bytes) -> None:
    client.post("/api/player/cli", content=tune, headers=MEDIA)
    os.kill(process(), signal.SIGKILL)
    wait_until(lambda: client.get("/api/player/cli").json()["status"] == "error")
    assert "exited before the end of the tune" in client.get("/api/player/cli").json()["error"]


@needs_sidplayfp
@pytest.mark.usefixtures("silent_output")
async def test_sidplayfp_stops_without_state_requests(tune: bytes) -> None:
    player = CliPlayer(abandoned_seconds=3)
    await player.play(tune, 1)
    await asyncio.to_thread(process)
    await asyncio.to_thread(wait_until, lambda: not processes())
    await player.aclose()


@needs_sidplayfp
async def test_missing_sound_output_is_reported(
    tune: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "none.conf").write_text("")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "none.conf"))
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
    monkeypatch.setenv("AUDIODEV", "/nowhere")
    player = CliPlayer()
    with pytest.raises(PlayerUnavailableError, match=r"\(.*ERROR.*\). Check the sound output") as caught:
        await player.play(tune, 1)
    assert "/tmp" not in caught.value.message
    await player.aclose()


async def test_missing_program_is_reported(tune: bytes) -> None:
    player = CliPlayer("sidplayfp-of-nobody")
    assert "is not installed" in (await player.unavailable() or "")
    with pytest.raises(PlayerUnavailableError, match="is not installed"):
        await player.play(tune, 1)
    await player.aclose()


@pytest.mark.parametrize("name", ["cli", "u64", "stream"])
def test_bad_files_are_rejected(client: httpx.Client, name: str) -> None:
    path = f"/api/player/{name}?seconds=10"
    assert client.post(path, content=b"no tune", headers=MEDIA).status_code == 422
    assert client.post(path, content=bytes(129 * 1024), headers=MEDIA).status_code == 413


def render(client: httpx.Client, tune: bytes, seconds: float = 3) -> str:
    answer = client.post(f"/api/player/stream?seconds={seconds}&song=1", content=tune, headers=MEDIA)
    assert answer.status_code == 200
    return str(answer.json()["url"])


def test_stream_contains_what_the_emulator_renders(client: httpx.Client, tune: bytes) -> None:
    answer = client.get(render(client, tune, 2.5))
    assert answer.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.getparams()[:4] == (1, 2, RATE, round(2.5 * RATE))
        sound = np.frombuffer(file.readframes(RATE), "<i2") / 32767
    engine = SidEmulator()
    engine.load(tune)
    engine.start(1)
    assert np.abs(sound - np.clip(engine.render(RATE), -1, 1)).max() <= 1 / 32767


def test_server_renders_basic_programs_with_its_roms_and_hands_none_out(
    serve: Serve, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "roms"
    folder.mkdir()
    for kind, image in ROMS.images.items():
        (folder / f"{kind}.rom").write_bytes(image)
    with_roms = replace(settings, roms=read_roms(folder))
    client = serve(create_app(with_roms))
    sound = client.get(render(client, basic_tune())).content
    assert np.frombuffer(sound[44:], "<i2").std() > 300
    addresses = [
        f"{base}{kind}.rom" for kind in ROMS.images for base in ("/roms/", "/static/roms/", "/page/../roms/")
    ]
    for address in ["/roms", "/api/player", "/api/openapi.json", *addresses]:
        answer = client.get(address)
        assert not any(image[:64] in answer.content for image in ROMS.images.values()), address
    assert "KERNAL" not in repr(with_roms)
    assert repr(KERNAL[:16])[2:-1] not in repr(with_roms)


def test_server_without_roms_says_what_a_basic_program_needs(client: httpx.Client) -> None:
    answer = client.post("/api/player/stream?song=1", content=basic_tune(), headers=MEDIA)
    assert answer.status_code == 422
    assert "needs the C64's KERNAL and BASIC ROM" in message(answer)
    assert "SIDFLOW_ROMS" in message(answer)


def test_ranges_are_parts_of_the_file(client: httpx.Client, tune: bytes) -> None:
    url = render(client, tune)
    whole = client.get(url)
    size = len(whole.content)
    assert size == 44 + 2 * 3 * RATE
    assert whole.headers["accept-ranges"] == "bytes"
    for wanted, first, last in (
        ("bytes=0-", 0, size - 1),
        ("bytes=100-199", 100, 199),
        ("bytes=200000-999999999", 200000, size - 1),
        ("bytes=-100", size - 100, size - 1),
    ):
        part = client.get(url, headers={"Range": wanted})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    for wanted in (f"bytes={size}-", "bytes=5-4", "bytes=-", "lines=1-2", "bytes=1-2,4-5"):
        assert client.get(url, headers={"Range": wanted}).status_code == 416


def test_length_of_a_stream_is_limited(client: httpx.Client, tune: bytes) -> None:
    for seconds in (0, 901, "nan", "inf"):
        answer = client.post(f"/api/player/stream?seconds={seconds}", content=tune, headers=MEDIA)
        assert answer.status_code == 422
    assert client.get(f"/api/player/stream/{'0' * 64}.wav").status_code == 404


def test_ultimate_receives_documented_calls(client: httpx.Client, device: Device, tune: bytes) -> None:
    assert client.get("/api/player").json()["u64"] is None
    assert client.post("/api/player/u64?song=1", content=tune, headers=MEDIA).status_code == 200
    assert client.get("/api/player/u64").json()["status"] is None
    for command in ("pause", "resume", "stop"):
        assert client.put(f"/api/player/u64/{command}").status_code == 200
    assert device.tunes == [(tune, 1)]
    assert device.calls == [
        "POST /v1/runners:sidplay?songnr=1",
        "PUT /v1/machine:pause",
        "PUT /v1/machine:resume",
        "PUT /v1/machine:resume",
        "PUT /v1/machine:reset",
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"errors": ["file not found"]}, "refused: file not found"),
        ({"status": 403}, "network password"),
        ({"status": 500}, "refused: status 500"),
        ({"body": b"<html>router</html>"}, "its response is not that of an Ultimate"),
    ],
)
def test_error_of_the_device_is_reported(
    client: httpx.Client, device: Device, changes: dict[str, Any], expected: str
) -> None:
    for name, value in changes.items():
        setattr(device, name, value)
    answer = client.put("/api/player/u64/pause")
    assert answer.status_code == 503
    assert expected in message(answer)


def test_device_that_is_off_is_reported(serve: Serve, local: Settings) -> None:
    with ultimate() as device:
        address = parse_device_address(device.address)
    client = serve(create_app(replace(local, ultimate=address)))
    assert "does not respond" in client.get("/api/player", headers=LOCAL).json()["u64"]
    assert "does not respond" in message(client.put("/api/player/u64/pause", headers=LOCAL))


def test_server_without_a_device_says_how_to_name_one(serve: Serve, local: Settings) -> None:
    client = serve(create_app(replace(local, ultimate=None)))
    assert "--ultimate 192.168.1.64" in client.get("/api/player", headers=LOCAL).json()["u64"]
    assert client.put("/api/player/u64/pause", headers=LOCAL).status_code == 503


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "169.254.169.254", "0.0.0.0", "255.255.255.255", "224.0.0.1", "ultimate.local", "127.1",
     "2130706433", "192.168.1.64:0", "192.168.1.64:65536", "192.168.1.64/x", "user@192.168.1.64", "::1"],
)  # fmt: skip
def test_addresses_outside_the_local_network_are_rejected(address: str) -> None:
    with pytest.raises(ConfigurationError, match="SIDFLOW_ULTIMATE must be"):
        parse_device_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1:80", "10.0.0.9", "172.16.0.1", "192.168.1.64:8080"])
def test_addresses_in_the_local_network_are_allowed(address: str) -> None:
    host, _, port = address.partition(":")
    assert parse_device_address(address) == (host, int(port or 80))
