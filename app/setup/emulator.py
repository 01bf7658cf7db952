"""Compile the SID emulator: our C64 in `wasm/` and the chip emulation reSIDfp, as one WASM module."""

import subprocess
import sys
from pathlib import Path

from ..errors import SetupError
from ..files import replacing
from ..paths import paths

FLAGS = [
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-O3", "-msimd128"),
    *("-fignore-exceptions", "-s", "-DHAVE_CXX20=1"),
]
"""Flags for the compiler; wasm/README.md gives the reasons."""

_LAST_LINES = 20


def build_emulator(residfp_source: Path, output: Path) -> None:
    """Compile the emulator to `output`; a failed build leaves the existing file alone.

    Parameters
    ----------
    residfp_source
        Folder that contains `residfp/`: the `src` of pyresidfp's sdist.
    output
        The module to write, `sid.wasm`.

    Raises
    ------
    SetupError
        If a source is missing or the compiler fails. The message has the compiler's last lines.
    """
    wasm = paths().wasm
    own = [*wasm.glob("*.cpp"), *(wasm / "compat").glob("*.cpp")]
    chip = [
        *(residfp_source / "residfp").glob("*.cpp"),
        *(residfp_source / "residfp" / "resample").glob("*.cpp"),
    ]
    if not own or not chip:
        missing = wasm if not own else residfp_source / "residfp"
        raise SetupError(f"{missing} has no C++ sources of the SID emulator. Run set-up again to fetch them.")
    compile_wasm([*own, *chip], include_folders(residfp_source), output)


def include_folders(residfp_source: Path) -> list[Path]:
    """Return the folders of headers. Our substitutes come before the headers that they replace."""
    wasm = paths().wasm
    return [wasm / "compat", wasm, residfp_source / "residfp", residfp_source]


def compile_wasm(sources: list[Path], includes: list[Path], output: Path) -> None:
    """Compile and link `sources` into the module `output`.

    Raises
    ------
    SetupError
        If the compiler fails.
    """
    folders = [flag for folder in includes for flag in ("-I", str(folder))]
    with replacing(output) as part:
        command = [sys.executable, "-m", "ziglang", "c++", *FLAGS, *folders, *map(str, sorted(sources))]
        result = subprocess.run([*command, "-o", str(part)], capture_output=True, text=True, check=False)
        if result.returncode:
            raise SetupError(_failure(result.stderr))
        part.chmod(0o644)


def _failure(stderr: str) -> str:
    last = "\n".join(f"  {line}" for line in stderr.strip().splitlines()[-_LAST_LINES:])
    return (
        f"The SID emulator did not compile. The compiler's last lines:\n{last}\n"
        "Check that the disk is not full and that `ziglang` is the version in pyproject.toml, "
        "then run set-up again."
    )
