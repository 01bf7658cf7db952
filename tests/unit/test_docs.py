"""The documentation names only what exists, and leaves out nothing that a reader looks up."""

from __future__ import annotations

import ast
import builtins
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app import cli
from app.page.core.settings import PAGE_SETTINGS
from app.server.settings import VARIABLES
from sidflow_feedback import vocabulary
from sidflow_feedback.preferences import PREFERENCES, Choice, WholeNumber

ROOT = Path(__file__).parents[2]
MAX_LINE = 120

DOCS = (
    *("README.md", "CHANGELOG.md", "wasm/README.md", "app/setup/README.md"),
    *sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md")),
)
GLOSSARY = "docs/glossary.md"

MADE = re.compile(
    r"static/vendor/|\.venv|node_modules/|data/|dist/|DIR|versions/$|r/NAME/|sid\.wasm|v0003_|sidflow-export"
)
"""What set-up, the server, a release, or a reader makes."""

ELSEWHERE = re.compile(r"Songlengths\.md5|~/|/")
"""Files of other people, and addresses."""

BUILT_IN = set(dir(builtins)) | {"HAVE_CXX20"}
"""Names of Python and reSIDfp."""

CODE_SUFFIXES = (".asm", ".cpp", ".css", ".h", ".html", ".js", ".json", ".mjs", ".py", ".toml")
PATH_SUFFIXES = (*CODE_SUFFIXES, ".md", ".md5", ".wasm")


def read(doc: str) -> str:
    return (ROOT / doc).read_text("utf-8")


def prose(doc: str) -> str:
    """Return the text without its code blocks."""
    return re.sub(r"^```.*?^```", "", read(doc), flags=re.MULTILINE | re.DOTALL)


def quoted(doc: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(doc))


@cache
def tracked() -> tuple[str, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return tuple(name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


@cache
def code() -> str:
    """Return all code in one text."""
    names = [name for name in tracked() if not name.startswith(("docs/", "tests/unit/test_docs"))]
    files = [ROOT / name for name in names if name.endswith(CODE_SUFFIXES) or name == "Makefile"]
    return "\n".join(path.read_text("utf-8") for path in files)


@cache
def words(text: str) -> frozenset[str]:
    """Return all identifiers of a text, and the words that they are made of, in lower case."""
    whole = re.findall(r"[^\W\d]\w*", text)
    parts = [part for word in whole for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", word)]
    return frozenset(word.lower() for word in whole + parts)


def exists(path: str, doc: str) -> bool:
    """Return whether a path leads anywhere: from the root, the document, or within another path."""
    path = path.removesuffix("/")
    if (ROOT / path).exists() or (ROOT / doc).parent.joinpath(path).exists():
        return True
    return any(f"/{name}".endswith(f"/{path}") or f"/{path}/" in f"/{name}" for name in tracked())


def is_path(text: str) -> bool:
    return bool(re.fullmatch(r"[\w.@~*/<>-]+", text)) and ("/" in text or text.endswith(PATH_SUFFIXES))


@pytest.mark.parametrize("doc", DOCS)
def test_lines_fit(doc: str) -> None:
    long = [i for i, line in enumerate(read(doc).splitlines(), 1) if len(line) > MAX_LINE]
    assert not long, f"{doc}: more than {MAX_LINE} characters in lines {long}"


@pytest.mark.parametrize("doc", DOCS)
def test_paths_exist(doc: str) -> None:
    paths = [text for text in quoted(doc) if is_path(text)]
    missing = [p for p in paths if not (MADE.match(p) or ELSEWHERE.match(p) or exists(p, doc))]
    assert not missing, f"{doc} names files that don't exist: {missing}"


@pytest.mark.parametrize("doc", DOCS)
def test_links_lead_somewhere(doc: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(doc)):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        linked = (ROOT / doc).parent / path if path else ROOT / doc
        assert linked.exists(), f"{doc} links to {target}"
        assert not anchor or anchor in _anchors(linked), f"{doc} links to {target}"


def _anchors(doc: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", doc.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("doc", DOCS)
def test_modules_exist(doc: str) -> None:
    for name in re.findall(r"\b(?:sidflow_feedback|app|tests)(?:\.\w+)+", read(doc)):
        assert _module_or_member(name.split(".")), f"{doc} names {name}"


def _module_or_member(parts: list[str]) -> bool:
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        module = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if module.is_file():
            members = words(module.read_text("utf-8"))
            return all(part.lower() in members for part in parts[end:])
    return False


@cache
def defined() -> frozenset[str]:
    """Return the names of all functions, classes, and methods."""
    keyword = r"(?:\bdef |\bclass |\bfunction |\basync |#)(\w+)"
    start_of_line = r"^[^=.#/\n(]*?\b(\w+)\("  # Methods of JavaScript, functions of C++.
    exported = r"^EXPORT\((\w+)\)"
    return frozenset(
        name
        for pattern in (keyword, start_of_line, exported)
        for name in re.findall(pattern, code(), flags=re.MULTILINE)
    )


@pytest.mark.parametrize("doc", DOCS)
def test_functions_exist(doc: str) -> None:
    names = {m[1] for text in quoted(doc) if (m := re.fullmatch(r"(?:\w+\.)*(\w+)\(.*\)", text))}
    assert names <= defined() | BUILT_IN


@pytest.mark.parametrize("doc", DOCS)
def test_identifiers_are_in_the_code(doc: str) -> None:
    likely = re.compile(r"[\w.-]*(?:_|[a-z][A-Z]|\.)[\w.-]*")
    names = {text for text in quoted(doc) if likely.fullmatch(text)} - BUILT_IN
    known = words(code())
    strange = [
        name
        for name in names
        if not is_path(name) and not all(p.lower() in known or p.isdigit() for p in re.findall(r"\w+", name))
    ]
    assert not strange, f"{doc} names what isn't in the code: {strange}"


@pytest.mark.parametrize("doc", DOCS)
def test_commands_exist(doc: str) -> None:
    text, targets = read(doc), re.findall(r"^([\w-]+(?: [\w-]+)*):", read("Makefile"), flags=re.MULTILINE)
    made = {name for line in targets for name in line.split()}
    assert set(re.findall(r"`make ([\w-]+)", text)) <= made | {"bench"}
    parser = cli._parser()
    commands = next(action.choices for action in parser._actions if action.dest == "command")
    assert commands is not None
    known = dict(commands)
    for command, rest in re.findall(r"`sidflow-feedback ([\w-]+)([^`]*)`", text):
        assert command in known, f"{doc} names the command {command}"
        for option in re.findall(r"--[\w-]+", rest):
            assert option in known[command].format_help(), f"{doc} names {command} {option}"


@pytest.mark.parametrize("doc", DOCS)
def test_labels_are_on_the_page(doc: str) -> None:
    """What is in italics and begins with a capital letter is a label of the user interface."""
    page = "\n".join(read(name) for name in tracked() if name.startswith("app/page/"))
    for label in re.findall(r"(?<!\*)\*([A-Z][^*|]*)\*(?!\*)", prose(doc)):
        assert " ".join(label.split()) in page, f"{doc} names the label {label}"


def _terms() -> Iterator[str]:
    for cell in re.findall(r"^\| \*\*(.+?)\*\*", read(GLOSSARY), flags=re.MULTILINE):
        yield from cell.split(", ")


def test_glossary_is_in_order() -> None:
    tables = re.split(r"^## ", read(GLOSSARY), flags=re.MULTILINE)
    for table in tables:
        terms = [t.lower() for t in re.findall(r"^\| \*\*(.+?)\*\*", table, flags=re.MULTILINE)]
        assert terms == sorted(terms)


def test_glossary_terms_are_used() -> None:
    others = "\n".join(read(doc) for doc in DOCS if doc != GLOSSARY)
    used = words(code() + others)
    terms = list(_terms())
    assert len(terms) > 40
    unused = [term for term in terms if not all(w in used for w in re.findall(r"\w+", term.lower()))]
    assert not unused, f"{GLOSSARY} explains what nothing uses: {unused}"


def test_environment_variables_are_documented() -> None:
    documented = set(re.findall(r"^\| `(SIDFLOW_\w+)`", read("docs/server.md"), flags=re.MULTILINE))
    assert documented == set(VARIABLES)


def test_preferences_are_documented() -> None:
    rows = re.findall(
        r"^\| .+? \| `(\w+)` \| (.+?) \| (.+?) \|$", read("docs/listening.md"), flags=re.MULTILINE
    )
    documented = {name: (values, default) for name, values, default in rows}
    rules = PREFERENCES.rules | PAGE_SETTINGS.rules
    assert documented.keys() == rules.keys()
    for name, (values, default) in documented.items():
        rule = rules[name]
        assert default.strip("`") == _shown(rule.default), name
        if isinstance(rule, WholeNumber):
            assert values == f"{rule.minimum:,} to {rule.maximum:,}", name
        elif isinstance(rule, Choice):
            assert values == ", ".join(f"`{choice}`" for choice in rule.choices), name


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) or "none"


def _errors() -> Iterator[str]:
    for name in tracked():
        if name.startswith(("sidflow_feedback/", "app/")) and name.endswith(".py"):
            for node in ast.walk(ast.parse(read(name))):
                if isinstance(node, ast.ClassDef) and node.name.endswith("Error") and node.name[0] != "_":
                    yield node.name


def test_errors_are_documented() -> None:
    documented = re.findall(r"^\| `(\w+Error)`", read("docs/errors.md"), flags=re.MULTILINE)
    assert sorted(documented) == sorted(_errors())


def test_messages_are_documented() -> None:
    documented = set(
        re.findall(r"^\| `([\w-]+)`", _section("docs/architecture.md", "Messages"), flags=re.MULTILINE)
    )
    senders = (vocabulary.Post, vocabulary.Request, vocabulary.Publication)
    assert documented == {v for sender in senders for k, v in vars(sender).items() if k.isupper()}


def test_layout_has_every_folder() -> None:
    section = _section("docs/architecture.md", "Layout")
    documented = {f.rstrip("/") for f in re.findall(r"`([\w/]+/)`", section)}
    folders = {name.rpartition("/")[0] for name in tracked() if name.endswith(".py")}
    own = {f for f in folders if f.count("/") == 1 and f.startswith(("sidflow_feedback/", "app/"))}
    assert own - {"app/page"} <= documented


def test_actions_and_features_are_documented() -> None:
    learning = read("docs/learning.md")
    assert all(f"| `{action}`" in learning for action in vocabulary.ACTIONS)
    assert all(f"`{feature}`" in learning for feature in vocabulary.FEATURE_NAMES)


def _section(doc: str, title: str) -> str:
    return re.split(r"^## ", read(doc).partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]
