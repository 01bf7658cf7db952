"""Joins what CPython and the browsers reported, and prints what no test reaches: `make coverage`."""

from __future__ import annotations

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coverage import Coverage, CoverageData

ROOT: Final = Path(__file__).parents[2]
GAPS_SHOWN: Final = 40
"""Files with gaps that are listed; the HTML report has all of them."""


@dataclass(frozen=True)
class Part:
    """A part of the project, and the percentage of its lines that tests must reach."""

    title: str
    folder: str
    bar: float | None


PARTS: Final = (
    Part("library", "sidflow_feedback", 95),
    Part("server", "app/server", 95),
    Part("page", "app/page", None),
    Part("rest of the application", "app", None),
)


@dataclass(frozen=True)
class Lines:
    """The lines of a file: all that can run, and those that no test reached."""

    path: str
    can_run: int
    missing: list[int]


def main(folder: Path) -> int:
    """Join all reports in `folder`, print them, and return 1 if a part is below its bar."""
    coverage = Coverage(config_file=str(ROOT / "pyproject.toml"))
    coverage.combine([str(folder)], keep=True)
    coverage.get_data().update(_from_browsers(folder))
    coverage.save()
    coverage.html_report(directory=str(folder / "html"))
    parts = _by_part(coverage)
    for part in PARTS:
        print(_summary(part, parts[part]))
    for lines in sorted(_all(parts), key=lambda lines: -len(lines.missing))[:GAPS_SHOWN]:
        if lines.missing:
            print(f"  {lines.path}: {_ranges(lines.missing)}")
    print("functions of the page that no test reaches:")
    for lines in parts[PARTS[2]]:
        for name in _unreached(lines):
            print(f"  {lines.path}: {name}")
    figures = {part.title: round(_percent(parts[part]), 1) for part in PARTS}
    print(json.dumps(figures))
    return int(any(part.bar and _percent(parts[part]) < part.bar for part in PARTS))


def _from_browsers(folder: Path) -> CoverageData:
    found: dict[str, set[int]] = defaultdict(set)
    for file in folder.glob("*.jsonl"):
        for report in file.read_text("utf-8").splitlines():
            for path, numbers in json.loads(report).items():
                if (ROOT / path).is_file():
                    found[str(ROOT / path)].update(numbers)
    data = CoverageData(no_disk=True)
    data.add_lines(found)
    return data


def _by_part(coverage: Coverage) -> dict[Part, list[Lines]]:
    parts: dict[Part, list[Lines]] = {part: [] for part in PARTS}
    for path in sorted([*ROOT.glob("sidflow_feedback/**/*.py"), *ROOT.glob("app/**/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        part = next(part for part in PARTS if name.startswith(f"{part.folder}/"))
        _, can_run, _, missing, _ = coverage.analysis2(str(path))
        parts[part].append(Lines(name, len(can_run), missing))
    return parts


def _all(parts: dict[Part, list[Lines]]) -> Iterator[Lines]:
    return (lines for files in parts.values() for lines in files)


def _percent(files: list[Lines]) -> float:
    can_run = sum(lines.can_run for lines in files)
    return 100 * (1 - sum(len(lines.missing) for lines in files) / can_run)


def _summary(part: Part, files: list[Lines]) -> str:
    missing, can_run = sum(len(lines.missing) for lines in files), sum(lines.can_run for lines in files)
    bar = f" (bar {part.bar:.0f} %)" if part.bar else ""
    return f"{part.title}: {_percent(files):.1f} % of {can_run} lines{bar}, {missing} not reached"


def _ranges(numbers: list[int]) -> str:
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], number]
        else:
            ranges.append([number])
    return ", ".join("-".join(map(str, each)) for each in ranges)


def _unreached(lines: Lines) -> list[str]:
    """Return the functions of which no line ran."""
    missing = set(lines.missing)
    names = []
    for node in ast.walk(ast.parse((ROOT / lines.path).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [statement.lineno for statement in node.body if not _is_docstring(statement)]
            if body and body[0] in missing:
                names.append(node.name)
    return names


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
