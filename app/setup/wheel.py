"""Builds the library's wheel for the browser from the installed package."""

from importlib.metadata import requires, version
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipInfo

from wheel.wheelfile import WheelFile

from ..files import sources_in, write_bytes

DISTRIBUTION = "sidflow-feedback"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Timestamp of every member, so that the same sources give the same bytes."""

METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: {version}
Summary: Local-first taste learning for PyScript pages.
License-Expression: GPL-2.0-or-later
Requires-Python: >=3.11
{requirements}
"""

WHEEL = """\
Wheel-Version: 1.0
Generator: sidflow-feedback
Root-Is-Purelib: true
Tag: py3-none-any
"""


class _ReproducibleWheel(WheelFile):  # type: ignore[misc]  # the wheel library has no types
    def writestr(
        self, zinfo_or_arcname: str | ZipInfo, data: bytes | str, compress_type: int | None = None
    ) -> None:
        if isinstance(zinfo_or_arcname, str):
            zinfo_or_arcname = ZipInfo(zinfo_or_arcname, EPOCH)
            zinfo_or_arcname.external_attr = 0o100644 << 16
        super().writestr(zinfo_or_arcname, data, compress_type or ZIP_DEFLATED)


def build_library_wheel(library: Path, folder: Path) -> Path:
    """Build a wheel of the package in `library`, write it to `folder`, and return its path."""
    release = version(DISTRIBUTION)
    name = f"{library.name}-{release}-py3-none-any.whl"
    with TemporaryDirectory() as temporary:
        draft = Path(temporary, name)
        _pack(draft, library, release)
        return write_bytes(folder / name, draft.read_bytes())


def _pack(target: Path, library: Path, release: str) -> None:
    requirements = "\n".join(f"Requires-Dist: {each}" for each in requires(DISTRIBUTION) or ())
    with _ReproducibleWheel(target, "w") as wheel:
        for path in sources_in(library):
            wheel.writestr(path.relative_to(library.parent).as_posix(), path.read_bytes())
        wheel.writestr(
            f"{wheel.dist_info_path}/METADATA",
            METADATA.format(name=DISTRIBUTION, version=release, requirements=requirements),
        )
        wheel.writestr(f"{wheel.dist_info_path}/WHEEL", WHEEL)
