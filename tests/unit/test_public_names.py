"""The public names of the library are exactly those that it lists."""

import types

import sidflow_feedback


def test_all_lists_the_public_names_in_order() -> None:
    public = {
        name
        for name, value in vars(sidflow_feedback).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert sidflow_feedback.__all__ == sorted(public, key=_constants_classes_functions)


def test_public_names_have_a_docstring_of_their_own() -> None:
    for name in sidflow_feedback.__all__:
        value = getattr(sidflow_feedback, name)
        if callable(value):
            assert value.__doc__, f"{name} has no docstring"


def _constants_classes_functions(name: str) -> tuple[bool, bool, str]:
    return (not name.isupper(), not name[0].isupper(), name)
