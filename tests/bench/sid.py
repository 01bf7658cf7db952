"""`make bench-sid`: the SID emulator's speed compared with the native player, and playback underruns.

Takes a quarter of an hour; `python -m tests.bench.sid --play-seconds 60` is shorter. The last line is JSON.

Factors are seconds of sound per second of processor time, so that other work on the machine matters
little. Those named `wall` are per second of wall-clock time.
"""

from __future__ import annotations

import base64
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

from playwright.sync_api import Browser, Page

from app.emulator import SidEmulator
from app.paths import paths
from tests.bench.harness import Figures, medians, new_profile, open_page, python_figures, run, spread
from tests.bench.sid_underruns import analysis_figures, underrun_figures
from tests.wasm.programs import on_chips

THREE_CHIPS = on_chips(0xD400, 0xD420, 0xD440, chips=(6581, 6581, 6581))

FACTOR = """async ([data, seconds]) => {
    const { MAX_FRAMES, SidEmulator, WASM_URL } = await import("/static/js/sid/emulator.js");
    globalThis.sidEmulator ??= await SidEmulator.fetch(WASM_URL);
    sidEmulator.load(Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)));
    sidEmulator.start(0, 44100);
    const begun = performance.now();
    for (let left = 44100 * seconds; left > 0; left -= MAX_FRAMES) sidEmulator.render(MAX_FRAMES);
    return (1000 * seconds) / (performance.now() - begun);
}"""


def measure(
    browser: Browser,
    url: str,
    *,
    rounds: int = 3,
    render_seconds: int = 30,
    tunes: int = 8,
    analysis_seconds: int = 90,
    play_seconds: int = 600,
) -> Figures:
    """Return the emulator's speed, the cost of feature analysis, and underruns while everything else runs."""
    wasm = paths().vendor / "sid" / "sid.wasm"
    tune = min((paths().vendor / "tunes").glob("*.sid")).read_bytes()
    with new_profile(browser) as context, tempfile.TemporaryDirectory() as folder:
        page = context.new_page()
        open_page(page, url)
        renderer = Renderer(browser, page, render_seconds)
        found = [_round(renderer, tune, Path(folder)) for _ in range(rounds)]
        features = python_figures(page, "worker", "sid_features.py", tunes=tunes)
    analysis = analysis_figures(browser, url, analysis_seconds)
    playback = underrun_figures(browser, url, play_seconds)
    size = {"ratio_spread": spread(found, "ratio"), "wasm_bytes": wasm.stat().st_size}
    return {**medians(found), **size, **features, **analysis, **playback}


class Renderer:
    """The emulator in a page."""

    def __init__(self, browser: Browser, page: Page, seconds: int) -> None:
        self._cdp, self._page = browser.new_browser_cdp_session(), page
        self.seconds = seconds

    def factors(self, tune: bytes) -> tuple[float, float]:
        """Return the seconds rendered per second of processor time and per second of wall-clock time."""
        data = base64.b64encode(tune).decode()
        self._page.evaluate(FACTOR, [data, 1])
        before = self._cost()
        wall: float = self._page.evaluate(FACTOR, [data, self.seconds])
        return self.seconds / (self._cost() - before), wall

    def _cost(self) -> float:
        processes = self._cdp.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(float(process["cpuTime"]) for process in processes if process["type"] == "renderer")


def _round(renderer: Renderer, tune: bytes, folder: Path) -> dict[str, float]:
    """Measure the browser, the native player and the emulator outside the browser, one after another."""
    browser, wall = renderer.factors(tune)
    three, three_wall = renderer.factors(THREE_CHIPS)
    native = _native(tune, folder, renderer.seconds)
    wasmtime = renderer.seconds / _cost(tune, renderer.seconds)
    return {
        "realtime_factor": browser,
        "native_factor": native,
        "ratio": browser / native,
        "wasmtime_factor": wasmtime,
        "wasmtime_ratio": wasmtime / native,
        "realtime_3sid": three,
        "wall_factor": wall,
        "wall_3sid": three_wall,
        "native_3sid": _native(THREE_CHIPS, folder, renderer.seconds),
    }


def _native(tune: bytes, folder: Path, seconds: int) -> float:
    """Return how many seconds the native player renders per second of processor time."""
    file = folder / "tune.sid"
    file.write_bytes(tune)
    command = ["sidplayfp", "-q", "--delay=0", "-m", f"-w{folder / 'native'}", f"-t{seconds}", str(file)]
    return seconds / _children(lambda: subprocess.run(command, check=True, capture_output=True))


def _children(run: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _cost(tune: bytes, seconds: int) -> float:
    emulator = SidEmulator()
    emulator.load(tune)
    emulator.start()
    begun = process_time()
    emulator.render_seconds(seconds)
    return process_time() - begun


if __name__ == "__main__":
    run(measure, browser=True, high_priority=True)
