"""Shared by the benchmarks: the served page in a real browser, and Python that measures in it.

A benchmark is a module with a function `measure`, whose keyword arguments are its sizes; `run` makes it a
command. Whatever fails in a page or in one of its workers ends the benchmark at once, in its own words.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal, TypeAlias

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    WebError,
    sync_playwright,
)

from app.setup.chromium import chromium
from tests.browser.conftest import CHROMIUM_ARGS
from tests.served import serve
from tests.unguarded import let_python_in

HERE = Path(__file__).parent
PATIENCE = 300_000
"""Milliseconds to wait for something, enough on a busy machine."""

CONFIGURATION: Final = {
    "interpreter": "/sidflow_feedback/engine/boot/interpreter.js",
    "sync_main_only": True,
    "js_modules": {
        "worker": {
            "/sidflow_feedback/store/indexeddb.js": "feedback_store",
            "/static/js/sid/excerpt.js": "sid_excerpt",
        }
    },
}

Figures: TypeAlias = dict[str, Any]
"""What a benchmark found, by names that stay the same: numbers, or ranges as lists of two."""

Interpreter: TypeAlias = Literal["page", "worker"]
"""The page's MicroPython, or a separate Pyodide in a worker that is started as the engine is."""

SCRIPTS: Mapping[Interpreter, tuple[str, dict[str, str]]] = {
    "page": ("mpy", {}),
    "worker": ("py", {"worker": "", "name": "bench", "config": json.dumps(CONFIGURATION)}),
}
"""Type and attributes of the script elements by which PyScript runs Python."""

RUN_SCRIPT = """([type, attributes, text]) => {
    globalThis.benchAnswer = null;
    globalThis.benchChannel ??= new BroadcastChannel("bench");
    benchChannel.onmessage = ({ data }) => { globalThis.benchAnswer = data; };
    const script = document.createElement("script");
    script.type = type;
    for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
    script.textContent = text;
    document.body.append(script);
}"""

# Runs in both Pythons; only one of them has `traceback`.
RUNNER = """
async def _bench_run(source, file, parameters):
    import io, json, sys
    import js
    try:
        exec(compile(source, file, "exec"), globals())
        answer = json.dumps(await globals()["measure"](**json.loads(parameters)))
    except BaseException as exc:
        if sys.implementation.name == "micropython":
            text = io.StringIO()
            sys.print_exception(exc, text)
            words = text.getvalue()
        else:
            import traceback
            words = traceback.format_exc()
        js.console.error(words)
        return
    js.BroadcastChannel.new("bench").postMessage(answer)

import asyncio
_bench_task = asyncio.create_task(_bench_run({source!r}, {file!r}, {parameters!r}))
"""


class BenchmarkError(Exception):
    """Something failed in a page or a worker; the message is what it said."""


def run(measure: Callable[..., Figures], *, browser: bool = False, high_priority: bool = False) -> None:
    """Run a benchmark as a command, and print its figures as one JSON object in the last line.

    Each keyword argument of `measure` is an option of the command.

    Parameters
    ----------
    browser
        Whether its positional arguments are a browser and the address of the served application.
    high_priority
        See `browsing`.
    """
    parser = argparse.ArgumentParser(description=inspect.getdoc(inspect.getmodule(measure)))
    for name, parameter in inspect.signature(measure).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            kind, value = type(parameter.default), parameter.default
            parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=value, help=f"now {value}")
    sizes = vars(parser.parse_args())
    with browsing(high_priority=high_priority) if browser else contextlib.nullcontext(()) as given:
        figures = measure(*given, **sizes)
    print(as_json(figures))


def as_json(figures: Figures) -> str:
    """Return the figures in one line, numbers with four significant digits."""
    return json.dumps(_rounded(figures), allow_nan=False)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(part) for part in value]
    if isinstance(value, float):
        return round(value) if abs(value) >= 1000 else float(f"{value:.4g}")
    return value


@contextmanager
def browsing(*, high_priority: bool = False) -> Iterator[tuple[Browser, str]]:
    """Serve the application; yield a browser and the address.

    With `high_priority`, processes get a higher priority if the system permits it (root): other work on the
    machine would distort short measurements. The browser's processes inherit the priority.
    """
    with (
        _priority(-10 if high_priority else 0),
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder)) as served,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGS)
        yield browser, served.url
        browser.close()


@contextmanager
def _priority(change: int) -> Iterator[None]:
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with contextlib.suppress(OSError):
        os.nice(change)
    yield
    os.setpriority(os.PRIO_PROCESS, 0, usual)


@contextmanager
def new_profile(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a new profile, see `watched`; scripts run in its pages despite their content security policy."""
    with watched(let_python_in(browser.new_context(bypass_csp=True))) as context:
        yield context


@contextmanager
def watched(context: BrowserContext) -> Iterator[BrowserContext]:
    """Yield a profile in which errors end the benchmark, and close it afterwards.

    Errors are those that nothing caught and those that a page or a worker logs, and crashes. The first one
    closes the profile, so that what waits for its pages stops waiting.

    Raises
    ------
    BenchmarkError
        There was an error.
    """
    failures: list[str] = []

    def fail(words: str) -> None:
        failures.append(words)
        if len(failures) == 1:
            context.close()

    def on_console(message: ConsoleMessage) -> None:
        # Browsers ask for an icon of pages that name none; MicroPython writes its warnings where errors go.
        harmless = message.location["url"].endswith("/favicon.ico") or message.text.startswith("Warning: ")
        if message.type == "error" and not harmless:
            fail(f"{message.text}\n({message.location['url']}:{message.location['lineNumber']})")

    def on_error(error: WebError) -> None:
        fail(str(error.error))

    def on_page(page: Page) -> None:
        page.on("crash", lambda _: fail(f"{page.url} crashed"))

    context.set_default_timeout(PATIENCE)
    context.on("console", on_console)
    context.on("weberror", on_error)
    context.on("page", on_page)
    try:
        yield context
        context.close()
    except Error as exc:
        context.close()
        raise BenchmarkError("\n".join(failures) or exc.message) from None
    if failures:
        raise BenchmarkError("\n".join(failures))


def open_page(page: Page, url: str) -> None:
    """Open the page and wait for its engine.

    Raises
    ------
    BenchmarkError
        There is no engine; the message is the page's reason.
    """
    page.goto(url)
    page.wait_for_selector("html:is([data-engine=ready], [data-engine=off])")
    if page.get_attribute("html", "data-engine") == "off":
        raise BenchmarkError(page.inner_text(".notices") or "The page has no engine, and gives no reason.")


def python_figures(page: Page, interpreter: Interpreter, file: str, **parameters: Any) -> Any:
    """Run `measure(**parameters)` of a file of this folder in a Python of the page; return its result."""
    start_python(page, interpreter, file, **parameters)
    page.wait_for_function("globalThis.benchAnswer")
    return json.loads(page.evaluate("benchAnswer"))


def start_python(page: Page, interpreter: Interpreter, file: str, **parameters: Any) -> None:
    """Start `measure(**parameters)` of a file of this folder in a Python of the page."""
    kind, attributes = SCRIPTS[interpreter]
    source = (HERE / file).read_text("utf-8")
    script = RUNNER.format(source=source, file=file, parameters=json.dumps(parameters))
    page.evaluate(RUN_SCRIPT, [kind, attributes, script])


def percentile(costs: Sequence[float], share: float) -> float:
    """Return the cost that `share` of the costs do not exceed."""
    return sorted(costs)[min(len(costs) - 1, int(len(costs) * share))]


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the median of each figure over the rounds."""
    return {name: median(figures[name] for figures in rounds) for name in rounds[0]}


def spread(rounds: Sequence[Mapping[str, float]], name: str) -> list[float]:
    """Return the minimum and the maximum of one figure over the rounds."""
    values = [figures[name] for figures in rounds]
    return [min(values), max(values)]
