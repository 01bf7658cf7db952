"""Compile the SID emulator: our C64 in `wasm/` and the chip emulation reSIDfp, as one WASM module.

To link a module, Zig would compile all of libc++ and of a C library, which takes minutes. The emulator uses
a handful of their functions, so `wasm/compat/` has these, and the linker gets nothing else.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..composer.assembler import assemble
from ..errors import SetupError
from ..files import replacing
from ..paths import paths
from .compiler import Compiler

TARGET = ("-target", "wasm32-wasi")
FLAGS = [
    *("c++", *TARGET, "-c", "-std=c++20", "-O3", "-msimd128", "-DHAVE_CXX20=1"),
    *("-fno-rtti", "-fignore-exceptions", "-U__cpp_exceptions", "-Wno-builtin-macro-redefined"),
]
"""Flags for the C++ compiler; wasm/README.md gives the reasons."""

ZIG_FLAGS = ["build-obj", *TARGET, "-O", "ReleaseFast"]
LINK_FLAGS = [
    "wasm-ld",
    "--no-entry",
    "--gc-sections",
    "--strip-all",
    "--stack-first",
    "-z",
    "stack-size=1048576",
]

APART = "FilterModelConfig8580.cpp"
"""Has the same names of constants as another file of reSIDfp."""


def build_emulator(residfp_source: Path, output: Path, compiler: Compiler) -> None:
    """Compile the emulator to `output`; a failed build leaves the existing file alone.

    Parameters
    ----------
    residfp_source
        Folder that contains `residfp/`: the `src` of pyresidfp's sdist.
    output
        The module to write, `sid.wasm`.
    compiler
        The compiler to use.

    Raises
    ------
    SetupError
        If a source is missing or the compiler fails. The message has the compiler's last lines.
    """
    wasm, residfp = paths().wasm, residfp_source / "residfp"
    own = sorted(wasm.glob("*.cpp"))
    chip = sorted([*residfp.glob("*.cpp"), *(residfp / "resample").glob("*.cpp")])
    if not own or not chip:
        missing = residfp if own else wasm
        raise SetupError(f"{missing} has no C++ sources of the SID emulator. Run set-up again to fetch them.")
    apart = [path for path in chip if path.name == APART]
    units = [own, [path for path in chip if path not in apart], apart]
    compile_wasm(units, [_routines(compiler), *include_folders(residfp_source)], output, compiler)


def _routines(compiler: Compiler) -> Path:
    """Assemble the C64's own routines into the header `routines.inc`; return its folder."""
    folder = compiler.cache / "routines"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "routines.inc").write_text(assembled(sorted(paths().wasm.glob("*.s"))), "utf-8")
    return folder


def assembled(sources: Sequence[Path]) -> str:
    """Return C++ with an array for each source: for each of its routines the address, the length, the bytes.

    A routine begins with `* = address`; its labels are its own.
    """
    return "".join(_array(path.stem, path.read_text("utf-8")) for path in sources)


def _array(name: str, source: str) -> str:
    routines = ["* =" + part for part in source.split("\n* =")[1:]]
    programs = [assemble(routine) for routine in routines]
    numbers = [number for p in programs for number in (p.origin, len(p.code), *p.code)]
    return f"constexpr uint16_t {name}[] = {{{', '.join(map(str, numbers))}}};\n"


def include_folders(residfp_source: Path) -> list[Path]:
    """Return the folders of headers. Our substitutes come before the headers that they replace."""
    wasm = paths().wasm
    return [wasm / "compat", wasm, residfp_source / "residfp", residfp_source]


def compile_wasm(
    units: Sequence[Sequence[Path]], includes: Sequence[Path], output: Path, compiler: Compiler
) -> None:
    """Compile `units` and link them with the runtime into the module `output`.

    Parameters
    ----------
    units
        Sources that are compiled together: most of the time goes into the headers that they share.
    includes
        Folders of headers.
    output
        The module to write.
    compiler
        The compiler to use.

    Raises
    ------
    SetupError
        If the compiler or the linker fails.
    """
    folder = compiler.cache / output.stem  # Always the same, so that the compiler finds what it did before.
    folder.mkdir(parents=True, exist_ok=True)
    commands = dict(_commands(units, includes, folder, compiler))
    with replacing(output) as part:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compiler.run, commands.values()))
        compiler.run([*LINK_FLAGS, *map(str, commands), "-o", str(part)])
        part.chmod(0o644)


def _commands(
    units: Sequence[Sequence[Path]], includes: Sequence[Path], folder: Path, compiler: Compiler
) -> Iterator[tuple[Path, list[str]]]:
    """Yield each object file in `folder` and the command that makes it, the longest first."""
    compat = paths().wasm / "compat"
    zig = [compiler.library / "compiler_rt.zig", compat / "math.zig"]
    for path in zig:
        target = folder / f"{path.stem}.o"
        yield target, [*ZIG_FLAGS, str(path), f"-femit-bin={target}"]
    folders = [flag for path in includes for flag in ("-I", str(path))]
    for number, unit in enumerate([*units, [compat / "runtime.cpp"]]):
        source, target = folder / f"{number}.cpp", folder / f"{number}.o"
        source.write_text("".join(f'#include "{path.as_posix()}"\n' for path in unit), "utf-8")
        yield target, [*FLAGS, *folders, str(source), "-o", str(target)]
