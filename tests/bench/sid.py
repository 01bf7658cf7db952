"""`make bench-sid`: the SID emulator's speed compared with the native player, and playback underruns.

Takes a quarter of an hour; `python -m tests.bench.sid --minutes 1` is shorter. The last line is JSON.

Factors are seconds of sound per second of processor time, so that other work on the machine matters
little. Those named `wall` are per second of wall-clock time.
"""

from __future__ import annotations

import argparse
import base64
import json
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

from playwright.sync_api import Browser, Page

from app.emulator import SidEmulator
from app.paths import paths
from tests.bench.harness import HERE, WORKER, browsing, figures, medians, open_page, spread
from tests.bench.sid_underruns import analysis_figures, underrun_figures
from tests.wasm.programs import on_chips

ROUNDS, SECONDS = 3, 30
MINUTES = 10.0
THREE_CHIPS = on_chips(0xD400, 0xD420, 0xD440, chips=(6581, 6581, 6581))
FEATURES = (HERE / "sid_features.py").read_text()

FACTOR = """async ([data, seconds]) => {
    const { createExcerptRenderer } = await import("/static/js/sid/excerpt.js");
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    globalThis.renderer ??= createExcerptRenderer({ wasmUrl: "/static/vendor/sid/sid.wasm" });
    const begun = performance.now();
    await renderer.render(bytes, { seconds });
    return (1000 * seconds) / (performance.now() - begun);
}"""


def main() -> None:
    """Measure, and print one JSON object."""
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=MINUTES, help="how long to play")
    minutes = options.parse_args().minutes
    wasm = paths().vendor / "sid" / "sid.wasm"
    tune = sorted((paths().vendor / "tunes").glob("*.sid"))[0].read_bytes()
    with browsing(high_priority=True) as (browser, url), tempfile.TemporaryDirectory() as folder:
        page = browser.new_page()
        open_page(page, url)
        rounds = [_round(Renderer(browser, page), tune, Path(folder)) for _ in range(ROUNDS)]
        features = figures(page, "py", WORKER, FEATURES)
        page.close()
        busy = analysis_figures(browser, url) | underrun_figures(browser, url, 60 * minutes)
    found: dict[str, Any] = {name: round(value, 2) for name, value in medians(rounds).items()}
    found["ratio_spread"] = spread(rounds, "ratio")
    found["wasm_bytes"] = wasm.stat().st_size
    found |= {name: round(value, 1) for name, value in features.items()}
    print(json.dumps(found | {name: round(value, 4) for name, value in busy.items()}))


class Renderer:
    """The emulator in the page's worker."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._cdp, self._page = browser.new_browser_cdp_session(), page

    def factors(self, tune: bytes) -> tuple[float, float]:
        """Return the seconds rendered per second of processor time and per second of wall-clock time."""
        data = base64.b64encode(tune).decode()
        self._page.evaluate(FACTOR, [data, 1])
        before = self._cost()
        wall: float = self._page.evaluate(FACTOR, [data, SECONDS])
        return SECONDS / (self._cost() - before), wall

    def _cost(self) -> float:
        processes = self._cdp.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(float(process["cpuTime"]) for process in processes if process["type"] == "renderer")


def _round(renderer: Renderer, tune: bytes, folder: Path) -> dict[str, float]:
    """Measure the browser, the native player and the emulator outside the browser, one after another."""
    browser, wall = renderer.factors(tune)
    three, three_wall = renderer.factors(THREE_CHIPS)
    native = _native(tune, folder)
    wasmtime = SECONDS / _cost(tune)
    return {
        "realtime_factor": browser,
        "native_factor": native,
        "ratio": browser / native,
        "wasmtime_factor": wasmtime,
        "wasmtime_ratio": wasmtime / native,
        "realtime_3sid": three,
        "wall_factor": wall,
        "wall_3sid": three_wall,
        "native_3sid": _native(THREE_CHIPS, folder),
    }


def _native(tune: bytes, folder: Path) -> float:
    """Return how many seconds the native player renders per second of processor time."""
    file = folder / "tune.sid"
    file.write_bytes(tune)
    command = ["sidplayfp", "-q", "--delay=0", "-m", f"-w{folder / 'native'}", f"-t{SECONDS}", str(file)]
    return SECONDS / _children(lambda: subprocess.run(command, check=True, capture_output=True))


def _children(run: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _cost(tune: bytes) -> float:
    emulator = SidEmulator()
    emulator.load(tune)
    emulator.start()
    begun = process_time()
    emulator.render_seconds(SECONDS)
    return process_time() - begun


if __name__ == "__main__":
    main()
