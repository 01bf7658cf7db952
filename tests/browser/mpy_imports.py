"""Import each module of the page, in its MicroPython."""

import asyncio
import json
import sys

from pyscript import window


def outcome(name: str) -> str:
    """Return "imported", or the error."""
    try:
        __import__(name)
    except Exception as exc:
        return type(exc).__name__ + ": " + str(exc)
    return "imported"


async def main() -> None:
    """Store the outcomes in `globalThis.imported` for the test."""
    paths = json.loads(await (await window.fetch("/page/modules.json")).text())
    names = [path[: -len(".py")].replace("/", ".") for path in paths]
    window.imported = json.dumps([sys.implementation.name, {name: outcome(name) for name in names}])


task = asyncio.create_task(main())
