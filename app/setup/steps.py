"""What set-up does, step by step."""

from importlib.metadata import version
from pathlib import Path

from app import composer
from app.files import sources_in
from app.paths import Places
from app.setup import (
    bytecode,
    compressed,
    first_model,
    node,
    npm,
    pip,
    pyodide,
    sid_engine,
    tunes,
    wheel,
)
from app.setup.archive import unpack_sdist
from app.setup.lock import Lock, read_lock
from app.setup.progress import Reporter, StepProgress
from app.setup.runner import Step, run_steps

PAGE_PACKAGES = (
    "@pyscript/core",
    "@micropython/micropython-webassembly-pyscript",
    "idb",
    "@noble/hashes",
    "uplot",
)


def set_up(places: Places, reporter: Reporter) -> None:
    """Do what is not up to date of all the steps."""
    run_steps(steps(places, read_lock()), places.vendor, reporter)


def steps(places: Places, lock: Lock) -> list[Step]:
    """Return the steps in their order: each needs what those before it made."""
    return [*_fetching(places, lock), *_building(places, lock), *_compiling(places, lock), *_library(places)]


def _fetching(places: Places, lock: Lock) -> list[Step]:
    engine_runtime = lock.package("pyodide")
    page_packages = [lock.package(name) for name in PAGE_PACKAGES]
    return [
        Step(
            "npm",
            "npm packages",
            lambda: [*(places.manifests / name for name in npm.MANIFESTS), repr(places.checkout)],
            lambda _: npm.install(places),
        ),
        Step(
            "pyodide",
            "Pyodide with numpy, SciPy and scikit-learn",
            lambda: [repr(engine_runtime), repr(lock.pyodide_wheels)],
            lambda progress: [
                *npm.serve_package(engine_runtime, places),
                *pyodide.fetch_wheels(lock.pyodide_wheels, places, progress),
            ],
        ),
        Step(
            "page",
            "PyScript, MicroPython, idb, MD5 and uPlot",
            lambda: [repr(page_packages)],
            lambda _: [path for package in page_packages for path in npm.serve_package(package, places)],
        ),
    ]


def _building(places: Places, lock: Lock) -> list[Step]:
    return [
        Step(
            "sid-engine",
            "SID engine (the first build takes minutes)",
            lambda: [
                *(path for path in sources_in(places.wasm) if path.suffix != ".md"),
                *(Path(sid_engine.__file__), repr(lock.residfp), version("ziglang")),
            ],
            lambda progress: _build_engine(places, lock, progress),
        ),
        Step(
            "library-wheel",
            "wheel of sidflow_feedback",
            lambda: [*sources_in(places.library), Path(wheel.__file__), version(wheel.DISTRIBUTION)],
            lambda _: [wheel.build_library_wheel(places.library, places.vendor / "wheels")],
        ),
    ]


def _compiling(places: Places, lock: Lock) -> list[Step]:
    wheels = lock.pyodide_wheels.files
    tools = [Path(bytecode.__file__), Path(node.__file__), Path(bytecode.__file__).with_name("compile.mjs")]
    return [
        Step(
            "bytecode",
            "bytecode of Pyodide's packages",
            lambda: [*tools, repr(lock.package("pyodide")), repr(wheels)],
            lambda progress: bytecode.compile_packages(places, list(wheels), progress),
        ),
        Step(
            "library-bytecode",
            "bytecode of sidflow_feedback",
            lambda: [*tools, repr(wheels), *places.vendor.glob("wheels/*.whl")],
            lambda progress: bytecode.compile_library(
                places, next(places.vendor.glob("wheels/*.whl")), progress
            ),
        ),
    ]


def _build_engine(places: Places, lock: Lock, progress: StepProgress) -> list[Path]:
    output = places.vendor / "sid" / "sid.wasm"
    with pip.downloaded(lock.residfp, places.work, progress) as sdist:
        source = unpack_sdist(sdist, sdist.parent / "sources")
        progress.begin("compiling")
        sid_engine.build_sid_engine(source / "src", output)
    return [output]


def _library(places: Places) -> list[Step]:
    catalogue = places.vendor / "tunes" / "catalogue.json"
    model = places.vendor / "model" / "latest.json"
    listener = tunes.Listener(places.vendor / "sid" / "sid.wasm", places.work / "heard")
    return [
        Step(
            "tunes",
            "demo tunes",
            lambda: [*listener.parts, *sources_in(Path(composer.__file__).parent), Path(tunes.__file__)],
            lambda progress: tunes.make_tunes(
                composer.compose_library(), catalogue.parent, listener, progress
            ),
        ),
        Step(
            "model",
            "first global model",
            lambda: [catalogue, *sources_in(places.library), Path(first_model.__file__)],
            lambda _: _first_model(catalogue, model),
        ),
        Step(
            "compressed",
            "compressed copies for the transfer",
            lambda: [Path(compressed.__file__), *compressed.served_files(places)],
            lambda progress: compressed.compress(places, progress),
        ),
    ]


def _first_model(catalogue: Path, output: Path) -> list[Path]:
    first_model.write_first_model(catalogue, output)
    return [output]
