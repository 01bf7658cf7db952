"""Keys for what is done often: to rate, to judge, to go on."""

from pyscript import document

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from typing import Any

    from app.page.core.settings import Settings
    from app.page.views.rate_tab import RateTab

BUTTONS = {"n": "next", "l": "like", "d": "dislike", " ": "play-pause"}
"""Keys that press a button of the player."""

WRITING = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]"
"""Where a letter is a letter."""

OWN_SPACE = "button, summary, a, input, [role=tab]"
"""Where the space bar has a meaning of its own."""


class Shortcuts:
    """Single keys, without modifiers; not in a field, and not when switched off in the preferences."""

    def __init__(self, settings: "Settings", rate_tab: "RateTab") -> None:
        self._settings = settings
        self._rate_tab = rate_tab
        on(document, "keydown", self._key)
        on(by_id("keys-open"), "click", lambda _event: _show_help())
        on(by_id("keys-close"), "click", lambda _event: by_id("keys").close())

    def _key(self, event: "Any") -> None:
        if not self._settings.values["shortcuts"] or not _is_for_us(event):
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


def _is_for_us(event: "Any") -> bool:
    if event.defaultPrevented or event.repeat or event.ctrlKey or event.altKey or event.metaKey:
        return False
    if event.isComposing or by_id("keys").open:
        return False
    target = event.target
    if not hasattr(target, "closest"):
        return True
    return not target.closest(WRITING) and not (event.key == " " and target.closest(OWN_SPACE))


def _show_help() -> None:
    if not by_id("keys").open:  # Else it throws, which can't be caught here.
        by_id("keys").showModal()
