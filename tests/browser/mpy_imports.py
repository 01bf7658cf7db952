"""Imports each module that the page's configuration names, on the page's own Python."""

import asyncio
import json
import sys

from pyscript import window


def outcome(name: str) -> str:
    """Return "imported", or why not."""
    try:
        __import__(name)
    except Exception as exc:
        return type(exc).__name__ + ": " + str(exc)
    return "imported"


async def main() -> None:
    """Leave the outcomes where the test looks for them."""
    config = json.loads(await (await window.fetch("/page/page.json")).text())
    names = [path[: -len(".py")].replace("/", ".") for path in config["files"].values()]
    window.imported = json.dumps([sys.implementation.name, {name: outcome(name) for name in names}])


task = asyncio.create_task(main())
