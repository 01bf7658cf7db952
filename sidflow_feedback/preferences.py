"""What the listener has switched on. Shared by page and engine: imports on MicroPython too."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

DEFAULTS: "dict[str, Any]" = {
    "training": False,
    "iterations": 200,
    "samples": 512,
    "learner": "numpy",
    "measure": True,
    "sync": False,
    "cadence": 60,
    "privacy": "off",
    "budget": 100,
    "exploration": 15,
    "order": "catalog",
    "volume": 80,
    "player": "wasm",
    "clock": "file",
    "chip": "file",
    "waves": "auto",
    "u64Address": "",
    "shortcuts": True,
    "theme": "auto",
}

BOUNDS = {
    "iterations": (10, 1000),
    "samples": (16, 4096),
    "cadence": (5, 1440),
    "budget": (10, 1000),
    "exploration": (0, 50),
    "volume": (0, 100),
}
"""Least and most: optimizer steps of a run, ratings it looks at, minutes between syncs, epsilon of all events
that are sent with noise, surprises of 100 tunes, per cent."""

CHOICES = {
    "order": ("catalog", "for-you", "title", "author"),
    "theme": ("auto", "light", "dark"),
    "learner": ("numpy", "ridge", "sgd", "mlp"),
    "privacy": ("off", "4", "2", "1"),
    "player": ("wasm", "stream", "cli", "u64"),
    "clock": ("file", "PAL", "NTSC"),
    "chip": ("file", "6581", "8580"),
    "waves": ("auto", "on", "off"),
}
"""For privacy: the epsilon of each event that is sent. For waves: auto is on, unless the system asks for less
motion."""

GUARDS = ("privacy", "budget")
"""What protects the listener while they share: where it can't be read, nothing is shared."""


def problem(name: str, value: "Any") -> str | None:
    """Say what is wrong with a setting; None when nothing is."""
    if name not in DEFAULTS:
        return "There is no setting '" + str(name) + "'."
    if name in BOUNDS:
        least, most = BOUNDS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            return name + " must be a whole number from " + str(least) + " to " + str(most) + "."
    elif name == "u64Address":
        if value != "" and not _is_own_address(value):
            return "The address must be one of your own network, such as 192.168.1.64, or 192.168.1.64:8080."
    elif name in CHOICES:
        if value not in CHOICES[name]:
            return name + " must be one of " + ", ".join(CHOICES[name]) + "."
    elif not isinstance(value, bool):
        return name + " must be on or off."
    return None


def _is_own_address(value: "Any") -> bool:
    """Return whether the server would call this address: the server itself is stricter."""
    if not isinstance(value, str):
        return False
    host, colon, port = value.partition(":")
    parts = host.split(".")
    if len(parts) != 4 or not all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts):
        return False
    if colon and not (port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        return False
    first, second = int(parts[0]), int(parts[1])
    return first in (10, 127) or (first == 192 and second == 168) or (first == 172 and 16 <= second < 32)


def validated(values: "dict[str, Any]") -> "dict[str, Any]":
    """Return all settings: `values` where they are valid, the defaults elsewhere.

    What another version stored, or a hand edited, can't break the page, nor share with less protection than
    was chosen.
    """
    valid = {
        name: values[name] if name in values and problem(name, values[name]) is None else default
        for name, default in DEFAULTS.items()
    }
    if any(name in values and problem(name, values[name]) for name in GUARDS):
        valid["sync"] = False
    return valid
