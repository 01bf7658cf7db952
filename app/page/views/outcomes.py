"""What an action has led to is said where it was done, until the listener goes on."""

from pyscript import document
from pyscript.ffi import create_proxy

from app.page.views.dom import by_id, notice, show_text

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.views.elements import Event
    from app.page.views.tabs import Tabs

OF_THE_LIST = ("playlist-result", "collection-result", "row-status")
OF_THE_HISTORY = ("history-result",)
OF_PREFERENCES = ("training-result", "sync-result", "failed-result", "rom-result", "local-data-result")
CONTROLS = "button, summary, label, input, select, tr"
UNFINISHED = "…"
"""Ends what is said while an action goes on."""


class Outcomes:
    """Takes messages away when the listener presses something else beside them, or leaves their tab."""

    def __init__(self, tabs: "Tabs") -> None:
        for place in (".browse", "#row-menu"):
            _on_press(place, _on_list)
        _on_press("#history", lambda _event: _clear(OF_THE_HISTORY))
        tabs.changed.connect(_on_tab)


def clear_list_outcomes() -> None:
    """Take away what is said above the list: it shows other tunes, or something else is done there."""
    _clear(OF_THE_LIST)
    by_id("playlist-undo").hidden = by_id("skipped").hidden = True
    if not by_id("notice").hidden:
        notice("")


def _on_press(place: str, listener: object) -> None:
    """Call `listener` before a control in this place does what it does."""
    proxy = create_proxy(listener)
    for event in ("click", "input"):
        document.querySelector(place).addEventListener(event, proxy, True)


def _on_list(event: "Event") -> None:
    control = event.target.closest(CONTROLS)
    if control and not control.closest("#skipped"):
        clear_list_outcomes()


def _on_tab(panel: str) -> None:
    if panel != "preferences":
        _clear(OF_PREFERENCES)


def _clear(identities: "tuple[str, ...]") -> None:
    for identity in identities:
        if not by_id(identity).textContent.endswith(UNFINISHED):
            show_text(by_id(identity), "")
