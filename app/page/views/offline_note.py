"""The line that says that the browser is offline, and what still works."""

from pyscript import window

from app.page.views.dom import by_id, on


class OfflineNote:
    """Follows the browser's word on its network."""

    def __init__(self) -> None:
        for change in ("online", "offline"):
            on(window, change, lambda _event: self._show())
        self._show()

    def _show(self) -> None:
        by_id("offline-note").hidden = window.navigator.onLine
