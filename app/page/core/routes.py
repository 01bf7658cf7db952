"""Addresses within the page: what stands in the page's address from the # on."""

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import TypedDict

    class Route(TypedDict):
        """Where an address leads.

        ``view`` is a tab of `TABS`, ``tune``, ``station``, or ``place``: a folder or composer, as
        ``static/js/tunes/places.js`` has them. ``name`` is the tune's path or the station's name,
        ``song`` is 0 for the start song, and ``at`` is a position in whole seconds.
        """

        view: str
        name: str
        song: int
        at: int


TABS = ("play", "rate", "preferences", "insights")
PLACES = ("composer", "folder")
NAMED = ("tune", "station")
SAFE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/:"
"""Characters that stand for themselves; the others are percent-encoded UTF-8."""

MAX_NUMBER = 1_000_000


def route(view: str, name: str = "", song: int = 0, at: int = 0) -> "Route":
    """Return a route."""
    return {"view": view, "name": name, "song": song, "at": at}


def parse(fragment: str) -> "Route":
    """Return where an address leads; to the Play tab if it is none of ours."""
    address, _, query = fragment[1:].partition("?")
    _, _, address = address.partition("/")
    view, _, name = address.partition("/")
    if view in PLACES:
        return route("place")
    if view in NAMED and name:
        return route(view, _decode(name), _number(query, "song"), _number(query, "t"))
    return route(view if view in TABS else "play")


def address(target: "Route") -> str:
    """Return the address that leads to a tune, a station, or a tab."""
    view = target["view"]
    if view not in NAMED:
        return "#/" if view == "play" else "#/" + view
    numbers = [("song", target["song"]), ("t", target["at"])]
    query = "&".join([name + "=" + str(number) for name, number in numbers if number])
    return "#/" + view + "/" + _encode(target["name"]) + ("?" + query if query else "")


def _number(query: str, name: str) -> int:
    for part in query.split("&"):
        key, _, text = part.partition("=")
        try:
            if key == name:
                return max(0, min(int(text), MAX_NUMBER))
        except ValueError:
            pass
    return 0


def _encode(text: str) -> str:
    return "".join([chr(byte) if chr(byte) in SAFE else f"%{byte:02X}" for byte in text.encode()])


def _decode(text: str) -> str:
    """Decode a text; what isn't encoded properly stands for itself."""
    first, *parts = text.split("%")
    decoded = first.encode()
    for part in parts:
        try:
            decoded += bytes([int(part[:2], 16)]) + part[2:].encode()
        except ValueError:
            decoded += b"%" + part.encode()
    try:
        return decoded.decode()
    except UnicodeError:
        return text
