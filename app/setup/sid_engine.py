"""Compile the SID engine: our C64 in `wasm/` around the reSIDfp chip emulation, as one WASM module."""

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
"""For the compiler. Why these: wasm/README.md."""

_LAST_LINES = 20


def build_sid_engine(residfp_source: Path, output: Path) -> None:
    """Compile the engine and put it at `output`, whole or not at all.

    Parameters
    ----------
    residfp_source
        Folder that holds `residfp/`: the `src` of pyresidfp's sdist.
    output
        The module to write, `sid.wasm`.

    Raises
    ------
    SetupError
        If a source is missing or the compiler fails; its last lines are in the message.
    """
    wasm = paths().wasm
    own = [*wasm.glob("*.cpp"), *(wasm / "compat").glob("*.cpp")]
    chip = [
        *(residfp_source / "residfp").glob("*.cpp"),
        *(residfp_source / "residfp" / "resample").glob("*.cpp"),
    ]
    if not own or not chip:
        missing = wasm if not own else residfp_source / "residfp"
        raise SetupError(f"No C++ sources of the SID engine in {missing}. Run set-up again to fetch them.")
    compile_wasm([*own, *chip], include_folders(residfp_source), output)


def include_folders(residfp_source: Path) -> list[Path]:
    """Return where headers are looked for: our stand-ins come before what they stand in for."""
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
        f"The SID engine did not compile. The compiler's last lines:\n{last}\n"
        "Check that the disk is not full and that `ziglang` is the version in pyproject.toml, "
        "then run set-up again."
    )
