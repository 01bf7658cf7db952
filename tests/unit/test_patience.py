"""No test has a time limit of its own: each would fail on some machine. And each waits for what it says."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
CONTEXTS = {"new_context", "launch_persistent_context"}
TRANSPORT = {"send", "fetch_model"}
"""Their `timeout` is what is tested."""

PROMISES = ("async ", "await ", ".then(", "Promise")
"""What makes a JavaScript function return a promise."""


@cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """Return where each call in the tests is, the name of what it calls, and the call."""
    found = []
    for path in sorted(TESTS.rglob("*.py")):
        if "bench" not in path.parts:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    found.append((f"{path.relative_to(TESTS)}:{node.lineno}", name, node))
    return found


def test_limits_come_from_one_place() -> None:
    found = [
        place
        for place, name, call in calls()
        for keyword in call.keywords
        if keyword.arg == "timeout" and isinstance(keyword.value, ast.Constant) and name not in TRANSPORT
    ]
    assert found == [], "use PATIENCE or PATIENCE_MS of tests/patience.py"


def test_pages_wait_as_long_as_all_tests_do() -> None:
    patient = {id(call.args[0]) for _, name, call in calls() if name == "patient"}
    found = [place for place, name, call in calls() if name in CONTEXTS and id(call) not in patient]
    assert found == [], "pass the context to `patient` of tests/patience.py"


def test_pages_wait_for_values_not_for_promises() -> None:
    found = [
        place
        for place, name, call in calls()
        if name == "wait_for_function" and any(word in ast.unparse(call.args[0]) for word in PROMISES)
    ]
    assert found == [], "Playwright takes each promise for true: use `wait_until` of tests/patience.py"
