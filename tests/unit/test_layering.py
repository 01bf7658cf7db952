"""Which part may import which: the rooms of the library, the browser, and the parts of the application."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import pytest

import sidflow_feedback

LIBRARY = Path(sidflow_feedback.__file__).parent
ROOT = LIBRARY.parent

FLOORS = (
    ("__init__", "engine"),
    ("recommending", "page"),
    ("learning",),
    ("analysis", "sync"),
    ("idle", "store", "player"),
    ("events", "supervision"),
    ("clock", "errors", "preferences", "vocabulary"),
    ("types",),
)
"""The rooms of the library (files and folders of its top level). Each imports only rooms of lower floors."""

MAX_ROOMS = 17

MICROPYTHON = {"__init__", "errors", "page", "player", "preferences", "vocabulary"}
"""The rooms that run on MicroPython."""

BROWSER = {"js", "pyodide", "pyodide_js", "pyscript", "jsffi"}
ADAPTERS = {
    "sidflow_feedback/engine/page_channel.py",
    "sidflow_feedback/engine/rendered_excerpts.py",
    "sidflow_feedback/engine/start.py",
    "sidflow_feedback/page/configured.py",
    "sidflow_feedback/page/installed.py",
    "sidflow_feedback/player/stream.py",
    "sidflow_feedback/player/wasm.py",
    "sidflow_feedback/sync/transport/fetch.py",
}
"""The modules of the library that know that they run in a browser."""

CHOOSE_ADAPTER = {"sidflow_feedback/page/bridge.py", "sidflow_feedback/page/feedback.py"}
"""They import the one that their interpreter has, when they are used."""

PAGE = "app/page/"
SERVING = (
    "app/server/",
    "app/training/",
    "app/corpus/",
    "app/export.py",
    "app/emulator.py",
    "app/files.py",
    "app/paths.py",
    "app/process_limits.py",
)
"""What needs nothing of set-up."""

HEAVY = {"sklearn", "scipy", "joblib"}
NEEDED = {"numpy", "sidflow_feedback"}


def sources(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@cache
def imports(source: str, *, anywhere: bool = True) -> frozenset[str]:
    """Return the modules that a file imports: `anywhere` in it, or only when it is loaded."""
    tree = parsed(source)
    nodes = ast.walk(tree) if anywhere else _run_on_import(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= _modules(source, node)
    return frozenset(found)


@cache
def parsed(source: str) -> ast.Module:
    return ast.parse((ROOT / source).read_text())


def _modules(source: str, node: ast.ImportFrom) -> set[str]:
    """Return the modules of ``from module import names``; a name may be a module itself."""
    parents = Path(source).parent.parts
    package = parents[: len(parents) - node.level + 1] if node.level else ()
    module = ".".join([*package, *([node.module] if node.module else [])])
    folder = ROOT / module.replace(".", "/")
    names = {alias.name for alias in node.names if folder.joinpath(alias.name).with_suffix(".py").is_file()}
    names |= {alias.name for alias in node.names if (folder / alias.name).is_dir()}
    rest = {module} if len(names) < len(node.names) else set()
    return {f"{module}.{name}" for name in names} | rest


def _run_on_import(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_on_import(child)


def roots(modules: AbstractSet[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def rooms(modules: AbstractSet[str]) -> set[str]:
    """Return the rooms of the library in which these modules are."""
    ours = {module for module in modules if module.partition(".")[0] == "sidflow_feedback"}
    return {module.split(".")[1] if "." in module else "__init__" for module in ours}


def room_of(source: str) -> str:
    return source.split("/")[1].removesuffix(".py")


def floor_of(room: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if room in floor)


def test_library_has_few_rooms_and_each_is_on_a_floor() -> None:
    listed = subprocess.check_output(["git", "ls-files", LIBRARY.name], cwd=ROOT, text=True).split()
    found = {room_of(path) for path in listed} - {"py.typed"}
    assert found == {room for floor in FLOORS for room in floor}
    assert len(found) <= MAX_ROOMS


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_no_import_runs_back_up_or_in_a_circle(source: str) -> None:
    own = room_of(source)
    others = rooms(imports(source)) - {own}
    assert all(floor_of(room) > floor_of(own) for room in others), f"{source} imports {others}"


@pytest.mark.parametrize("source", sorted(LIBRARY.rglob("*.js")), ids=lambda source: source.name)
def test_no_import_of_javascript_runs_back_up(source: Path) -> None:
    own = room_of(source.relative_to(ROOT).as_posix())
    for specifier in re.findall(r'(?:from |import\(|new URL\()"(\.[^"]+)"', source.read_text()):
        target = (source.parent / specifier).resolve()
        if target.is_relative_to(LIBRARY):
            room = room_of(target.relative_to(ROOT).as_posix())
            assert room == own or floor_of(room) > floor_of(own), f"{source} imports {specifier}"


@pytest.mark.parametrize(
    "source", [name for name in sources("sidflow_feedback") if room_of(name) in MICROPYTHON]
)
def test_rooms_of_micropython_import_no_others(source: str) -> None:
    assert rooms(imports(source, anywhere=False)) <= MICROPYTHON


@pytest.mark.parametrize("source", [name for name in sources("app") if name.startswith(SERVING)])
def test_server_training_and_export_import_nothing_of_setup(source: str) -> None:
    assert not [module for module in imports(source) if module.startswith("app.setup")]


@pytest.mark.parametrize("source", [name for name in sources("app") if not name.startswith(PAGE)])
def test_application_does_not_import_itself_by_name(source: str) -> None:
    """Its folder is `app`, and its installed package is `sidflow_app`."""
    nodes = ast.walk(parsed(source))
    absolute = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    assert not [module for module in absolute if module and module.split(".")[0] == "app"]


@pytest.mark.parametrize("source", sources("sidflow_feedback", "app"))
def test_browser_is_imported_by_adapters_only(source: str) -> None:
    if source not in ADAPTERS and not source.startswith(PAGE):
        assert not roots(imports(source)) & BROWSER


@pytest.mark.parametrize("source", sorted(ADAPTERS))
def test_adapter_list_names_no_others(source: str) -> None:
    assert roots(imports(source)) & BROWSER, f"{source} imports nothing of the browser: take it off the list"


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_library_does_not_know_the_application(source: str) -> None:
    assert not roots(imports(source)) & {"app", "sidflow_app"}


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_library_needs_nothing_but_numpy(source: str) -> None:
    at_load = roots(imports(source, anywhere=False)) - BROWSER
    assert not at_load & HEAVY
    assert at_load <= NEEDED | sys.stdlib_module_names


@pytest.mark.parametrize("source", sources("sidflow_feedback"))
def test_only_adapters_import_adapters(source: str) -> None:
    modules = {name.removesuffix(".py").replace("/", ".") for name in ADAPTERS}
    if source not in ADAPTERS:
        assert not imports(source, anywhere=source not in CHOOSE_ADAPTER) & modules


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
