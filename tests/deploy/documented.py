"""The commands of ``docs/deploy.md``."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "deploy.md"


def commands(title: str) -> list[str]:
    """Return the code blocks of a section, without those of its subsections."""
    sections = re.split(r"^#+ (.+)\n", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)
    # `# Comment` within a code block is no title, but there is none.
    [text] = [body for name, body in zip(sections[1::2], sections[2::2], strict=True) if name == title]
    return re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
