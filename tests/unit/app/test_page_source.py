"""Rules that the page's source keeps."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from app.paths import paths

PAGE = paths().page
ANY_PER_THOUSAND_LINES = 15
TUNE_FIELDS = {
    *("sid_path", "own", "author", "released", "songs", "start_song", "lengths", "length_source"),
    *("features", "problems", "version", "row"),
}


def sources() -> list[Path]:
    found = sorted(PAGE.rglob("*.py"))
    assert len(found) > 20
    return found


def written_attributes(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Return which attributes of which elements are assigned, where the element's id can be read."""
    names = dict(constants_of_loops(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            for identity in ids_in(node.value, names):
                yield identity, node.attr
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "setAttribute" and isinstance(node.args[0], ast.Constant):
                for identity in ids_in(node.func.value, names):
                    yield identity, str(node.args[0].value)
            if node.func.attr in ("replaceChildren", "append"):
                for identity in ids_in(node.func.value, names):
                    yield identity, "children"


def constants_of_loops(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.For)
            and isinstance(node.target, ast.Name)
            and isinstance(node.iter, ast.Tuple)
        ):
            items = [item.value for item in node.iter.elts if isinstance(item, ast.Constant)]
            yield ast.unparse(node.target), [item for item in items if isinstance(item, str)]


def ids_in(value: ast.expr, names: dict[str, list[str]]) -> list[str]:
    """Return the ids that ``by_id(...)`` is called with, directly, in a loop, or for a part of an element."""
    if isinstance(value, ast.Call) and ast.unparse(value.func).endswith(".querySelector"):
        assert isinstance(value.func, ast.Attribute)
        return [f"{identity} {ast.unparse(value.args[0])}" for identity in ids_in(value.func.value, names)]
    if ast.unparse(value).startswith("document.documentElement.dataset"):
        return ["html"]
    if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "by_id"):
        return []
    [argument] = value.args
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    return names.get(argument.id, []) if isinstance(argument, ast.Name) else []


def test_each_attribute_of_an_element_has_one_owner() -> None:
    owners = defaultdict(set)
    for source in sources():
        for written in written_attributes(ast.parse(source.read_text())):
            owners[written].add(source.relative_to(PAGE).as_posix())
    assert owners["like", "disabled"] == {"views/player_bar.py"}
    assert len(owners) > 60, "the walk finds what is written"
    assert {written: files for written, files in owners.items() if len(files) > 1} == {}


def test_only_a_tune_changes_its_fields() -> None:
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                owner = ast.unparse(node.value)
                own = owner == "self" or (source.name == "tune.py" and owner.startswith("self"))
                assert own or node.attr not in TUNE_FIELDS, f"{source.name}:{node.lineno}"


def test_values_have_types() -> None:
    text = "".join(source.read_text() for source in sources())
    assert len(re.findall(r"\bAny\b", text)) <= ANY_PER_THOUSAND_LINES * text.count("\n") / 1000


def test_the_state_of_the_page_knows_no_elements() -> None:
    for source in sorted((PAGE / "core").glob("*.py")):
        assert "app.page.views" not in source.read_text(), source.name
