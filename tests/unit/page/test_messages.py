"""The names that JavaScript shares with Python are the same in both."""

import re
from pathlib import Path

import pytest

import sidflow_feedback
from sidflow_feedback import vocabulary

LIBRARY = Path(sidflow_feedback.__file__).parent
MESSAGES = (LIBRARY / "page" / "messages.js").read_text()
GROUPS = dict(re.findall(r"(?ms)^export const (\w+) = Object\.freeze\(\{(.*?)\}\);$", MESSAGES))


def names(group: str) -> dict[str, str]:
    return dict(re.findall(r'(?m)^\s*(\w+): "(.*)",$', GROUPS[group]))


def test_name_space_is_the_same() -> None:
    [template] = re.findall(r"nameSpace = \(name\) => `(.*)`;", MESSAGES)
    assert template.replace("${name}", "radio") == vocabulary.name_space("radio")


@pytest.mark.parametrize("group", ["Post", "Request", "Publication"])
def test_messages_have_the_same_names(group: str) -> None:
    assert names(group)
    assert names(group).items() <= vars(getattr(vocabulary, group)).items()


def test_module_has_no_other_exports() -> None:
    assert re.findall(r"(?m)^export const (\w+)", MESSAGES) == [
        *("nameSpace", "Post", "Request", "FEATURE_NAMES"),
        *("ANALYSIS_VERSION", "EMBEDDING_VERSION", "EMBEDDING_WIDTH", "Publication"),
    ]


@pytest.mark.parametrize("name", ["ANALYSIS_VERSION", "EMBEDDING_VERSION", "EMBEDDING_WIDTH"])
def test_numbers_are_the_same(name: str) -> None:
    [number] = re.findall(rf"(?m)^export const {name} = (\d+);$", MESSAGES)
    assert int(number) == getattr(vocabulary, name)


def test_features_are_the_same() -> None:
    [listed] = re.findall(r"(?ms)^export const FEATURE_NAMES = Object\.freeze\(\[(.*?)\]\);$", MESSAGES)
    assert tuple(re.findall(r'"(\w+)"', listed)) == vocabulary.FEATURE_NAMES


@pytest.mark.parametrize("source", sorted(LIBRARY.rglob("*.js")), ids=lambda source: source.name)
def test_modules_use_the_names_of_messages_js(source: Path) -> None:
    assert not re.findall(r'(?:\.on|\.post|BroadcastChannel)\("([\w-]+)"', source.read_text())
