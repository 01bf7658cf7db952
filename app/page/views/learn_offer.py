"""The offer to learn: once, after the third like, if learning is off."""

from pyscript import document
from pyscript.js_modules import local

from app.page.views.dom import by_id, on

TYPE_CHECKING = False  # MicroPython has no `typing`.
if TYPE_CHECKING:
    from app.page.core.playback import Playback
    from app.page.core.settings import Settings

LIKES = "sidflow.likes"
"""localStorage's count of likes until the offer was made."""

ENOUGH = 3
MADE = "offered"
GAP = 16
"""Pixels between the offer and what is scrolled above it."""


class LearnOffer:
    """Counts likes, and makes the offer over the view's lower edge: nothing moves. It is never made twice."""

    def __init__(self, playback: "Playback", settings: "Settings") -> None:
        self._settings = settings
        on(by_id("learn-on"), "click", lambda _event: self._accept())
        on(by_id("learn-later"), "click", lambda _event: self._close())
        playback.judged.connect(self._on_judged)
        playback.taken_back.connect(lambda judgment, _tune, _uuid: self._on_taken_back(judgment))
        settings.follow(lambda _values: self._close_if_on())

    def make(self) -> bool:
        """Make the offer unless learning is on or it was made before; return whether it was made."""
        if self._settings.values["training"] or local.getItem(LIKES) == MADE:
            return False
        local.setItem(LIKES, MADE)
        by_id("learn-offer").hidden = False
        root = document.documentElement
        root.style.setProperty("--offer", str(by_id("learn-offer").offsetHeight + GAP) + "px")
        root.dataset.offer = "open"
        return True

    def forget(self) -> None:
        """Delete the count: the listener deletes everything."""
        local.removeItem(LIKES)

    def _on_judged(self, judgment: str) -> None:
        if judgment != "like":
            return
        likes = local.getItem(LIKES) or "0"
        if likes == MADE:
            return
        count = int(likes) + 1 if likes.isdigit() else 1
        if count < ENOUGH or not self.make():
            local.setItem(LIKES, str(min(count, ENOUGH)))

    def _on_taken_back(self, judgment: str) -> None:
        likes = local.getItem(LIKES) or "0"
        if judgment == "like" and likes.isdigit():
            local.setItem(LIKES, str(max(int(likes) - 1, 0)))

    def _accept(self) -> None:
        self._settings.change("training", True)
        self._close()

    def _close_if_on(self) -> None:
        if self._settings.values["training"]:
            self._close()

    def _close(self) -> None:
        had_focus = by_id("learn-offer").contains(document.activeElement)
        by_id("learn-offer").hidden = True
        document.documentElement.dataset.offer = "closed"
        if had_focus:
            by_id("like").focus()
