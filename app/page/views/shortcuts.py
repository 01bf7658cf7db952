"""Keyboard shortcuts for frequent actions: rating, judging, playback."""

from pyscript import document

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.settings import Settings
    from app.page.views.elements import Event
    from app.page.views.rate_tab import RateTab

BUTTONS = {
    "n": "next",
    "p": "previous",
    "m": "mute",
    "l": "like",
    "d": "dislike",
    "f": "full-screen",
    " ": "play-pause",
    ",": "previous-song",
    ".": "next-song",
}
"""Keys that press a button of the player."""

TEXT_FIELDS = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]"
"""Elements that use letters themselves."""

SPACE_CONTROLS = "button, summary, a, input, [role=tab]"
"""Elements that use the space bar themselves."""


class Shortcuts:
    """Single keys without modifiers. They do nothing in a text field, or if they are turned off."""

    def __init__(self, settings: "Settings", rate_tab: "RateTab") -> None:
        self._settings = settings
        self._rate_tab = rate_tab
        on(document, "keydown", self._on_key)
        on(by_id("keys-open"), "click", lambda _event: _show_help())
        on(by_id("keys-close"), "click", lambda _event: by_id("keys").close())

    def _on_key(self, event: "Event") -> None:
        if not self._settings.values["shortcuts"] or not _is_shortcut(event):
            return
        key = event.key.lower()
        if key == "?":
            _show_help()
        elif key == "u":
            self._rate_tab.undo()
        elif key in BUTTONS:
            by_id(BUTTONS[key]).click()
        elif key in ("1", "2", "3", "4", "5") and not by_id("rate").hidden:
            self._rate_tab.press(int(key))
        else:
            return
        event.preventDefault()


def _is_shortcut(event: "Event") -> bool:
    if event.defaultPrevented or event.repeat or event.ctrlKey or event.altKey or event.metaKey:
        return False
    if event.isComposing or by_id("keys").open:
        return False
    target = event.target
    if not hasattr(target, "closest"):
        return True
    return not target.closest(TEXT_FIELDS) and not (event.key == " " and target.closest(SPACE_CONTROLS))


def _show_help() -> None:
    if not by_id("keys").open:  # Otherwise it throws, and MicroPython can't catch that.
        by_id("keys").showModal()
