"""Makes the page's icons: one SVG file, with a symbol for each icon."""

import json
from pathlib import Path

from ..errors import SetupError
from ..files import write_bytes

PACKAGE = "@iconify-json/lucide"
FILE = "icons.json"
SPRITE = "icons.svg"

NAMES = (
    "chart-scatter",
    "chevron-left",
    "chevron-right",
    "ellipsis-vertical",
    "grip-vertical",
    "moon",
    "music",
    "pause",
    "play",
    "share-2",
    "skip-back",
    "skip-forward",
    "sliders-horizontal",
    "star",
    "thumbs-down",
    "thumbs-up",
    "volume-2",
    "volume-x",
    "x",
)
"""Icons that the page uses, as Lucide names them."""

NOTICE = "Icons of Lucide (https://lucide.dev), ISC License; some of them are of Feather, MIT License"


def make_sprite(icon_set: bytes, folder: Path, names: tuple[str, ...] = NAMES) -> Path:
    """Write the icons with these names to `folder`, and return the file.

    Parameters
    ----------
    icon_set
        All icons, as Iconify's JSON.

    Raises
    ------
    SetupError
        If the set lacks one of the icons.
    """
    icons = json.loads(icon_set)["icons"]
    missing = [name for name in names if name not in icons]
    if missing:
        raise SetupError(
            f"{PACKAGE} has no icon named {', '.join(missing)}: a newer version may have renamed it. "
            "Correct app/setup/icons.py and the page."
        )
    symbols = [f'<symbol id="{name}" viewBox="0 0 24 24">{icons[name]["body"]}</symbol>' for name in names]
    lines = [f"<!-- {NOTICE} -->", '<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]
    return write_bytes(folder / SPRITE, "\n".join(lines).encode())
