"""Who may import what: the browser stays behind a few adapters, and the library stands alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sidflow_feedback

LIBRARY = Path(sidflow_feedback.__file__).parent
ROOT = LIBRARY.parent

BROWSER = {"js", "pyodide", "pyodide_js", "pyscript", "jsffi"}
ADAPTERS = {
    "sidflow_feedback/engine/page_channel.py",
    "sidflow_feedback/engine/start.py",
    "sidflow_feedback/page/feedback.py",
    "sidflow_feedback/player/remote.py",
    "sidflow_feedback/player/stream.py",
    "sidflow_feedback/player/wasm.py",
    "sidflow_feedback/sync/transport/fetch.py",
}
"""The modules of the library that know that they run in a browser."""

PAGE = "app/page/"
HEAVY = {"sklearn", "scipy", "joblib"}
NEEDED = {"numpy", "sidflow_feedback"}


def sources(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def imports(source: str, *, anywhere: bool = True) -> set[str]:
    """Return the modules that a file imports: `anywhere` in it, or only when it is loaded."""
    tree = ast.parse((ROOT / source).read_text())
    nodes = ast.walk(tree) if anywhere else _run_on_import(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: imports must be absolute"
            found.add(node.module or "")
    return found


def _run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_on_import(child)


def roots(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize("source", sources("sidflow_feedback", "app"))
def test_browser_is_imported_by_adapters_only(source: str) -> None:
    if source not in ADAPTERS and not source.startswith(PAGE):
        assert not roots(imports(source)) & BROWSER


@pytest.mark.parametrize("source", sorted(ADAPTERS))
def test_adapter_list_names_no_others(source: str) -> None:
    assert roots(imports(source)) & BROWSER, f"{source} imports nothing of the browser: take it off the list"


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_library_does_not_know_the_application(source: str) -> None:
    assert "app" not in roots(imports(source))


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_library_needs_nothing_but_numpy(source: str) -> None:
    at_load = roots(imports(source, anywhere=False)) - BROWSER
    assert not at_load & HEAVY
    assert at_load <= NEEDED | sys.stdlib_module_names


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_only_adapters_import_adapters(source: str) -> None:
    modules = {name.removesuffix(".py").replace("/", ".") for name in ADAPTERS}
    if source not in ADAPTERS:
        assert not imports(source) & modules


def test_whole_library_loads_without_browser_and_heavy_packages() -> None:
    """The walk above can't see an import that is made by name."""
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in sources("sidflow_feedback")
        if name not in ADAPTERS
    ]
    code = f"""
import importlib, sys
for name in {modules!r}: importlib.import_module(name)
print(*sorted({BROWSER | HEAVY | {"app"}!r} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""
