"""Instruments sources for MicroPython, which can't report the lines that it runs."""

from __future__ import annotations

import ast
from typing import Final

RECORDER: Final = "lines_that_ran"
"""Module on the page that collects the lines; also the name of each module's own array."""


def instrument(text: str, path: str) -> str:
    """Return a source that sets a byte of an array before each of its statements.

    Parameters
    ----------
    text, path
        The source, and the path under which its lines are reported.
    """
    tree = ast.parse(text)
    _instrument_body(tree)
    count = len(text.splitlines()) + 1
    start = ast.parse(f"import {RECORDER}\n{RECORDER} = {RECORDER}.array({path!r}, {count})").body
    tree.body[_after_docstring(tree.body) : 0] = start
    return ast.unparse(ast.fix_missing_locations(tree))


def _instrument_body(node: ast.AST) -> None:
    for field in ("body", "orelse", "finalbody", "handlers"):
        statements = getattr(node, field, None)
        if not isinstance(statements, list):
            continue
        for statement in statements:
            _instrument_body(statement)
        if field != "handlers":
            first = _after_docstring(statements) if _has_docstring(node) else 0
            statements[:] = [*statements[:first], *_marked(statements[first:])]
        if isinstance(node, ast.ExceptHandler):
            statements.insert(0, _mark(node.lineno))


def _marked(statements: list[ast.stmt]) -> list[ast.stmt]:
    return [each for statement in statements for each in (_mark(statement.lineno), statement)]


def _mark(line: int) -> ast.stmt:
    return ast.parse(f"{RECORDER}[{line}] = 1").body[0]


def _has_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)


def _after_docstring(body: list[ast.stmt]) -> int:
    first = body[0] if body else None
    return int(isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant))
